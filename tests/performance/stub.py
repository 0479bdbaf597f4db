"""An interpreter without TensorFlow that measures what a test tells it: the worker's main loop around another server.

`interpreter(folder, ...)` writes an executable. `seconds` is what a benchmark takes, `factors` what it is multiplied by
where its name holds a word; `noise` is the deviation of the log from process to process (`peaks`: of memory), `faults`
what happens instead. `whole` has what all is multiplied by in a process, by its number.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """\
#!{python}
import os, random, runpy, signal, sys, time, types

sys.path.insert(0, {root!r})
FACTORS, FAULTS, NOISE, MEMORY, GPUS = {factors!r}, {faults!r}, {noise!r}, {memory!r}, {gpus!r}
open({folder!r} + "/started", "a").write(str(os.getpid()) + "\\n")
held = []
RANDOM = random.Random({name!r} + os.environ["PYTHONHASHSEED"])
DO = {{
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "hang": lambda: time.sleep(600),
    "eat": lambda: [held.append(bytearray(os.urandom(1 << 20)) * 50) or time.sleep(0.05) for _ in range(600)],
    "busy": lambda: [os.getpid() for _ in range(10)],
}}


class Server:
    def __init__(self, folder, tell):
        self.tell = tell

    def hello(self):
        return dict(
            python="3.11.7", tensorflow="2.21.0", keras="3.15.1", module="keras", packages={{}}, devices=[], set=1,
            workloads={workloads!r}, quick=["one"], clock=dict(resolution_ns=30, overhead_ns=60), threads=2, gpus=GPUS,
            garbage="collected between the rounds, not in them",
        )

    def answer(self, request):
        name = request["workload"] + " / " + request["operation"]
        with open({folder!r} + "/asked", "a") as file:
            file.write(name + "\\n")
        with open({folder!r} + "/../order", "a") as file:
            file.write({name!r} + " " + name + "\\n")
        for word, what in FAULTS.items():
            if word in name:
                if what == "raise":
                    return dict(error=dict(type="ValueError", message="no such layer", place="", ours=False)), {{}}
                if what == "short":
                    return dict(error=dict(type="ResourceExhaustedError", message="OOM", place="", ours=False)), {{}}
                DO[what]()
        if request["operation"] == "describe":
            return dict(operations={operations!r}), {{}}
        factor = {whole!r}.get(int(os.environ["PYTHONHASHSEED"]), 1.0)
        for word, value in FACTORS.items():
            if word in name:
                factor *= value
        drift = RANDOM.gauss(0, NOISE)
        rounds = [int(1e7 * factor * 2.718281828 ** (drift + RANDOM.gauss(0, 0.01))) for _ in range(5)]
        return dict(
            rounds=rounds, inner=1, warmed=1, peak=int(MEMORY * 2.718281828 ** RANDOM.gauss(0, {peaks!r})),
            peak_is_its_own=True, device_peak={device_memory} if request["device"] != "CPU" else None,
            bytes={size} if "save" in name else None, switches=0,
            pid=os.getpid(),
        ), {{}}


fake = types.ModuleType("harness.workloads.serve")
fake.Server = Server
import harness.workloads
sys.modules["harness.workloads.serve"] = fake
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

WORKLOADS = {
    "one": ["the first", ["save .keras", "load .keras", "predict"]],
    "two": ["the second", ["load .keras", "predict"]],
}


def interpreter(
    folder: Path,
    *,
    factors: dict[str, float] | None = None,
    faults: dict[str, str] | None = None,
    noise: float = 0.01,
    memory: int = 1 << 28,
    peaks: float = 0.002,
    size: int = 5000,
    gpus: dict[str, str] | None = None,
    device_memory: int | None = None,
    workloads: dict[str, list[object]] | None = None,
    whole: dict[int, float] | None = None,
    operations: tuple[str, ...] = ("load .keras", "predict"),
) -> str:
    """The path of a stand-in, in a folder of its own."""
    folder.mkdir(exist_ok=True)
    path = folder / "python"
    path.write_text(
        SOURCE.format(
            python=sys.executable, root=str(ROOT), folder=str(folder), name=folder.name, factors=factors or {},
            faults=faults or {}, noise=noise, memory=memory, peaks=peaks, size=size, gpus=gpus or {},
            device_memory=device_memory,
            workloads=workloads or WORKLOADS,
            whole=whole or {},
            operations=list(operations),
        ),
        encoding="utf-8",
    )  # fmt: skip
    path.chmod(0o755)
    return str(path)


def asked(folder: Path) -> list[str]:
    """What was asked of it, in order."""
    return (folder / "asked").read_text(encoding="utf-8").splitlines()


def started(folder: Path) -> int:
    """How many processes were started."""
    return len((folder / "started").read_text(encoding="utf-8").splitlines())
