"""Are all weights that Keras saves held against the config? Every layer drawn, saved, and each of its weights harmed.

    python benchmarks/every_weight.py save FOLDER [--draws N] [--seed N] [LAYER ...]    # where the Keras is
    python benchmarks/every_weight.py inspect FOLDER
    python benchmarks/every_weight.py record FOLDER FILE

The first draws models around every layer (or those named), with few and with all of its arguments, and saves each as
`.keras` and as `.h5`. The second inspects them: none may be `corrupt`. Then each weight of a layer is taken out of each
file, and made one larger, and all that `inspect` does not see is printed, with the share that it does. The third writes
the configs of what has weights, with the names, shapes and dtypes of those, for the tests of `harness/inspection`.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def save(folder: Path, names: list[str], count: int, seed: int) -> None:
    """Draws and saves; what Keras cannot build or save is not what is looked at here."""
    from harness.architectures.drawing import draws
    from harness.architectures.families import all_rules
    from harness.architectures.graph import Goal
    from harness.architectures.models import architectures
    from harness.architectures.vocabulary import Vocabulary
    from harness.worker import data, dialect, installed
    from harness.worker.build import build, tensors_of

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary.from_report(
        {**installed.versions(), "names": installed.public_names(), "layers": installed.layer_names()}
    )
    rules = all_rules()
    saved, failed = 0, 0
    for name in names or [name for name, rule in rules.items() if vocabulary.has(rule.public)]:
        everything = frozenset(vocabulary.arguments.get(rules[name].public, ()))
        at = 0
        for wanted in (frozenset[str](), everything):
            strategy = architectures(vocabulary=vocabulary, rules=rules, goals=[Goal(name, wanted)], plain=True)
            for drawn in draws(strategy, count, seed_value=seed):
                at += 1
                for ending in ("keras", "h5"):
                    path = folder / f"{name.replace(':', '-')}-{at}.{ending}"
                    try:
                        made = build(drawn)
                        made.model(tensors_of(data.for_model(drawn, drawn.seed)))
                        made.model.save(str(path))
                        saved += 1
                    except Exception:
                        path.unlink(missing_ok=True)
                        failed += 1
        dialect.clear()
        print(f"{name}: {saved} files so far, {failed} not saved", flush=True)


def look(folder: Path) -> int:
    """Inspects all files, harms each, and prints what is not seen."""
    from harness.inspection import Limits, inspect
    from harness.inspection.hdf5_process import Reader
    from harness.inspection.rules import RULES

    start, reader = time.time(), Reader(Limits())
    verdicts: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    tried = seen = 0
    for path in sorted(folder.iterdir()):
        report = inspect(path, reader=reader)
        verdicts[report.verdict] += 1
        whole = [each for each in report.findings if RULES[each.rule].severity != "note"]
        if report.verdict in ("corrupt", "error", "bomb"):
            for each in whole:
                print(f"{path.name}: {report.verdict}: {each.rule} {each.where}: {each.what}"[:300])
            continue
        if report.verdict == "needs custom objects":
            continue
        with tempfile.TemporaryDirectory() as temporary:
            for how, weight, harmed in _harmed(path, Path(temporary)):
                tried += 1
                if inspect(harmed, reader=reader).verdict == "corrupt":
                    seen += 1
                else:
                    unseen[f"{path.stem.rpartition('-')[0]}.{path.suffix[1:]}: {how} {_unnumbered(weight)}"] += 1
        if report.not_computed:
            unseen[f"{path.stem.rpartition('-')[0]}.{path.suffix[1:]}: not computed: {report.not_computed}"] += 1
    reader.stop()
    for what, times in sorted(unseen.items()):
        print(f"{times:4} {what}")
    print(f"{dict(verdicts)}; of {tried} harmed files {seen} are corrupt ({seen / max(tried, 1):.2%}), "
          f"{time.time() - start:.0f} s")  # fmt: skip
    return int(bool(verdicts["corrupt"] or verdicts["error"] or unseen))


def _unnumbered(weight: str) -> str:
    return weight.rpartition("model_weights/")[2]


def _harmed(path: Path, folder: Path) -> Iterator[tuple[str, str, Path]]:
    """(what was done, to which weight, the file) for each weight of a layer."""
    made = folder / path.name
    inside = folder / "model.weights.h5"
    shutil.copy(path, made)
    if path.suffix == ".keras":
        if not zipfile.is_zipfile(path):  # of Keras 2.12, a folder or HDF5
            return
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        if "model.weights.h5" not in parts:
            return
        inside.write_bytes(parts["model.weights.h5"])
    held = inside if path.suffix == ".keras" else path
    for weight in _weights(held):
        for how in ("without", "larger"):
            harmed = folder / "harmed.h5"
            shutil.copy(held, harmed)
            _harm(harmed, weight, how)
            if path.suffix == ".keras":
                with zipfile.ZipFile(made, "w") as file:
                    for name, data in parts.items():
                        file.writestr(name, harmed.read_bytes() if name == "model.weights.h5" else data)
            else:
                shutil.copy(harmed, made)
            yield how, weight, made


def _weights(path: Path) -> list[str]:
    import h5py

    found: list[str] = []
    with h5py.File(path) as file:
        file.visititems(lambda name, each: found.append(name) if isinstance(each, h5py.Dataset) else None)
    return [name for name in found if not name.startswith(("optimizer", "compile_metrics", "metrics", "_loss"))]


def _harm(path: Path, weight: str, how: str) -> None:
    import h5py
    import numpy as np

    with h5py.File(path, "a") as file:
        value = file[weight][()]
        del file[weight]
        if how == "larger":
            value = np.asarray(value)
            file[weight] = np.zeros([size + 1 for size in value.shape] or (2,), value.dtype)


def record(folder: Path, file: Path) -> None:
    """A line of JSON for each model that has weights and is made of Keras's layers alone, the shortest ones first."""
    import h5py

    lines = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("custom", "TFSM")):
            continue
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as packed:
                config, metadata = (json.loads(packed.read(name)) for name in ("config.json", "metadata.json"))
                opened = io.BytesIO(packed.read("model.weights.h5"))
            with h5py.File(opened) as held:
                made = {"release": metadata["keras_version"], "config": config, "weights": _described(held)}
        else:
            with h5py.File(path) as held:
                config, release = json.loads(held.attrs["model_config"]), held.attrs["keras_version"]
                names = {at: [*map(_text, each.attrs.get("weight_names", []))]
                         for at, each in held["model_weights"].items()}  # fmt: skip
                layers = [*map(_text, held["model_weights"].attrs["layer_names"])]
                made = {"release": release, "config": config, "weights": _described(held["model_weights"]),
                        "layers": layers, "names": names}  # fmt: skip
        if made["weights"]:
            lines.append(json.dumps({"name": path.name} | made, separators=(",", ":")))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} models, {file.stat().st_size:,} bytes")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _described(group: Any) -> dict[str, tuple[list[int], str]]:
    import h5py

    found: dict[str, tuple[list[int], str]] = {}

    def see(name: str, each: Any) -> None:
        if isinstance(each, h5py.Dataset) and not name.startswith("optimizer"):
            found[name] = (list(each.shape), str(each.attrs.get("dtype", each.dtype)))

    group.visititems(see)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["save", "inspect", "record"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("layers", nargs="*")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "inspect":
        return look(options.folder)
    if options.what == "record":
        record(options.folder, Path(*options.layers))
        return 0
    save(options.folder, options.layers, options.draws, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
