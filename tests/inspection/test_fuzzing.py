"""Whatever the bytes are, an inspection ends with a verdict: a short run of `fuzzing.py`, and drawn JSON."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.inspection import Limits, inspect
from harness.inspection.hdf5_process import Reader
from tests.inspection import building as b
from tests.inspection.fuzzing import fuzz
from tests.inspection.test_saved_models import FILES

NAMES = st.sampled_from(["class_name", "config", "module", "registered_name", "layers", "inbound_nodes", "name",
                         "input_layers", "output_layers", "build_config", "compile_config", "units", "dtype",
                         "activation", "function", "kwargs", "args", "keras_history"])  # fmt: skip
WORDS = st.sampled_from(["Dense", "Functional", "Sequential", "Lambda", "function", "__lambda__", "__numpy__", "os",
                         "__keras_tensor__", "__typespec__", "keras.layers", "keras", "builtins", "eval", "relu",
                         "LSTM", "StringLookup", "Bidirectional", "MultiHeadAttention", "InputLayer",
                         "TFOpLambda"])  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=30
)
MODELS = st.builds(
    lambda name, config, rest: {**rest, "class_name": name, "config": config}, WORDS, VALUES,
    st.dictionaries(NAMES, VALUES, max_size=3),
)  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


def test_changed_files_have_a_verdict(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [path.read_bytes() for path in FILES] + [b.keras(tmp_path, b.graph()).read_bytes()]
    verdicts, faults, _ = fuzz(files, 400, 7, tmp_path)
    assert faults == []
    assert sum(verdicts.values()) == 400
    assert verdicts["corrupt"] > 100
    assert len(verdicts) >= 4


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(model=MODELS)
def test_drawn_configs_have_a_verdict(model: object, tmp_path_factory, reader: Reader) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.keras"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in b.entries(json.dumps(model).encode("utf-8", "surrogatepass")).items():
            file.writestr(name, data)
    report = inspect(path, reader=reader)
    assert not report.error
    json.dumps(report.to_json())


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(max_size=300), begin=st.sampled_from([b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"{", b"\x80\x04"])
)
def test_drawn_bytes_have_a_verdict(data: bytes, begin: bytes, tmp_path_factory, reader: Reader) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn"
    path.write_bytes(begin + data)
    report = inspect(path, reader=reader)
    assert not report.error
    assert report.verdict != "ok"
