"""HDF5: a whole model (`.h5`), the weights of one by layer name, or by position (`.weights.h5`)."""

from __future__ import annotations

from harness.inspection import metadata, weights, weights_by_name
from harness.inspection.hdf5_process import Contents
from harness.inspection.subject import Subject

LAYERS = ("/layers", "/_layer_checkpoint_dependencies")
BY_NAME = "hdf5 weights by name"
NEITHER = "HDF5, and neither a model of Keras nor its weights"


def inspect(subject: Subject) -> None:
    """Reads it in the child, then looks at what it holds."""
    report = subject.report
    contents = subject.hdf5(subject.path)
    root = contents.groups.get("/", {})
    release = root.get("keras_version")
    config = root.get("model_config")
    if isinstance(config, str):
        report.format = "hdf5"
        if release is not None:  # the oldest files have none
            metadata.release(report, release, "@keras_version")
        found = subject.config(config.encode("utf-8", "surrogatepass"), "@model_config")
        if found is not None:
            metadata.contradicts(report, found, "@keras_version")
        training = root.get("training_config")
        if isinstance(training, str):
            subject.objects(training.encode("utf-8", "surrogatepass"), "@training_config")
        if not any(path == "/model_weights" for path in contents.groups) and not contents.findings:
            report.add("entry-missing", "/model_weights", "not in the file")
        elif found is not None:
            weights_by_name.compare(report, found, contents, subject.limits, "/model_weights")
        return
    if is_broken(contents):
        report.format = "hdf5"
        return
    report.format = of_weights(contents) or "hdf5"
    if report.format == "hdf5":
        report.add("format-unknown", "/", NEITHER)
        return
    if report.format == BY_NAME and release is not None:
        metadata.release(report, release, "@keras_version")
    report.parameters = weights.count(contents)


def of_weights(contents: Contents) -> str | None:
    """The format of weights alone; None where these are none."""
    root = contents.groups.get("/", {})
    if "layer_names" in root or "layer_names0" in root:
        return BY_NAME
    placed = any(path.endswith("/vars") or path in LAYERS for path in contents.groups)
    return "weights.h5" if placed else None


def is_broken(contents: Contents) -> bool:
    """Was it not read to its end?"""
    return any(rule in ("hdf5-broken", "hdf5-abort", "hdf5-slow") for rule, _, _ in contents.findings)
