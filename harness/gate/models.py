"""The user's own models: looked through, taken up by both releases, compared, and saved by each for the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.dispatch.pool import Answer
from harness.dispatch.scratch import Scratch
from harness.expectations.compare import Difference, clipped
from harness.gate import across
from harness.gate.causes import OWN_CLASS, Break, Cause, brief, cause_of, later, seen_to_pass
from harness.gate.comparison import WHOLE
from harness.gate.exchange import Exchange
from harness.gate.release import Side
from harness.gate.status import BACK, FORWARD
from harness.inspection.closed import WEIGHTS_ALONE, why_closed
from harness.inspection.collect import collect
from harness.inspection.hdf5_process import Reader
from harness.inspection.limits import Limits
from harness.inspection.recognise import inspect
from harness.inspection.report import Report

SAME, DIFFERENT, BREAKS, FIXED, BROKEN, NOT_TRIED = (
    "same",
    "different",
    "breaks",
    "fixed",
    "broken in both",
    "not tried",
)
NO_MODEL = "no model"
HELD = (SAME, DIFFERENT, BREAKS, FIXED)  # what one release makes of it was held against what the other does
IMPORT, FIRST_CALL, INPUTS = "import", "the first call", "the inputs"
PASSED = "passed"
ENDINGS = {"keras_zip": ".keras", "hdf5": ".h5"}
VERDICTS = (BREAKS, DIFFERENT, NOT_TRIED, BROKEN, FIXED, SAME, NO_MODEL)


@dataclass(frozen=True)
class Given:
    """What the user gave beside the files: inputs, folders to import from, and the classes that the models need."""

    inputs: Path | None = None
    imports: tuple[Path, ...] = ()
    custom_objects: tuple[str, ...] = ()
    limit: float = 300.0
    unsafe: bool = False  # load what inspection calls unsafe, too

    def to_json(self) -> dict[str, Any]:
        """As a worker is told."""
        return {
            "inputs": None if self.inputs is None else str(self.inputs.absolute()),
            "import": [str(path.absolute()) for path in self.imports],
            "custom_objects": list(self.custom_objects),
            "unsafe": self.unsafe,
        }


@dataclass(frozen=True)
class Loaded:
    """How one side took a file up."""

    loads: str = "not tried"  # yes, only with compile=False, no
    error: Mapping[str, Any] | None = None
    at: str = ""  # IMPORT, load, INPUTS or FIRST_CALL
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether there is a model that can be called."""
        return self.loads != "no" and self.loads != "not tried" and self.at not in (FIRST_CALL, INPUTS)

    @property
    def whole(self) -> bool:
        """Whether it came with all that it was saved with, and can be called."""
        return self.loads == "yes" and self.error is None

    def to_json(self) -> dict[str, Any]:
        """As the report has it."""
        error = None if self.error is None else {key: self.error[key] for key in ("type", "message", "place")}
        return {"loads": self.loads, "error": error, "at": self.at or None, "seconds": dict(self.seconds)}

    @property
    def said(self) -> str:
        """Type and message of the error."""
        return f"{self.error['type']}: {self.error['message']}" if self.error else ""

    @property
    def told(self) -> str:
        """The same for people: without the configs that Keras writes into its messages, and where it came to."""
        hint = "; are these no inputs for it? (--inputs)" if self.at == FIRST_CALL else ""
        return brief(self.said) + hint


