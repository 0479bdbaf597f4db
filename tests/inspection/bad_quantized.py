"""Attentions whose dense layers were quantized while their config was not, what Keras leaves out of GPTQ and AWQ, and
what only comes near such files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.inspection import building as b
from tests.inspection.case import Case

# Of an attention on eight numbers with four heads of two: of each dense layer the kernel and the bias.
DENSE = {"query": ((8, 4, 2), (4, 2)), "key": ((8, 4, 2), (4, 2)), "value": ((8, 4, 2), (4, 2)),
         "attention_output": ((4, 2, 8), (8,))}  # fmt: skip
GROUPED = DENSE | {"key": ((8, 2, 2), (2, 2)), "value": ((8, 2, 2), (2, 2))}
Weights = dict[str, np.ndarray]


def attention(*, grouped: bool = False) -> b.Config:
    heads = {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2} if grouped else {
        "num_heads": 4, "key_dim": 2}  # fmt: skip
    made = b.layer("GroupQueryAttention" if grouped else "MultiHeadAttention", name="a", dtype="float32", **heads)
    shapes = {"query_shape": [None, 5, 8], "value_shape": [None, 5, 8]}
    return made | {"build_config": {"shapes_dict": shapes}}


def dense(inside: str, kernel: tuple[int, ...], bias: tuple[int, ...], mode: str) -> Weights:
    """The weights of one dense layer, by the names that Keras gives them and in its order."""
    rows, columns = (8, kernel[-1]) if inside == "attention_output" else (8, kernel[1] * kernel[2])
    draw = np.random.default_rng(rows * columns + len(inside))
    plain = {"kernel": draw.normal(size=kernel).astype("f4"), "bias": np.ones(bias, "f4")}
    whole = {"kernel": draw.integers(-9, 9, kernel, "i1")}
    halves = {"kernel": draw.integers(-9, 9, (rows, columns // 2), "i1")}
    groups = np.ones((2, columns), "f4")
    history = {f"{of}_{what}": np.ones(shape, "f4") for of in ("inputs", "kernel", "outputs_grad")
               for what, shape in (("scale", ()), ("amax_history", (16,)))}  # fmt: skip
    return {
        "": plain,
        "int8": plain | whole | {"kernel_scale": np.ones((1, 1, *bias), "f4")},
        "int4": plain | halves | {"kernel_scale": np.ones(columns, "f4")},
        "int4 in groups": plain | halves | {
            "kernel_scale": groups, "kernel_zero": groups.astype("i1"), "g_idx": np.ones(rows, "f4")},
        "float8": plain | history,
        "int8 without a scale": plain | whole,
        "int8 with a scale of another shape": plain | whole | {"kernel_scale": np.ones((1, 1, 3), "f4")},
        "int8 with one weight more": plain | whole | {
            "kernel_scale": np.ones(columns, "f4"), "kernel_zero": np.ones(columns, "f4")},
        "int8 with a bias of another shape": plain | whole | {
            "bias": np.ones(7, "f4"), "kernel_scale": np.ones(columns, "f4")},
        "int4 of too few": plain | {"kernel": np.ones((rows, columns // 4), "i1"),
                                    "kernel_scale": np.ones(columns, "f4")},
        "int4 in groups of no order": plain | halves | {
            "kernel_scale": groups, "kernel_zero": groups.astype("i1"), "g_idx": np.ones(3, "f4")},
        "float8 without a history": dict(list((plain | history).items())[:-1]),
        "float8 with histories of two lengths": plain | history | {"inputs_amax_history": np.ones(9, "f4")},
        "float8 with a scale of several": plain | history | {"inputs_scale": np.ones(2, "f4")},
        "one weight more": plain | {"more": np.ones(16, "f4")},
    }[mode]  # fmt: skip


def attention_file(folder: Path, mode: str, *, grouped: bool = False, only: str = "") -> Path:
    """A `.keras` file; `only` one dense layer is quantized, or all are."""
    word = "grouped_query_attention" if grouped else "multi_head_attention"
    values = {}
    for inside, (kernel, bias) in (GROUPED if grouped else DENSE).items():
        place = f"layers/{word}/{'_' * grouped}{inside.replace('attention_', '')}_dense/vars"
        made = dense(inside, kernel, bias, mode if only in ("", inside) else "")
        values |= {f"{place}/{at}": value for at, value in enumerate(made.values())}
    return b.keras(folder, b.sequential(attention(grouped=grouped)), weights=b.hdf5(values))


def attention_hdf5(folder: Path, mode: str) -> Path:
    """The same as one HDF5 file: what is trained comes first, and the config says nothing of what it was built on."""
    made = {f"a/{inside}/{name}": value for inside, (kernel, bias) in DENSE.items()
            for name, value in dense(inside, kernel, bias, mode).items()}  # fmt: skip
    names = sorted(made, key=lambda name: not name.endswith("/bias"))
    layer = {key: value for key, value in attention().items() if key in ("class_name", "config")}

    def change(file: h5py.File) -> None:
        weights = file["model_weights"]
        weights.attrs["layer_names"] = [b"a"]
        del weights["dense"]
        weights.create_group("a").attrs["weight_names"] = [each.encode() for each in names]
        for each in names:
            weights[f"a/{each}"] = made[each]

    config = b.legacy(layer)
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 5, 8]
    return b.whole_hdf5(folder, config, change=change)


def policy(class_name: str, **config: object) -> b.Config:
    return {"class_name": class_name, "module": "keras.dtype_policies", "registered_name": None,
            "config": config | {"source_name": "float32"}}  # fmt: skip


def calibrated(folder: Path, how: str, *without: str) -> Path:
    """A Dense of three on eight numbers after GPTQ or AWQ, in groups of four; some of its weights left out."""
    named = policy(f"{how.upper()}DTypePolicy", mode=f"{how}/4/4")
    groups = np.ones((3, 2), "f4")
    made = {"bias": np.ones(3, "f4"), "kernel": np.arange(16, dtype="u1").reshape(2, 8), "scale": groups,
            "zero": groups.astype("u1"), "input scales": np.ones(8, "f4"), "groups": np.ones(8, "f4")}  # fmt: skip
    kept = [value for name, value in made.items() if name not in without and (how == "awq" or name != "input scales")]
    values = {f"layers/dense/vars/{at}": value for at, value in enumerate(kept)}
    return b.keras(folder, b.sequential(b.dense("dense", 3, 8, dtype=named), inputs=8), weights=b.hdf5(values))


def countless(folder: Path) -> Path:
    """An EinsumDense whose scales are more than a number of 4,300 digits says, which Python writes none beyond."""
    made = b.layer("EinsumDense", name="e", equation=f"ab,b{'c' * 120}->ac", output_shape=[10**39], bias_axes=None,
                   dtype=policy("QuantizedDTypePolicy", mode="int8"))  # fmt: skip
    made["build_config"] = {"input_shape": [None, 3]}
    values = {"layers/einsum_dense/vars/0": np.ones((3, 2), "i1"), "layers/einsum_dense/vars/1": np.ones(4, "f4")}
    return b.keras(folder, b.sequential(made), weights=b.hdf5(values))


def forgetful(folder: Path) -> Path:
    """Layers that would hold fewer numbers than none, beside one that holds far too many."""
    less = policy("QuantizedFloat8DTypePolicy", mode="float8", amax_history_length=-(10**15))
    return b.keras(folder, b.sequential(b.dense("dense", 3, 8, dtype=less), b.dense("dense_1", 10**14, 3), inputs=8))


def _cases() -> Iterator[Case]:
    yield Case("int8 with scales that nobody counts", "bomb", "weight-shape", countless)
    yield Case("float8 that remembers less than nothing", "bomb", "config-shape", forgetful)
    for how in ("gptq", "awq"):
        yield Case(f"{how} without its zero points", "corrupt", "zero-points-lost",
                   lambda folder, h=how: calibrated(folder, h, "zero"))  # fmt: skip
        yield Case(f"{how} without its scales", "corrupt", "weight-dtype",
                   lambda folder, h=how: calibrated(folder, h, "scale"))  # fmt: skip
        yield Case(f"{how} without its groups", "corrupt", "weight-missing",
                   lambda folder, h=how: calibrated(folder, h, "groups"))  # fmt: skip
    for mode in ("int8", "int4", "int4 in groups", "float8"):
        for grouped in (False, True):
            yield Case(f"attention of {mode}{', grouped' * grouped}", "incompatible", "changed-inside",
                       lambda folder, m=mode, g=grouped: attention_file(folder, m, grouped=g))  # fmt: skip
        for only in ("query", "attention_output"):
            yield Case(f"attention whose {only} alone is of {mode}", "incompatible", "changed-inside",
                       lambda folder, m=mode, o=only: attention_file(folder, m, only=o))  # fmt: skip
        yield Case(f"h5: attention of {mode}", "incompatible", "changed-inside",
                   lambda folder, m=mode: attention_hdf5(folder, m))  # fmt: skip
    for mode, rule in {
        "int8 without a scale": "weight-dtype",
        "int8 with a scale of another shape": "weight-dtype",
        "int8 with one weight more": "weight-dtype",
        "int8 with a bias of another shape": "weight-shape",
        "int4 of too few": "weight-shape",
        "int4 in groups of no order": "weight-shape",
        "float8 without a history": "weight-surplus",
        "float8 with histories of two lengths": "weight-surplus",
        "float8 with a scale of several": "weight-surplus",
        "one weight more": "weight-surplus",
    }.items():
        yield Case(f"attention of {mode}", "corrupt", rule, lambda folder, m=mode: attention_file(folder, m))
        yield Case(f"attention one of whose layers is of {mode}", "corrupt", rule,
                   lambda folder, m=mode: attention_file(folder, m, only="value"))  # fmt: skip


CASES = [*_cases()]
