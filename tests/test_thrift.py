"""Costly routes are spared the models that bring nothing new to them, and no layer, topology or operation."""

from harness.architectures.families import all_rules
from harness.architectures.topologies import of as topologies_of
from harness.check.operations import operations_in
from harness.check.plan import Plan
from harness.check.profiles import PROFILES
from harness.check.sender import PROCESS
from harness.check.thrift import COSTLY, Thrift
from harness.expectations.table import parse
from harness.protocol.architecture import layer_calls
from tests.vocabularies import vocabulary

KERAS = vocabulary()
ELSEWHERE = {route for route in parse() if route.endswith(PROCESS)}


def test_every_layer_topology_and_operation_goes_along_the_costly_routes() -> None:
    plan = Plan(KERAS, all_rules(), PROFILES["ci"], seed=0)
    thrift = Thrift(topologies_of(KERAS))
    table = parse()
    sent: dict[str, set[str]] = {route: set() for route in COSTLY}
    everything: dict[str, set[str]] = {route: set() for route in COSTLY}
    spared = 0
    for model in plan:
        kept = thrift.table(model, table)
        assert set(table) - set(kept) <= {*COSTLY, *ELSEWHERE}
        spared += "transfer" not in kept
        for route, operations in COSTLY.items():
            holds = {call.name for call in layer_calls(model)}
            holds |= {each.name for each in topologies_of(KERAS) if each.seen(model)}
            holds |= set(operations_in(model)) if operations else set()
            everything[route] |= holds
            if route in kept:
                sent[route] |= holds
    assert sent == everything
    assert spared > 50


def test_a_thorough_check_spares_no_route() -> None:
    assert not PROFILES["thorough"].thrifty


def test_another_process_takes_up_every_layer_and_every_second_model() -> None:
    table = parse()
    thrift, seen, spared = Thrift([], costly={}), set(), 0
    for number, model in enumerate(Plan(KERAS, all_rules(), PROFILES["ci"], seed=0), 1):
        kept = thrift.table(model, table)
        holds = {call.name for call in layer_calls(model)}
        wanted = bool(holds - seen) or number % 2 == 0
        assert set(table) - set(kept) == (set() if wanted else ELSEWHERE)
        seen |= holds
        spared += not wanted
    assert spared > 30
