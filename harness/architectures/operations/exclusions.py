"""Functions of `keras.ops` that are not drawn, by reason."""

from __future__ import annotations

NOT_DRAWN = {
    "makes an array of no tensor, so it is no node of a graph": (
        "arange array bartlett blackman convert_to_tensor empty eye full hamming hanning identity kaiser ones tri zeros"
    ),
    "tells about a tensor and gives no tensor": "convert_to_numpy dtype is_tensor ndim shape size",
    "takes a Python function, which no config can describe": (
        "associative_scan cond custom_gradient fori_loop jvp map scan switch vectorize vectorized_map while_loop"
    ),
    "goes over the batch axis, or leaves less than one axis beside it": (
        "allclose corrcoef diag diagflat flipud histogram image.ssim in_top_k kron matrix_rank meshgrid outer psnr"
        " ravel segment_max segment_min segment_prod segment_sum vdot vsplit vstack"
    ),
    "takes tensors without a batch axis alone": (
        "correlate image.map_coordinates image.scale_and_translate lstsq scatter unravel_index vander"
    ),
    "gives a shape that only the values tell": "bincount nonzero unique",
    "gives complex numbers, or takes them": "eig polar view view_as_complex view_as_real",
    "wants matrices that are positive definite": "cholesky cholesky_inverse logdet",
    "gives what the values must first be made for": "ctc_decode ctc_loss geomspace istft",
    "draws random numbers without a place for their state": "image.elastic_transform",
    "its layer is drawn": "image.perspective_transform",
    "no rule yet": "cdist empty_like image.extract_patches_3d",
    "raises when it is called (Keras 3.15: ConvTranspose.call passes padding for output_padding)": "conv_transpose",
    "says another shape than it gives (Keras 3.15: channels last are not counted; one sign for all matrices)": (
        "adaptive_average_pool adaptive_max_pool slogdet"
    ),
    "raises where a graph is traced (Keras 3.15 on TensorFlow: tf.cond over both forms, `if` and shapes of tensors)": (
        "inner isin nanmedian nanpercentile nanquantile"
    ),
    "raises on tensors with a batch axis (Keras 3.15 on TensorFlow)": "argpartition lu_factor searchsorted",
}

# TensorFlow has no kernel for them that XLA compiles on the CPU: a model with one is not compiled with jit_compile.
WITHOUT_XLA = frozenset({"ops.det", "ops.i0", "ops.image.affine_transform"})


def reasons() -> dict[str, str]:
    """Why an operation is not drawn, by its public name."""
    return {f"ops.{name}": reason for reason, names in NOT_DRAWN.items() for name in names.split()}
