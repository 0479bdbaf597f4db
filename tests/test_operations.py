"""Operations as nodes of a graph: every public one drawn or left out with a reason, every shape a second opinion."""

import operator
from typing import Any

import numpy as np
import pytest

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.operations import OPERATIONS, known_operations
from harness.architectures.operations.exclusions import WITHOUT_XLA, reasons
from harness.architectures.operations.operation import Operation
from harness.check.coverage import Coverage
from harness.check.operations import missed, operation_models, operations_in, operations_reached, public_operations
from harness.protocol.architecture import Architecture, Data, Name, Node, Ref, Slice, dumps, loads, references
from tests.vocabularies import vocabulary

RULES = all_rules()
KERAS = vocabulary()
KERAS_2 = vocabulary("2.15")
# Functions that NumPy has under the same name and with the same arguments.
AS_IN_NUMPY = (
    "add subtract multiply divide maximum minimum power mod arctan2 where clip sum mean max min prod std var median"
    " argmax argmin any all cumsum cumprod sort argsort diff expand_dims squeeze reshape transpose concatenate stack"
    " hstack dstack split array_split hsplit dsplit flip fliplr roll rot90 pad tile repeat swapaxes moveaxis take"
    " take_along_axis diagonal trace tril triu linspace broadcast_to matmul tensordot einsum cross digitize"
    " logical_and bitwise_xor count_nonzero quantile ptp average append"
)


def alone(row: Operation, count: int = 1, keras: Any = KERAS, number: int = 0) -> list[Architecture]:
    strategy = architectures(vocabulary=keras, rules=RULES, goals=[], operations=[row], plain=True)
    return draws(strategy, count, seed_value=number)


def value(structure: Any, model: Architecture) -> Any:
    """NumPy's arguments: an array of the right shape for each tensor."""
    if isinstance(structure, Ref):
        (found,) = [each for each in model.inputs if each.name == structure.node]
        shape = (found.batch_size or model.batch, *found.shape)
        if found.dtype == "bool":
            return np.arange(np.prod(shape)).reshape(shape) % 2 == 0
        return (np.arange(np.prod(shape)).reshape(shape) % max(1, int(found.values.high))).astype(found.dtype)
    if isinstance(structure, Data):
        return np.ones(structure.shape)
    if isinstance(structure, Slice):
        return slice(structure.start, structure.stop, structure.step)
    if isinstance(structure, (list, tuple)):
        return type(structure)(value(item, model) for item in structure)
    return structure


BESIDE_NUMPY = [
    number
    for number, row in enumerate(OPERATIONS)
    if (row.name.startswith("operator.") or row.name.removeprefix("ops.") in AS_IN_NUMPY.split()) and not row.before
]


@pytest.mark.parametrize("number", BESIDE_NUMPY, ids=lambda n: f"{OPERATIONS[n].name}-{n}")
def test_numpy_gives_the_shape_that_the_row_says(number: int) -> None:
    row = OPERATIONS[number]
    function = getattr(operator if row.name.startswith("operator.") else np, row.name.partition(".")[2])
    for model in alone(row, 6, KERAS if 3 in row.majors else KERAS_2, number):
        node = model.nodes[-1]
        with np.errstate(all="ignore"):
            made = function(*value(node.inputs, model), **{k: value(v, model) for k, v in node.keywords.items()})
        pieces = made if isinstance(made, (list, tuple)) else [made]
        assert node.shapes == tuple(np.shape(piece)[1:] for piece in pieces), (node.inputs, node.keywords)


def test_every_public_function_is_drawn_or_left_out_with_a_reason() -> None:
    drawn = {row.name for row in OPERATIONS}
    public = set(public_operations(KERAS))
    assert public - drawn == set(reasons())
    assert {name for name in drawn if name.startswith("ops.")} <= public
    assert len(drawn & public) > 250


def test_every_row_draws_what_json_can_hold_and_only_tensors_that_are_there() -> None:
    for row in OPERATIONS:
        for model in alone(row, 2, KERAS if 3 in row.majors else KERAS_2):
            assert loads(dumps(model)) == model
            assert row.name in set(operations_in(model))
            names = {each.name for each in (*model.inputs, *model.nodes)}
            assert {ref.node for node in model.nodes for ref in references(node.inputs)} <= names
            assert all(len(node.shapes or ()) == len(node.stand_ins) for node in model.nodes)


