"""Counts what came of models into a result: findings merged by their status and id, layers by where they passed."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.finding import Finding
from harness.gate.accepted import issue_of
from harness.gate.exchange import Trip
from harness.gate.result import Result, kind
from harness.gate.status import PRE_EXISTING
from harness.protocol.architecture import layer_calls


class Tally:
    """Adds trips to a result."""

    def __init__(self, result: Result) -> None:
        self.result = result

    def take(self, trip: Trip) -> list[Finding]:
        """Counts one trip; returns the findings that had not been seen before."""
        self.result.examples += 1
        self.result.built += trip.built
        self.result.compared += trip.compared
        for what, seconds in trip.timings.items():
            self.result.timings[what] = self.result.timings.get(what, 0.0) + seconds
        if trip.built:
            self._count(trip)
        return [new for new in map(self._add, trip.findings) if new is not None]

    def _count(self, trip: Trip) -> None:
        """Which layers a file has brought to the other release: all of a model that passed.

        Of one that did not, those that the findings name. Where they name none, only a layer by itself can be told
        to be at fault.
        """
        layers = {call.name for call in layer_calls(trip.architecture)}
        for route, direction in trip.sent - trip.excused:
            passed = (route, direction) in trip.passed
            named = {
                f"layers.{layer}"
                for finding in trip.findings
                if finding.direction == direction and route in finding.routes
                for layer in finding.layers
            }
            at_fault = layers if passed or len(layers) == 1 else layers & named
            for layer in at_fault:
                self.result.count(layer, route, direction, passed=passed)

    def _add(self, finding: Finding) -> Finding | None:
        key = f"{kind(finding)} {finding.id}"
        earlier = self.result.findings.get(key)
        issue = None
        if earlier is None or earlier.known_issue is not None:
            issue = issue_of(finding, self.result.options.known, self.result.environments.get("candidate", {}))
        if earlier is not None and (earlier.known_issue is None or issue is not None):
            self.result.findings[key] = self.smaller_of(earlier.merged(finding), finding)
            return None
        # What is accepted takes nothing in that looks the same and is not accepted.
        finding = finding if earlier is None else finding.merged(earlier)
        self.result.findings[key] = replace(finding, known_issue=issue)
        return self.result.findings[key]

    def smaller_of(self, finding: Finding, again: Finding) -> Finding:
        """The finding, with the model of another one of its id where that is smaller.

        Unless the smaller one alone has a cause: what nobody can explain must not hide behind what looks the same.
        """
        if not again.is_smaller(finding):
            return finding
        if self.result.cause(again) is not None and self.result.cause(finding) is None:
            return finding
        routes = tuple(dict.fromkeys((*again.routes, *finding.routes)))
        return replace(again, routes=routes, times=finding.times, known_issue=finding.known_issue)

    def settle(self) -> None:
        """What was broken in the baseline in any model is no regression, what still is broken is not fixed."""
        by_id: dict[str, set[str]] = {}
        for finding in self.result.findings.values():
            if not finding.direction:
                by_id.setdefault(finding.id, set()).add(finding.status)
        for key, finding in list(self.result.findings.items()):
            statuses = by_id.get(finding.id, set())
            if finding.direction or finding.status == PRE_EXISTING or len(statuses) < 2:
                continue
            del self.result.findings[key]
            one = f"{PRE_EXISTING} {finding.id}"
            earlier = self.result.findings.get(one)
            moved = replace(finding, status=PRE_EXISTING)
            self.result.findings[one] = moved if earlier is None else earlier.merged(moved)
