"""One confined worker for the files of a run: loads each, calls it once, and sends it along the routes of `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.dispatch.confinement import Confinement
from harness.dispatch.pool import Answer, Pool
from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import Limits
from harness.expectations.finding import Finding
from harness.expectations.judge import judge
from harness.expectations.known import SHIPPED, KnownIssues
from harness.expectations.table import asked, parse
from harness.gate.causes import Break, brief, cause_of
from harness.gate.status import BACK, FORWARD
from harness.inspection import exports
from harness.inspection.closed import WEIGHTS_ALONE
from harness.inspection.report import Report
from harness.loading.held import Held
from harness.protocol.architecture import Architecture

# There and back, the fixed point, a layer taken out, and as the frozen base of another model.
ROUTES = ("keras_zip", "keras_zip_twice", "extraction", "transfer")
OPEN = ("ok", "non-finite")  # what inspection may say of a file that is loaded
GIVEN = "its code was given"
# What Keras says in front of the reason, of each model around: how to write a layer of one's own.
AROUND = "Exception encountered: "
# What a worker raises instead of calling what it has loaded.
UNCALLED = {"NoInputs": "it does not say what its inputs are", "NoModel": "it is no model, which could be called alike"}
INITIAL = "its initial weights"  # of a JSON config that has no others beside it
STATED = ("python", "tensorflow", "keras", "packages")


class CustomObjectsError(ValueError):
    """What the user named as custom objects cannot be imported."""


@dataclass(frozen=True)
class Settings:
    """Where files are loaded, with which classes of the author's own, and what a file may take.

    `seconds` are those of the wall for one file, `memory` is in bytes, resident.
    """

    interpreter: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    custom_objects: tuple[str, ...] = ()
    imports: tuple[Path, ...] = ()
    seconds: float = 300.0
    memory: int = 8 << 30


class Loader:
    """Starts its worker with the first file that may be loaded; raises WorkerFailed where there is no TensorFlow."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loaded = 0
        self._pool: Pool | None = None
        self._scratch: Scratch | None = None
        self._about: dict[str, Any] = {}
        self._known = KnownIssues.read(SHIPPED)
        table = parse()
        self._table = {route: table[route] for route in ROUTES}

    def load(self, path: Path, report: Report) -> None:
        """Loads the file and adds to the report what came of it. Raises CustomObjectsError, NotHeld."""
        if self._scratch is None:
            self._scratch = Scratch()
        with Held(path, report, self._scratch) as held:
            if held.same:
                self._load(held, report, self._started(self._scratch))
            else:
                report.add("changed-while-read", "", "what was to be loaded is another than what was inspected")

    def _load(self, held: Held, report: Report, pool: Pool) -> None:
        request: dict[str, Any] = {
            "verb": "send off",
            "file": str(held.path),
            "weights": None if held.weights is None else str(held.weights),
            "initial": True,
            "routes": asked(self._table, compiled=False),
            "also": [],
            "import": [str(each.absolute()) for each in self.settings.imports],
            "custom_objects": list(self.settings.custom_objects),
        }
        ended: dict[str, str] = {}  # what the process did on which route
        while True:
            answer = pool.submit(request, limit=self.settings.seconds).result()
            lost = answer.lost
            if lost is None or lost.at not in ("observe", *request["routes"]) or not request["routes"]:
                break
            # That it cannot be trained, say, does not keep it from being loaded, called and sent along the others.
            at = list(request["routes"]) if lost.at == "observe" else [lost.at]
            ended.update(dict.fromkeys(at, f"the process ended: {lost.reason}, {lost.detail}, at {lost.at}"))
            request["routes"] = {name: asks for name, asks in request["routes"].items() if name not in ended}
        self.loaded += 1
        done, not_done = pool.in_force
        report.loaded = {
            "environment": {key: self._about[key] for key in STATED if key in self._about},
            "confined": done,
            "not_confined": not_done,
            "routes": {},
        }
        if report.format == "json config":
            report.loaded["weights"] = INITIAL if report.weights is None else report.weights.name
        if answer.lost is not None:
            self._lost(report, answer)
            return
        reply = answer.reply
        if "fault" in reply:
            report.error = f"{reply['fault']['type']}: {reply['fault']['message']}"
            return
        report.loaded["loads"] = reply["loads"]
        report.loaded["seconds"] = {key: round(value, 3) for key, value in reply["seconds"].items()}
        error = reply.get("error")
        if error is not None:
            if reply["at"] == "import":
                raise CustomObjectsError(f"the custom objects cannot be imported: {error['type']}: {error['message']}")
            self._refused(report, held.told(f"{error['type']}: {error['message']}"), reply)
        if "routes" in reply:
            self._travelled(report, answer, ended)

    def _refused(self, report: Report, said: str, reply: Mapping[str, Any]) -> None:
        error, at, loads = reply["error"], reply["at"], reply["loads"]
        version = str(self._about["keras"])
        saved_by = report.keras_version or ""
        back = exports.numbers(saved_by) > exports.numbers(version)
        broken = Break("travel", BACK if back else FORWARD, said, "", report.config, version, report.format)
        cause = cause_of(replace(broken, own=bool(report.custom_objects), saved_by=saved_by))
        assert report.loaded is not None
        report.loaded.update(error=brief(said), at=at, cause=None if cause is None else cause.id)
        why = brief(said.rpartition(AROUND)[2])
        if cause is not None:
            remedy = cause.what_to_do()
            why = f"{cause.explanation} {remedy[0].upper()}{remedy[1:]}. (It said: {why})"
        keras = f"Keras {version}"
        if at == "the first call":
            if error["type"] in UNCALLED:
                report.add("not-called", "", UNCALLED[error["type"]])
            else:
                report.add("call-fails", "", f"{keras}: {why}")
            if loads != "yes":
                report.add("loads-without-compile", "", f"{keras}: it loads {loads}")
        elif loads == "no":
            report.add("does-not-load", "", f"{keras}: {why}")
        else:
            report.add("loads-without-compile", "", f"{keras}: {why}")

    def _lost(self, report: Report, answer: Answer) -> None:
        lost = answer.lost
        assert lost is not None
        assert report.loaded is not None
        report.loaded.update(loads="no", error=str(lost), at=lost.at or "load")
        rule = "loading-crashes" if lost.reason in ("crashed", "garbled") else "loading-without-end"
        report.add(rule, "", f"{lost.reason}: {lost.detail}, at {lost.at or 'load'}")

    def _travelled(self, report: Report, answer: Answer, ended: Mapping[str, str]) -> None:
        reply = answer.reply
        assert report.loaded is not None
        said: dict[str, str] = {}
        for name in ROUTES:
            if name in ended:
                said[name] = ended[name]
                report.add("does-not-survive", name, ended[name])
            elif name in reply["routes"]:
                said[name] = "passed"
            elif name in reply["unsent"]:
                said[name] = f"not sent: it lacks {', '.join(reply['unsent'][name])}"
            else:
                said[name] = "not sent: this Keras has no such route"
        for finding in judge(Architecture("given"), reply, answer.blobs, self._table, reply["classes"]):
            marked = self._known.marked(finding, self._about)
            for route in finding.routes:
                told = _told(marked)
                said[route] = told if said.get(route, "passed") == "passed" else said[route]
                report.add("does-not-survive", route, told)
        report.loaded["routes"] = said

    def _started(self, scratch: Scratch) -> Pool:
        if self._pool is None:
            self._pool = Pool(
                self.settings.interpreter,
                size=1,
                limits=Limits(memory=self.settings.memory),
                environment=dict(self.settings.variables),
                scratch=scratch,
                confinement=Confinement(),
            )
            self._about = self._pool.start()
        return self._pool

    def close(self) -> None:
        """Ends the worker and removes what it wrote; safe to call twice."""
        if self._pool is not None:
            self._pool.close()
        if self._scratch is not None:
            self._scratch.close()


def may_load(report: Report) -> bool:
    """Whether inspection found nothing that speaks against it, and the file holds a model."""
    return report.verdict in OPEN and not report.error and report.format not in (*WEIGHTS_ALONE, "unknown")


def accept_given(report: Report, names: Sequence[str]) -> None:
    """Marks the author's classes as accepted whose code the user gave: ``package.module:name``, or a whole module."""
    short = {each.partition(":")[2].rpartition(".")[2] for each in names if ":" in each}
    whole = any(":" not in each for each in names)
    report.accept("custom-object", lambda what: whole or what.partition(",")[0].rpartition(">")[2] in short, GIVEN)


def _told(finding: Finding) -> str:
    where = f" at {finding.where}" if finding.where else ""
    known = f" (known issue {finding.known_issue['id']})" if finding.known_issue else ""
    return f"{finding.title}{where}{known}"
