"""The script of a finding between two releases, in two halves: one saves, the other loads and tells.

The first is run with the release that saves, and leaves its file and what it saw in the working folder. The second is
run with the other release in the same folder, and ends as every script does: 1 while the fault shows, 0 when it does
not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.expectations.finding import Finding
from harness.expectations.scripts.building import building, feeding
from harness.expectations.scripts.layout import laid_out
from harness.expectations.scripts.observations import OBSERVATIONS, Case, Look
from harness.expectations.scripts.routes import HDF5, KERAS, hdf5_weights
from harness.expectations.scripts.script import classes, imports, making, needed, one_line, policy, trying, verdict
from harness.expectations.scripts.values import Writer

Lines = list[str]
WHOLE = {"keras_zip": KERAS, "hdf5": HDF5}
WEIGHTS = {"weights_h5": "model.weights.h5", "hdf5_weights": "model.h5"}  # loaded into a model that is built anew
PAIR = "json_weights"
EXPECTED = ['with open("expected.json", "w") as file:', "    json.dump(expected, file, default=str)"]
READ = ['with open("expected.json") as file:', "    expected = json.load(file)"]


@dataclass(frozen=True)
class Halves:
    """What is run first, with the release that saves, and what is run then, with the one that loads."""

    save: str
    load: str


def halves_of(finding: Finding, saver: Mapping[str, Any], loader: Mapping[str, Any]) -> Halves | None:
    """The two halves for these releases (as reports state them); None for what no file has brought about."""
    route = finding.routes[0]
    if finding.architecture is None or route not in (*WHOLE, *WEIGHTS, PAIR) or finding.observation == "worker":
        return None
    finding = _as_seen(finding)
    one, other = (Case.of(finding, int(str(each["keras"]).partition(".")[0]), "=") for each in (saver, loader))
    look, looked = (None, None) if finding.observation == "travel" else (_look(one, other), _look(other, one))
    first = [*making(one), "", *([] if look is None else look.lines("model", "expected")), *_saved(one)]
    first = [*([] if look is None else look.define), *first, *([] if look is None else EXPECTED)]
    then = _taken(other, finding, looked)
    return Halves(
        _whole(one, first, saver, f"1 of 2, with {_words(saver)}: saves what 2 of 2 loads, in the same folder"),
        _whole(other, then, loader, f"2 of 2, with {_words(loader)}: {finding.check}: {one_line(finding.title)}"),
    )


def _words(release: Mapping[str, Any]) -> str:
    return f"TensorFlow {release['tensorflow']}, Keras {release['keras']}"


def _whole(case: Case, lines: Lines, release: Mapping[str, Any], told: str) -> str:
    body = [*classes(case), *needed(lines)]
    head = imports(body, str(release.get("module", "keras")))
    return laid_out([f"# {told}", *head, *body])


def _as_seen(finding: Finding) -> Finding:
    """The finding with its place as a model of any release states it: the common form has no optimizer around it."""
    if finding.observation == "compile" and finding.path[:1] in (("class",), ("config",)):
        return replace(finding, path=("optimizer", *finding.path))
    return finding


def _saved(case: Case) -> Lines:
    if case.route == "hdf5_weights":
        return [hdf5_weights(case.major)]
    if case.route in WHOLE:
        return [WHOLE[case.route].save]
    config = ['with open("model.json", "w") as file:', "    file.write(model.to_json())"]
    return [*(config if case.route == PAIR else []), 'model.save_weights("model.weights.h5")']


def _loaded(case: Case) -> Lines:
    if case.route in WHOLE:
        return [f"loaded = {WHOLE[case.route].load}"]
    if case.route in WEIGHTS:
        return ["loaded = model", f'loaded.load_weights("{WEIGHTS[case.route]}")']
    config = ['with open("model.json") as file:', "    loaded = keras.models.model_from_json(file.read())"]
    return [*config, 'loaded.load_weights("model.weights.h5")']


def _taken(case: Case, finding: Finding, look: Look | None) -> Lines:
    """The second half: the file, what is in it, and whether that is what the first half saw."""
    writer = Writer(case.major)
    made: Lines = []
    if case.route in WEIGHTS:
        building(writer, case.architecture)
        made = [*policy(case), *writer.lines]
        writer.lines = []
    data = feeding(writer, case.architecture)
    targets: Lines = []
    if case.architecture.compile is not None:
        expression = writer.expression(case.architecture.compile.targets)
        targets = [*writer.lines, f"targets = {expression}"]
    loading = _loaded(case)
    before = [*([] if look is None else look.define), *data, *targets, *made]
    if look is None:
        return [*before, *trying(case, loading)]
    looking = look.lines("loaded", "actual")
    if finding.error is not None:
        return [*before, *loading, *trying(case, looking)]
    plain = ["actual = json.loads(json.dumps(actual, default=str))"]
    return [*before, *loading, *looking, *plain, *READ, *verdict(look)]


def _look(case: Case, partner: Case) -> Look:
    """How to see it in either release; numbers that are computed may be as far apart as the gate allows."""
    observation, difference = case.finding.observation, case.finding.difference
    if observation == "repeats":
        call = _numbers(case)
        return Look(f"[one == other for one, other in zip({call}, {call})]")
    if observation == "slots":
        slots = "np.array(each).tolist() for each in {model}.optimizer.variables if np.ndim(np.array(each))"
        # The two Kerases list them in an order of their own.
        return Look(f"[{slots}]" if case.major == partner.major else f"sorted(({slots}), key=str)")
    apart = f"rtol=0, atol={float(difference.get('allowed', 0.0)):.3g}, equal_nan=True"
    close = f"not all(np.allclose(*both, {apart}) for both in zip(actual, expected))"
    if observation == "loss":
        loss = "{model}.compute_loss(data, targets, {model}(data, training=False))"
        return Look(f"[float(np.array({loss}))]", differs=close)
    look = OBSERVATIONS[observation](case)
    if observation != "outputs" or case.finding.error is not None:
        return look
    if case.finding.kind != "value" or "max abs" not in difference:
        close = "actual != expected"
    return replace(look, expression=_numbers(case), differs=close)


def _numbers(case: Case) -> str:
    array = "keras.ops.convert_to_numpy(each)" if case.major >= 3 else "np.array(each)"
    return f"[{array}.tolist() for each in {case.flat}({{model}}(data, training=False))]"
