"""HDF5: a whole model (`.h5`), the weights of one by layer name, or by position (`.weights.h5`)."""

from __future__ import annotations

from harness.inspection import metadata, weights, weights_by_name
from harness.inspection.subject import Subject

LAYERS = ("/layers", "/_layer_checkpoint_dependencies")


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
    if any(rule in ("hdf5-broken", "hdf5-abort", "hdf5-slow") for rule, _, _ in contents.findings):
        report.format = "hdf5"
        return
    if "layer_names" in root or "layer_names0" in root:
        report.format = "hdf5 weights by name"
        if release is not None:
            metadata.release(report, release, "@keras_version")
    elif any(path.endswith("/vars") or path in LAYERS for path in contents.groups):
        report.format = "weights.h5"
    else:
        report.format = "hdf5"
        report.add("format-unknown", "/", "HDF5, and neither a model of Keras nor its weights")
        return
    report.parameters = weights.count(contents)