@dataclass(frozen=True)
class ModelVerdict:
    """What came of one file."""

    file: str
    sha256: str | None
    verdict: str
    baseline: Loaded = Loaded()
    candidate: Loaded = Loaded()
    why: str = ""  # where and how much, or what kept it from being tried
    max_abs_diff: float | None = None  # of the outputs
    cause: Cause | None = None
    resaved: Mapping[str, str] = field(default_factory=dict)  # by "route direction": PASSED, or what was said
    known_issue: Mapping[str, Any] | None = None  # the entry that accepts it

    @property
    def remedy(self) -> str | None:
        """What to do about it, by what was seen of the re-saved files; None where nothing is known."""
        if self.verdict not in (BREAKS, DIFFERENT, BROKEN):
            return None
        tried = {ENDINGS[route]: self.resaved.get(f"{route} forward") for route in WHOLE}
        passed = [name for name, told in tried.items() if told == PASSED]
        if self.cause is not None:
            return self.cause.what_to_do(passed if any(tried.values()) else None)
        return seen_to_pass(passed) if passed else None

    def to_json(self) -> dict[str, Any]:
        """The entry of `models` in report.json."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "verdict": self.verdict,
            "why": self.why,
            "baseline": self.baseline.to_json(),
            "candidate": self.candidate.to_json(),
            "max_abs_diff": self.max_abs_diff,
            "cause": None if self.cause is None else self.cause.id,
            "explanation": None if self.cause is None else self.cause.explanation,
            "remedy": self.remedy,
            "resaved": dict(self.resaved),
            "known_issue": None if self.known_issue is None else dict(self.known_issue),
        }


def verdicts(exchange: Exchange, scratch: Scratch, paths: Iterable[Path], given: Given) -> Iterator[ModelVerdict]:
    """One for each file, in order; files that could not be read safely are not loaded. Model files are only read."""
    limits = Limits()
    reader = Reader(limits)
    try:
        for path in collect(paths):
            report = inspect(path, limits=limits, reader=reader)
            yield _verdict(exchange, scratch, path, report, given)
    finally:
        reader.stop()


def _verdict(exchange: Exchange, scratch: Scratch, path: Path, report: Report, given: Given) -> ModelVerdict:
    first = ModelVerdict(str(path), report.sha256, NOT_TRIED)
    closed = why_closed(report, unsafe=given.unsafe)
    if closed is not None:
        return replace(first, why=closed)
    if report.format in WEIGHTS_ALONE:
        return replace(first, verdict=NO_MODEL, why=f"{report.format}: weights alone are no model")
    if report.format == "unknown" or not path.exists():
        told = report.findings[0].what if report.findings else "no format of Keras"
        return replace(first, why=f"not a model: {told}")
    baseline = _take(exchange.baseline, path, report, scratch, given)
    candidate = _take(exchange.candidate, path, report, scratch, given)
    one, other = baseline.result(), candidate.result()
    one_keras, other_keras = (str(side.about.get("keras", "")) for side in (exchange.baseline, exchange.candidate))
    sides = (one_keras, other_keras)
    made = _loading(replace(first, baseline=_loaded(one), candidate=_loaded(other)), report, given, sides)
    if made.verdict not in (BREAKS, SAME):
        return made
    made = replace(made, resaved=_resaved(exchange, one, other, given))
    before, after = one.reply.get("before"), other.reply.get("before")
    if before is None or after is None:
        return made
    blobs = {**one.blobs, **other.blobs}
    made = replace(made, max_abs_diff=across.furthest(before, after, blobs))
    if made.verdict == BREAKS:
        return _numbers(made, list(across.held(_alone(before), _alone(after), blobs, exchange.lost)))
    found = list(across.held(before, after, blobs, exchange.lost))
    return _different(made, *found[0], report, sides) if found else made


def _loading(made: ModelVerdict, report: Report, given: Given, sides: tuple[str, str]) -> ModelVerdict:
    """The verdict as far as how the two sides took the file up decides it; `SAME` where both did alike."""
    old, new = made.baseline, made.candidate
    own = report.custom_objects if report.format != "saved_model" else ()  # which holds what its classes compute
    if own and not given.custom_objects and not (old.works and new.works):
        return replace(made, why=f"needs custom objects: {', '.join(own)} (--custom-objects)")
    unfit = next((each for each in (new, old) if each.at == INPUTS), None)
    if unfit is not None and unfit.error is not None:
        return replace(made, why=str(unfit.error["message"]))
    if old.at == new.at == FIRST_CALL:  # it loads in both: what it was called with, made up or given, proves nothing
        return replace(made, why=new.told)
    refused = old.loads != "no" and new.loads == "no"
    if not old.works and not new.works and not refused:
        causes = (_cause(new, report, *reversed(sides)), _cause(old, report, *sides))
        for each, cause in zip((new, old), causes, strict=True):  # one without its code tells nothing of the release
            if each.at == IMPORT or (cause is not None and cause.id == OWN_CLASS):
                return replace(made, why=f"needs custom objects: {', '.join(own) or 'as given'}: {each.told}")
        return replace(made, verdict=BROKEN, why=new.told, cause=causes[0] or causes[1])
    if refused or not new.works or (old.whole and not new.whole):
        return replace(made, verdict=BREAKS, why=new.told, cause=_cause(new, report, *reversed(sides)))
    if not old.works or (new.whole and not old.whole):
        return replace(made, verdict=FIXED, why=old.told, cause=_cause(old, report, *sides))
    return replace(made, verdict=SAME)


def _alone(seen: Mapping[str, Any]) -> dict[str, Any]:
    """What is seen of the numbers that a model gives, and of nothing else."""
    return {name: seen[name] for name in ("repeats", "outputs", "sensitivity") if name in seen}


def _numbers(made: ModelVerdict, found: list[tuple[str, Difference]]) -> ModelVerdict:
    """A model that comes without what it was compiled with: who is content with that must know what it gives."""
    return replace(made, why=f"{made.why}; and what is left of it differs: {_told(*found[0])}") if found else made


def _different(
    made: ModelVerdict, observation: str, difference: Difference, report: Report, sides: tuple[str, str]
) -> ModelVerdict:
    where = "/".join(difference.where)
    own = bool(report.custom_objects)
    broken = Break(observation, _way(*reversed(sides)), "", where, report.config, sides[1], report.format, own)
    cause = cause_of(replace(broken, kind=difference.kind, saved_by=sides[0]))
    why = _told(observation, difference)
    if observation not in ("outputs", "loss") and made.max_abs_diff is not None:
        why += f"; the outputs are {f'{made.max_abs_diff:.3g} apart' if made.max_abs_diff else 'the same'}"
    return replace(made, verdict=DIFFERENT, why=why, cause=cause)


def _told(observation: str, difference: Difference) -> str:
    """What differs, where, and by how much."""
    where = "/".join(difference.where)
    size = ", ".join(f"{key} {value:.3g}" for key, value in difference.size.items() if key.startswith("max"))
    values = f"{clipped(str(difference.expected), 80)} became {clipped(str(difference.actual), 80)}"
    if difference.kind == "moved":
        pairs = [
            f"{one} has that of {other}" for one, other in zip(difference.expected, difference.actual, strict=True)
        ]
        values = "; ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")
    return f"{observation} at {where}: {values}{f' ({size})' if size else ''}"


def _cause(of: Loaded, report: Report, keras: str, other: str) -> Cause | None:
    at = "import" if of.at == IMPORT else "travel"
    own = bool(report.custom_objects)
    return cause_of(Break(at, _way(keras, other), of.said, "", report.config, keras, report.format, own))


def _way(keras: str, other: str) -> str:
    """The way on which a release fails: what an earlier one cannot read was written by a later one."""
    return BACK if later(other, keras) else FORWARD


def _take(side: Side, path: Path, report: Report, scratch: Scratch, given: Given) -> Any:
    request = {
        "verb": "take",
        "file": str(path.absolute()),
        "weights": None if report.weights is None else str(report.weights.absolute()),
        "asked": [*across.OBSERVATIONS, *across.ALSO],
        "keep": {route: str(scratch.folder(route)) for route in WHOLE},
        **given.to_json(),
    }
    return side.pool.submit(request, limit=given.limit)


def _loaded(answer: Answer) -> Loaded:
    if answer.lost is not None:
        told = {"type": "crashed", "message": str(answer.lost), "place": ""}
        return Loaded("no", told, "load")
    if "fault" in answer.reply:
        return Loaded("no", answer.reply["fault"], "the harness")
    reply = answer.reply
    return Loaded(reply["loads"], reply.get("error"), reply.get("at", ""), reply.get("seconds", {}))


def _resaved(exchange: Exchange, one: Answer, other: Answer, given: Given) -> dict[str, str]:
    """Whether what each release saves of the model is the same model to the other."""
    said: dict[str, str] = {}
    for direction, saved, side in ((FORWARD, one, exchange.candidate), (BACK, other, exchange.baseline)):
        for route, path in saved.reply.get("kept", {}).items():
            request = {
                "verb": "take", "file": path, "asked": list(across.OBSERVATIONS), "keep": {}, **given.to_json(),
            }  # fmt: skip
            answer = side.pool.submit(request, limit=given.limit).result()
            loaded = _loaded(answer)
            if not loaded.whole:
                least = "only with compile=False: " if loaded.works else ""
                said[f"{route} {direction}"] = clipped(f"{least}{loaded.told}", 300)
                continue
            blobs = {**saved.blobs, **answer.blobs}
            found = list(across.held(saved.reply["before"], answer.reply["before"], blobs, exchange.lost))
            said[f"{route} {direction}"] = _told(*found[0]) if found else PASSED
    return said