def test_a_plan_for_every_operation_reaches_every_operation() -> None:
    coverage = Coverage(KERAS)
    for strategy in operation_models(KERAS, RULES, of=1, seed=3):
        for model in draws(strategy, 1, seed_value=3):
            coverage.add(model)
    assert missed(KERAS, coverage.operations) == []


def test_a_plan_for_some_operations_draws_others_with_another_seed() -> None:
    def names(seed: int) -> set[str]:
        models = [draws(each, 1, seed_value=seed)[0] for each in operation_models(KERAS, RULES, of=20, seed=seed)]
        return {name for model in models for name in operations_in(model)}

    assert names(1) == names(1)
    assert names(1) != names(2)
    assert missed(KERAS, dict.fromkeys(names(1), 1)), "a sample should not hold everything"


def test_what_jumps_is_put_onto_inputs_alone() -> None:
    exact = {row.name for row in OPERATIONS if row.exact} - {row.name for row in OPERATIONS if not row.exact}
    seen = 0
    for strategy in operation_models(KERAS, RULES, of=2, seed=5):
        for model in draws(strategy, 1, seed_value=5):
            inputs = {each.name for each in model.inputs}
            for node in model.nodes:
                if isinstance(node.layer, Name) and node.layer.name in exact:
                    seen += 1
                    assert next(references(node.inputs)).node in inputs
    assert seen > 20


def test_what_xla_cannot_compile_is_in_no_model_that_it_compiles() -> None:
    seen = 0
    for number, row in enumerate(row for row in OPERATIONS if row.name in WITHOUT_XLA):
        strategy = architectures(vocabulary=KERAS, rules=RULES, goals=[Goal("Dense")], operations=[row])
        for model in draws(strategy, 8, seed_value=number):
            if model.compile is not None:
                seen += 1
                assert model.compile.arguments["jit_compile"] is False
    assert seen > 8


def test_fourier_transforms_take_single_precision_alone_and_both_parts_of_one_dtype() -> None:
    rows = [row for row in OPERATIONS if row.name.endswith(("fft", "fft2", "stft"))]
    assert len(rows) == 6
    for row in rows:
        for model in alone(row, 4):
            *_, transform = model.nodes
            casts = {
                node.name for node in model.nodes if (node.layer, node.inputs[1:]) == (Name("ops.cast"), ("float32",))
            }
            parts = [ref.node for ref in references(transform.inputs)]
            assert set(parts) <= casts
            assert len(set(parts)) == len(parts) == (2 if row.name.endswith(("fft2", ".fft", "irfft")) else 1)


def test_keras_2_is_given_operators_alone() -> None:
    rows = known_operations(KERAS_2)
    assert {row.name.partition(".")[0] for row in rows} == {"operator"}
    assert operations_reached(KERAS_2, RULES)["functions"] == 0


def test_an_operation_has_no_name_of_its_own_in_keras() -> None:
    from harness.protocol.architecture import names_in

    node = Node("exp", Name("ops.exp"), (Ref("x"),))
    assert "exp" not in set(names_in(Architecture("m", nodes=(node,), outputs=Ref("exp"))))


@pytest.mark.slow
def test_keras_builds_every_row_and_gives_the_shape_that_it_says() -> None:
    from harness.architectures.vocabulary import Vocabulary
    from harness.dispatch.pool import Pool
    from harness.expectations.judge import judge
    from harness.expectations.known import SHIPPED, KnownIssues
    from harness.protocol.architecture import to_json

    pool = Pool(None, size=1)
    known = KnownIssues.read(SHIPPED)
    try:
        about = pool.start()
        here = Vocabulary.from_report(about)
        wrong = []
        for number, row in enumerate(known_operations(here)):
            for model in alone(row, 2, here, number):
                request = {"verb": "run", "architecture": to_json(model), "routes": {}, "also": ["outputs"]}
                answer = pool.submit(request, limit=60.0).result()
                assert answer.lost is None, (row.name, answer.lost)
                assert "outputs" in answer.reply.get("before", {"outputs": 0}) or "error" in answer.reply["build"]
                found = [known.marked(each, about) for each in judge(model, answer.reply, answer.blobs, {})]
                wrong += [f"{row.name}: {each.title}" for each in found if each.status == "new"]
    finally:
        pool.close()
    assert not wrong, "\n".join(wrong)
