"""Which benchmarks a run measures: of the fixed set, of files of the user's, on which devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.inspection.closed import why_closed
from harness.inspection.collect import collect
from harness.inspection.recognise import inspect
from harness.performance.measured import CPU, Benchmark, Failure
from harness.performance.options import Options
from harness.performance.process import Side

NO_GPU = "no GPU: runs on the CPU"


class Unknown(Exception):
    """A name that no workload, operation or device has; `known` are those that are there."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no {kind} is called {name!r}")
        self.kind, self.name, self.known = kind, name, list(known)


class Elsewhere(Exception):
    """An operation that there is, but that nothing of what was chosen has; the message says what has it."""

    def __init__(self, name: str, chosen: Sequence[str], known: Sequence[str], have: Sequence[str]) -> None:
        chose, has = ", ".join(chosen), ", ".join(known)
        super().__init__(f"{name!r} is an operation of {', '.join(have)}; what was chosen ({chose}) has {has}")


def devices(asked: str, gpus: Mapping[str, str]) -> tuple[list[str], str | None]:
    """The devices to measure on, and what to say of them: ``cpu``, ``gpu`` or ``all`` is asked, `gpus` are there.

    >>> devices("gpu", {})
    (['CPU'], 'no GPU: runs on the CPU')
    """
    if asked == "cpu":
        return [CPU], None
    if not gpus:
        return [CPU], NO_GPU
    found = list(gpus) if asked == "gpu" else [CPU, *gpus]
    return found, ", ".join(f"{name}: {about}" for name, about in gpus.items())


def select(sides: Sequence[Side], options: Options) -> tuple[list[Benchmark], list[str], list[str]]:
    """The benchmarks that every side can run, what to note, and problems. Raises Unknown, and Elsewhere.

    An operation may be one of a file that could not be read: then that is the problem, and not its name.
    """
    abouts = [side.about for side in sides]
    common_gpus = {
        name: about for name, about in abouts[0]["gpus"].items() if all(name in each["gpus"] for each in abouts)
    }
    places, said = devices(options.device, common_gpus)
    if said == NO_GPU and any(each["gpus"] for each in abouts):
        said = f"no GPU that both sides see ({_whose(sides)}): runs on the CPU"
    notes = [said] if said else []
    problems: list[str] = []
    of_the_set = {
        name: row for name, row in abouts[0]["workloads"].items() if all(name in each["workloads"] for each in abouts)
    }
    names = options.workloads or (() if options.models else abouts[0]["quick"] if options.quick else tuple(of_the_set))
    for name in names:
        if name not in of_the_set:
            raise Unknown("workload", name, list(of_the_set))
    wanted: list[tuple[str, str | None, list[str]]] = [(name, None, of_the_set[name][1]) for name in names]
    for path in collect(options.models):
        closed = why_closed(inspect(path), unsafe=options.unsafe)  # it may be somebody else's
        if closed is not None:
            problems.append(f"{path} is not loaded: {closed}")
            continue
        found, but = _operations(sides, path)
        if isinstance(found, Failure):
            problems.append(f"{path} cannot be measured: {found.told}")
            continue
        notes += [f"{path} / {each}: left out" for each in but]
        wanted.append((str(path), str(path.absolute()), found))
    everything = list(dict.fromkeys(each for _, _, operations in wanted for each in operations))
    for name in options.operations:
        if name not in everything and not problems:
            have = [each for each, row in of_the_set.items() if name in row[1]]
            if have:
                raise Elsewhere(name, [each for each, _, _ in wanted], everything, have)
            raise Unknown("operation", name, everything)
    # Each once: what is named twice would give two values of one process, which count as two in the test.
    chosen = dict.fromkeys(
        Benchmark(name, operation, device, file)
        for name, file, operations in wanted
        for device in places
        for operation in operations
        if not options.operations or operation in options.operations
    )
    return list(chosen), notes, problems


def _whose(sides: Sequence[Side]) -> str:
    return "; ".join(f"{side.label}: {', '.join(side.about['gpus'].values()) or 'none'}" for side in sides)


def _operations(sides: Sequence[Side], path: Path) -> tuple[list[str] | Failure, list[str]]:
    """What can be done with a file on every side, and what only on some, with who they are."""
    by_side: dict[str, list[str]] = {}
    for side in sides:
        reply: dict[str, Any] | Failure = side.ask(
            Benchmark(str(path), "describe", CPU, str(path.absolute())), "describe"
        )
        if isinstance(reply, Failure):
            where = f" (in the {side.label})" if len(sides) > 1 else ""
            return Failure(reply.reason, f"{reply.detail}{where}"), []
        by_side[side.label] = reply["operations"]
    every = dict.fromkeys(each for operations in by_side.values() for each in operations)
    common = [each for each in every if all(each in operations for operations in by_side.values())]
    but = [
        f"{each}: only the {', '.join(label for label, operations in by_side.items() if each in operations)} has it"
        for each in every
        if each not in common
    ]
    return (common, but) if common else (Failure("nothing in common", "; ".join(but) or "nothing can be done"), [])
