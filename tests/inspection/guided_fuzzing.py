"""Like `fuzzing.py`, but what reaches new lines of `harness.inspection` is kept and changed further.

    uv run --with atheris python tests/inspection/guided_fuzzing.py [--count N] [--seed N]

Atheris is installed for it alone: it is not there for every system and Python. Prints how many files were inspected,
with which verdicts, how many were kept, and the slowest. Ends at the first fault, with the file that shows it.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

with atheris.instrument_imports(include=["harness.inspection"]):
    from harness.inspection import Limits, inspect
    from harness.inspection.hdf5_process import Reader

from tests.inspection.fuzzing import change, fault_of, seeds

MOST = 1 << 18  # bytes of a file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    kept, made = place / "kept", place / "made"
    kept.mkdir()
    made.mkdir()
    os.chdir(place)
    files = seeds(made)
    for number, data in enumerate(files):
        (kept / f"seed-{number}").write_bytes(data)
    reader = Reader(Limits())
    path = place / "fuzzed.keras"
    verdicts: Counter[str] = Counter()
    slowest = 0.0
    started = time.monotonic()

    def one(data: bytes) -> None:
        nonlocal slowest
        path.write_bytes(data)
        report = inspect(path, reader=reader)
        verdicts[report.verdict] += 1
        slowest = max(slowest, report.seconds)
        fault = fault_of(report)
        if fault or verdicts.total() == options.count:  # libFuzzer does not come back to us
            told()
        if fault:
            raise RuntimeError(fault)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        return change(data, draw, draw.choice(files))[:most]

    def told() -> None:
        reader.stop()
        memory = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(f"{verdicts.total()} files in {time.monotonic() - started:.0f} s: {dict(verdicts)}")
        print(f"{len(list(kept.iterdir())) - len(files)} of them kept beside {len(files)}, in {kept}")
        print(f"slowest {slowest:.2f} s; at most {memory[0]} MB, the child {memory[1]} MB", flush=True)

    flags = [
        f"-runs={options.count}",
        f"-seed={options.seed}",
        f"-max_len={MOST}",
        "-timeout=20",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(kept)], one, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
