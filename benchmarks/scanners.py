"""What other scanners find in the files of our tests, and what they flag that is harmless; each on the same folder.

    python benchmarks/scanners.py [--modelscan PROGRAM] [--modelaudit PROGRAM]

Makes every bad and every good file of `tests/inspection` in a temporary folder (their payloads are harmless) and runs
`keras-harness validate --no-load` and the scanners that are named, once each over the folder and once over one file
(what it takes to start). A scanner has found a file where it states an issue about it, whatever it is called.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.inspection import bad_files, good_files

ROOT = Path(__file__).resolve().parents[1]

OURS = [sys.executable, "-c", "from harness.__main__ import main; main()", "validate", "--no-load"]


def made(folder: Path) -> dict[Path, str]:
    """The folder of each file, with the verdict that it deserves; what is no plain file is left out."""
    wanted: dict[Path, str] = {}
    for case in (*bad_files.CASES, *good_files.CASES):
        place = folder / re.sub(r"\W+", "_", case.name)
        place.mkdir()
        try:
            path = case.make(place)
        except OSError:
            continue
        if path.is_file() or any(path.iterdir() if path.is_dir() else ()):
            wanted[place] = case.verdict
    for path in sorted((ROOT / "fixtures" / "models").glob("*/*.*")):
        place = folder / f"fixture_{path.parent.name}_{path.name}".replace(".", "_")
        place.mkdir()
        beside = path.parent.glob(f"{path.name.partition('.')[0]}*") if path.suffix == ".json" else [path]
        for each in beside:  # the shards of an index lie beside it
            (place / each.name).write_bytes(each.read_bytes())
        wanted[place] = "ok"
    return wanted


def run(command: list[str], folder: Path) -> tuple[str, float]:
    """What a command writes, and the seconds that it takes."""
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PROMPTFOO_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    return done.stdout, time.perf_counter() - started


def ours(folder: Path, target: Path) -> tuple[set[str], float]:
    """The files that `validate` calls anything but ok."""
    report = folder / "report.json"
    _, took = run([*OURS, str(target), "--json", str(report)], folder)
    files = json.loads(report.read_text())["files"]
    return {each["file"] for each in files if each["verdict"] != "ok"}, took


def modelscan(program: str, folder: Path, target: Path) -> tuple[set[str], float]:
    """The files that modelscan states an issue about."""
    report = folder / "modelscan.json"
    _, took = run([program, "-p", str(target), "-r", "json", "-o", str(report)], folder)
    found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
    return {str(target / each["source"].partition(":")[0]) for each in found.get("issues", [])}, took


def modelaudit(program: str, folder: Path, target: Path) -> tuple[set[str], float]:
    """The files that modelaudit states an issue about, a warning or worse."""
    said, took = run([program, "scan", "--format", "json", str(target)], folder)
    found = json.loads(said[said.index("{") :]) if "{" in said else {}
    bad = [each for each in found.get("issues", []) if each.get("severity") in ("warning", "critical")]
    return {str(each.get("location", "")).partition(":")[0] for each in bad}, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modelscan")
    parser.add_argument("--modelaudit")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        files = folder / "files"
        files.mkdir()
        wanted = made(files)
        one = next(path for path in sorted((ROOT / "fixtures" / "models").glob("*/*.keras")))
        totals = Counter(wanted.values())
        scanners: dict[str, Any] = {"keras-harness": ours}
        if options.modelscan:
            scanners["modelscan"] = lambda *given: modelscan(options.modelscan, *given)
        if options.modelaudit:
            scanners["modelaudit"] = lambda *given: modelaudit(options.modelaudit, *given)
        print(f"{len(wanted)} files: {', '.join(f'{number} {verdict}' for verdict, number in sorted(totals.items()))}")
        for name, scan in scanners.items():
            found, took = scan(folder, files)
            _, alone = scan(folder, one)
            flagged: Counter[str] = Counter()
            for each, verdict in wanted.items():
                flagged[verdict] += any(path == str(each) or path.startswith(f"{each}/") for path in found)
            shares = ", ".join(f"{verdict} {flagged[verdict]}/{totals[verdict]}" for verdict in sorted(totals))
            print(f"{name:14} flags {shares}; {took:.1f} s for all, {alone:.1f} s for one small file")


if __name__ == "__main__":
    main()
