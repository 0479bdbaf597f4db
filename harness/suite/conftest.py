"""One model for each layer, sent along every route once; the tests of the modules look at its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from harness.architectures.applications import LIGHT, application
from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.vocabulary import Vocabulary
from harness.check import last
from harness.check.losses import too_large
from harness.check.proof import scripted
from harness.dispatch.pool import Answer, Pool
from harness.dispatch.worker import GIB, Limits, WorkerFailed
from harness.environments.environment import Environment, EnvironmentFailed, environment
from harness.environments.wanted import Unreadable
from harness.expectations.judge import judge
from harness.expectations.known import SHIPPED, KnownIssues, KnownIssuesError
from harness.expectations.table import asked, parse
from harness.protocol.architecture import Architecture, Call, to_json
from harness.reporting.text import finding_text
from harness.suite.spreading import scheduler

# The same for every layer: what a model is compiled with is drawn by `keras-harness check`.
SETTINGS = {
    "optimizer": Call("optimizers.Adam", {"learning_rate": 0.01}),
    "loss": Call("losses.MeanSquaredError"),
    "run_eagerly": True,
}
LIMIT = 60.0  # seconds for the model of one layer along every route, which takes two
APPLICATION_LIMIT = 900.0  # and for a model of keras.applications
AHEAD = 2  # models of keras.applications sent before they are asked for


@lru_cache
def layer_names() -> tuple[str, ...]:
    """Every layer that has a rule; those that the Keras under test lacks are skipped."""
    return tuple(sorted(all_rules()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup` no model is sent twice."""
    return scheduler(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Benchmarks are run where they are asked for by their marker, and else are not there."""
    here = Path(__file__).parent
    ours = [each for each in items if each.get_closest_marker("benchmark") and each.path.is_relative_to(here)]
    if not ours or re.search(r"(?<!\bnot )\bbenchmark\b", config.option.markexpr or ""):
        if ours and not config.pluginmanager.hasplugin("benchmark"):
            raise pytest.UsageError("benchmarks need pytest-benchmark: pip install pytest-benchmark")
        return
    left_out = set(ours)
    items[:] = [each for each in items if each not in left_out]
    config.hook.pytest_deselected(items=ours)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take a layer are made for each."""
    if "layer" in metafunc.fixturenames:
        metafunc.parametrize("layer", layer_names())


class Promises:
    """Holds what was seen of each model; models are sent when they are first asked for, `further` ahead."""

    def __init__(self, pool: Pool, seed: int, known: KnownIssues, under: Environment, *, further: int) -> None:
        self.under = under
        self._further = further
        self.about = pool.start()
        self.vocabulary = Vocabulary.from_report(self.about)
        self.rules = {name: rule for name, rule in all_rules().items() if self.vocabulary.has(rule.public)}
        table = parse()
        self.table = {route: row for route, row in table.items() if route in self.about["routes"]}
        self._pool = pool
        self._seed = seed
        self._known = known
        self._sent: dict[str, tuple[Architecture, Future[Answer]]] = {}
        self.applications: list[str] = []  # those to be run, in the order in which they are asked for

    def ahead(self, names: list[str]) -> None:
        """Sends the models of these layers, so that every worker is busy."""
        for name in names:
            if name in self.rules and name not in self._sent:
                self._send(name, self._draw(name), self.table)

    def _draw(self, name: str) -> Architecture:
        strategy = architectures(
            vocabulary=self.vocabulary, rules=self.rules, goals=[Goal(name)], plain=True, settings=SETTINGS
        )
        return draws(strategy, 1, seed_value=self._seed * 1009 + sum(map(ord, name)))[0]

    def _send(self, name: str, architecture: Architecture, table: dict[str, dict[str, str]]) -> None:
        routes = asked(table, compiled=architecture.compile is not None)
        request = {"verb": "run", "architecture": to_json(architecture), "routes": routes}
        self._sent[name] = (
            architecture,
            self._pool.submit(
                request, limit=APPLICATION_LIMIT if architecture.form.startswith("application:") else LIMIT
            ),
        )

    def application(self, name: str, *routes: str) -> None:
        """Asserts the promises of a base of keras.applications on these routes."""
        __tracebackhide__ = True
        if not self.vocabulary.has(f"applications.{name}"):
            pytest.skip(f"Keras {self.about['keras']} has no {name}")
        if name not in self.applications:
            pytest.skip(f"{name} takes long or much memory: --harness-applications all runs it")
        start = self.applications.index(name)
        for each in self.applications[start : start + self._further + 1]:
            if each not in self._sent:
                self._send(
                    each, application(each), {route: row for route, row in self.table.items() if route in routes}
                )
        try:
            moved = self._sent[name][1].result().reply.get("routes", {}).get("transfer", {}).get("before", {})
            for stage in ("tape: ", "reloaded tape: ", "top unfrozen tape: ", "top unfrozen reloaded tape: "):
                asked_of = [what for what in moved.get("moved", ()) if what.startswith(stage)]
                assert asked_of or not moved, f"{name}: nothing had a gradient in '{stage}'"
            self._hold(name, routes)
        finally:
            del self._sent[name]  # what was seen of one takes 20 MiB

    def kept(self, layer: str, *routes: str) -> None:
        """Asserts that nothing was lost of the model of this layer on these routes."""
        __tracebackhide__ = True
        if layer not in self.rules:
            pytest.skip(f"Keras {self.about['keras']} has no {layer}")
        self.ahead([layer])
        self._hold(layer, routes)

    def _hold(self, name: str, routes: tuple[str, ...]) -> None:
        __tracebackhide__ = True
        architecture, future = self._sent[name]
        answer = future.result()
        if answer.lost is not None:
            if too_large(architecture, answer.lost):
                pytest.skip(f"{name} needs {answer.lost.detail}: --harness-memory-limit")
            pytest.fail(f"{name}: the worker {answer.lost.reason}: {answer.lost.detail}\n{answer.lost.tail[-500:]}")
        assert "fault" not in answer.reply, answer.reply["fault"]
        findings = judge(architecture, answer.reply, answer.blobs, self.table)
        # What could not be seen of the model itself is kept on no route. What its config forgot is another promise.
        of_routes = [
            each
            for each in findings
            if each.routes[0] in routes or (each.routes[0] == "build" and each.observation not in ("given", "shape"))
        ]
        marked = [self._known.marked(each, self.about) for each in of_routes]
        new = [each for each in marked if each.status == "new"]
        if new:
            told = [scripted(each, self.about) for each in new]
            about = {key: self.about[key] for key in ("python", "tensorflow", "keras", "packages")}
            last.add(
                [each.to_json() for each in told], {**about, "interpreter": self.under.interpreter, **self.under.origin}
            )
            pytest.fail("\n\n".join(map(finding_text, told)), pytrace=False)
        known = [each for each in marked if each.status == "known"]
        if known:
            pytest.xfail("; ".join(f"{each.known_issue['id']}" for each in known if each.known_issue))
        travelled = [route for route in routes if route == "build" or route in answer.reply["routes"]]
        if not travelled:
            pytest.skip("the model of this layer cannot take that route")


@pytest.fixture(scope="session")
def promises(request: pytest.FixtureRequest) -> Iterator[Promises]:
    """The promises of the Keras under test; skips where there is none."""
    option = request.config.getoption
    try:
        known = KnownIssues.read(SHIPPED, *map(Path, option("--harness-known-issues")))
    except KnownIssuesError as error:
        pytest.fail(f"--harness-known-issues: {error}", pytrace=False)
    if option("--harness-no-known-issues"):
        known = KnownIssues()
    alone = not hasattr(request.config, "workerinput")  # with pytest-xdist nobody knows who will ask for what
    workers = option("--harness-workers") if alone else 1
    with ExitStack() as held:
        try:
            under = held.enter_context(environment(option("--harness-env")))
            limits = Limits(memory=int(option("--harness-memory-limit") * GIB))
            pool = held.enter_context(Pool(under.interpreter, size=workers, limits=limits, environment=under.variables))
            made = Promises(pool, option("--harness-seed"), known, under, further=AHEAD if alone else 0)
        except (Unreadable, EnvironmentFailed) as error:
            pytest.fail(f"--harness-env: {error}", pytrace=False)
        except WorkerFailed as error:
            pytest.fail(f"TensorFlow could not be started: {error}", pytrace=False)
        made.applications = [
            name
            for name in _parameters(request, "builder")
            if made.vocabulary.has(f"applications.{name}")
            and (name in LIGHT or option("--harness-applications") == "all")
        ]
        if alone:
            made.ahead(_parameters(request, "layer"))
        yield made


def _parameters(request: pytest.FixtureRequest, name: str) -> list[str]:
    """The values of a parameter in the tests that were selected, in their order."""
    items = (item.callspec.params for item in request.session.items if hasattr(item, "callspec"))
    return list(dict.fromkeys(params[name] for params in items if name in params))
