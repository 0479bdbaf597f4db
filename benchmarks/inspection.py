"""What `keras-harness validate` costs: a file of 1 MB as a whole process, many small files, and a large one.

    python benchmarks/inspection.py [--gigabytes N] [--files N]

The large file is compared with what SHA-256 alone takes, by hashlib and by sha256sum. Every time is that of a whole
process.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import h5py
import numpy as np

from tests.inspection import building as b

RUN = [sys.executable, "-c", "from harness.__main__ import main; main()", "validate", "--no-load"]
ROOT = Path(__file__).resolve().parents[1]


def timed(path: Path) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*RUN, str(path)], env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def model(path: Path, units: int, inputs: int) -> Path:
    """A Dense layer with weights of its size, written piece by piece."""
    weights = path.with_suffix(".weights.h5")
    with h5py.File(weights, "w") as file:
        kernel = file.create_dataset("layers/dense/vars/0", (inputs, units), "f4")
        for at in range(0, inputs, 500):
            kernel[at : at + 500] = np.random.rand(min(500, inputs - at), units)
        file["layers/dense/vars/1"] = np.ones(units, "f4")
    parts = b.entries(b.sequential(b.dense("dense", units, inputs), inputs=inputs))
    with zipfile.ZipFile(path, "w") as file:
        for name in ("metadata.json", "config.json"):
            file.writestr(name, parts[name])
        file.write(weights, "model.weights.h5")
    weights.unlink()
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--files", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        one = model(folder / "one.keras", 512, 512)
        times = [timed(one) for _ in range(7)]
        took, cpu = min(times)
        print(f"1 MB: {took:.2f} s at best of {len(times)}, {cpu:.2f} s of processor")
        many = folder / "many"
        many.mkdir()
        small = b.keras(folder).read_bytes()
        for number in range(options.files):
            (many / f"{number}.keras").write_bytes(small)
        took, cpu = timed(many)
        print(f"{options.files} small files: {took:.1f} s, {cpu:.1f} s of processor")
        side = int((options.gigabytes * 2**30 / 4) ** 0.5)
        big = model(folder / "big.keras", side, side)
        took, cpu = timed(big)
        started = time.perf_counter()
        with big.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
        alone = time.perf_counter() - started
        size = big.stat().st_size / 2**30
        print(f"{size:.1f} GB: {took:.1f} s, {cpu:.1f} s of processor; hashlib's SHA-256 alone {alone:.1f} s")
        started = time.perf_counter()
        if subprocess.run(["sha256sum", str(big)], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            tool = time.perf_counter() - started
            print(f"sha256sum: {tool:.1f} s; validate is at {tool / took:.0%} of its speed")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"at most {peak} MB in any process")


if __name__ == "__main__":
    main()
