"""Names that are not of Keras: what of Python, TensorFlow and other packages a config may and may not name."""

from __future__ import annotations

import builtins
import sys

BUILTINS = frozenset(dir(builtins))
# In the standard library of one Python or another, or beside every Python.
PYTHON = frozenset(sys.stdlib_module_names) | {
    "__builtin__", "asynchat", "asyncore", "cPickle", "cgi", "commands", "crypt", "distutils", "imp", "lib2to3",
    "nt", "nturl2path", "pip", "pipes", "pkg_resources", "popen2", "posix", "posixpath", "setuptools", "smtpd", "spwd",
    "telnetlib", "telnetlib3", "urllib2", "wheel", "xdrlib", "_posixsubprocess", "_testcapi",
}  # fmt: skip
# Packages that are beside a TensorFlow, or often near one, and are no extension of Keras: what a config names of them
# is no part of a model.
PACKAGES = frozenset(
    {
        "IPython", "absl", "aiohttp", "astunparse", "boto3", "botocore", "cffi", "click", "cloudpickle", "cython",
        "dask", "dill", "django", "etils", "fabric", "fire", "flask", "flatbuffers", "fsspec", "gast", "git",
        "google", "gradio", "grpc", "h5py", "httpx", "huggingface_hub", "importlib_metadata", "invoke", "jax", "jaxlib",
        "jinja2", "joblib", "jupyter_core", "libclang", "lightning", "markdown", "matplotlib", "mlflow", "ml_dtypes",
        "mock", "namex", "notebook", "numba", "numexpr", "numpy", "onnx", "onnxruntime", "openpyxl", "opt_einsum",
        "optree", "orbax", "packaging", "pandas", "paramiko", "pexpect", "PIL", "plac", "plumbum", "polars", "psutil",
        "ptyprocess", "py", "pyarrow", "pygments", "pytest", "ray", "requests", "rich", "ruamel", "s3fs", "scipy",
        "sh", "six", "skimage", "sklearn", "sympy", "tensorboard", "tensorflow", "tensorflow_core", "termcolor",
        "torch", "torchvision", "tqdm", "transformers", "twisted", "typer", "urllib3", "uvicorn", "werkzeug", "wget",
        "wrapt", "xgboost", "yaml", "zmq",
    }
)  # fmt: skip
# Packages of layers. Their classes are of a known origin, and have to be installed and registered.
EXTENSIONS = frozenset(
    {
        "keras_core", "keras_cv", "keras_hub", "keras_nlp", "keras_rs", "keras_tuner", "keras_contrib", "qkeras",
        "spektral", "tensorflow_addons", "tensorflow_decision_forests", "tensorflow_hub",
        "tensorflow_model_optimization", "tensorflow_probability", "tensorflow_recommenders", "tensorflow_text",
        "tf_keras",
    }
)  # fmt: skip
# Specifications of TensorFlow's that stand in configs as `__typespec__`, and the modules that define them in some
# release: Keras writes no other.
TYPE_SPECS = {
    "BoundedTensorSpec": ("tensorflow.python.framework.tensor_spec", "tensorflow.python.framework.tensor"),
    "IndexedSlicesSpec": ("tensorflow.python.framework.indexed_slices",),
    "NoneTensorSpec": ("tensorflow.python.data.util.structure", "tensorflow.python.framework.none_tensor"),
    "OptionalSpec": ("tensorflow.python.data.ops.optional_ops",),
    "RaggedTensorSpec": ("tensorflow.python.ops.ragged.ragged_tensor",),
    "SparseTensorSpec": ("tensorflow.python.framework.sparse_tensor",),
    "TensorSpec": ("tensorflow.python.framework.tensor_spec", "tensorflow.python.framework.tensor"),
    "VariableSpec": ("tensorflow.python.ops.resource_variable_ops",),
}
# `tf.*` functions that a Keras 2 layer of an operation may name: those that compute.
_COMPUTING = ("__operators__.", "bitwise.", "dtypes.", "linalg.", "math.", "nn.", "ragged.", "random.", "sets.",
              "signal.", "sparse.", "strings.", "image.", "compat.v1.math.", "compat.v1.nn.", "keras.activations.",
              "keras.backend.", "convert_to_tensor", "quantization.", "sets.", "experimental.numpy.")  # fmt: skip
_COMPUTING_NAMES = frozenset(
    """abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh bitcast boolean_mask broadcast_to
    cast clip_by_global_norm clip_by_norm clip_by_value complex concat constant cos cosh cumsum divide
    dynamic_partition dynamic_stitch edit_distance eig einsum ensure_shape equal exp expand_dims eye fill fingerprint
    floor foldl foldr gather gather_nd greater greater_equal histogram_fixed_width identity identity_n
    is_tensor less less_equal linspace logical_and logical_not logical_or map_fn matmul matrix_square_root maximum
    meshgrid minimum multiply negative no_gradient norm not_equal one_hot ones ones_initializer ones_like pad
    parallel_stack pow range rank realdiv reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min
    reduce_prod reduce_sum repeat reshape reverse reverse_sequence roll round saturate_cast scalar_mul scatter_nd
    searchsorted sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch space_to_batch_nd
    split sqrt square squeeze stack stop_gradient strided_slice subtract switch_case tan tanh tensor_scatter_nd_add
    tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile
    timestamp transpose truncatediv truncatemod tuple unique unique_with_counts unravel_index unstack where zeros
    zeros_like batch_to_space depth_to_space space_to_depth compat.v1.shape compat.v1.reshape compat.v1.transpose
    compat.v1.image.resize compat.v1.gather compat.v1.concat compat.v1.squeeze compat.v1.expand_dims""".split()
)  # fmt: skip
_NOT_COMPUTING = ("image.decode", "io.", "keras.backend.get_uid", "keras.backend.set", "keras.backend.clear",
                  "keras.backend.function", "nn.experimental.")  # fmt: skip
# Operations in a graph that reach outside of it.
UNSAFE_OPS = frozenset(
    """DebugIdentityV2 EagerPyFunc FileSystemSetConfiguration FixedLengthRecordReader
    FixedLengthRecordReaderV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 ImmutableConst
    LMDBDataset LMDBReader LoadDataset MatchingFiles MatchingFilesDataset
    PrintV2 PyFunc PyFuncStateless ReadFile ReaderRead Restore RestoreSlice RpcCall SaveDataset SaveDatasetV2 SaveSlices
    SendTPUEmbeddingGradients SnapshotDataset SqlDataset TFRecordDataset TFRecordDatasetV2 TFRecordReader
    TFRecordReaderV2 TextLineDataset TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2 WriteFile
    WriteAudioSummary WriteGraphSummary WriteHistogramSummary WriteImageSummary WriteRawProtoSummary WriteScalarSummary
    WriteSummary CreateSummaryFileWriter CreateSummaryDbWriter DebugNumericSummary DebugIdentity""".split()
)  # fmt: skip
# How a SavedModel saves and restores itself: these stand in each, inside functions of these names.
SAVING_OPS = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"})


def computes(symbol: str) -> bool:
    """May a Keras 2 layer call this `tf.*` function? Denied unless it is known to compute only."""
    if symbol.startswith(_NOT_COMPUTING):
        return False
    return symbol in _COMPUTING_NAMES or symbol.startswith(_COMPUTING)
