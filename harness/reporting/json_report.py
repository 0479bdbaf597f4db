"""report.json: one shape for every command.

Under `replayed` stands what earlier checks had found and this one tried first, a row each: the `id`, and a `status`:
``failed`` (it shows still, and is among the findings), ``fixed``, ``known`` (a known issue by now, whose id is the
`reason`) or ``skipped`` (it could not be read or sent, or breaks before that; the `reason` says which).

Under `known_issues` stand those of this Keras that have `expired`, which fails the check, and those that are
`not_seen`, which does not: models that could show them were sent, but the draw may not have hit what breaks. `verify`
is the command that tells.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from harness.check.awaited import verifying
from harness.check.reach import reach_of_kinds
from harness.check.result import Result
from harness.check.unchecked import unchecked
from harness.expectations.table import LACKING

SCHEMA_VERSION = 1


def report(result: Result, *, command: str = "check") -> dict[str, Any]:
    """The report as plain data."""
    plan = result.plan
    layers: dict[str, Any] = {}
    if plan is not None:
        for name, rule in sorted(plan.rules.items()):
            given = plan.coverage.arguments.get(rule.public, {})
            layers[name] = {
                "examples": plan.coverage.layers.get(rule.public, 0),
                "arguments": {argument: len(values) for argument, values in sorted(given.items())},
            }
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "verdict": result.verdict,
        "seed": result.options.seed,
        "profile": result.options.profile.name,
        "environments": {
            "candidate": {
                **result.environment,
                "interpreter": result.options.interpreter or (None if result.options.origin else sys.executable),
                **result.options.origin,
            }
        },
        "examples": result.examples,
        "built": result.built,
        "seconds": round(result.seconds, 2),
        "stopped": result.stopped,
        "problems": result.problems,
        "timings": {
            **{key: round(value, 3) for key, value in sorted(result.timings.items())},
            "total": round(result.seconds, 3),
        },
        "memory": {"worker_peak_rss": result.peak_rss, "workers_replaced": result.replaced},
        "not_checked": unchecked(result),
        "findings": [
            {**finding.to_json(), "found_before": finding.id in result.replayed} for finding in result.findings.values()
        ],
        "replayed": [each.to_json() for each in result.replayed.values()],
        "known_issues": {
            "expired": [
                {"id": each.id, "expires": each.expires, "shows": each.id in result.options.known.seen}
                for each in result.awaited.expired
            ],
            "not_seen": [
                {"id": each.id, "verify": verifying(each, result.options.origin.get("asked"))}
                for each in result.not_seen
            ],
        },
        "coverage": {
            "layers": layers,
            "topologies": {} if plan is None else dict(sorted(plan.coverage.topologies.items())),
            "routes": dict(sorted(result.route_examples.items())),
            "kinds": {} if plan is None else reach_of_kinds(plan.coverage),
            "unsent": [
                {"route": route, "models": models, "lacking": fact, "why": LACKING.get(fact, fact)}
                for (route, fact), models in sorted(result.unsent.items())
            ],
            "objects": {} if plan is None else dict(sorted(plan.coverage.objects.items())),
            "operations": {} if plan is None else dict(sorted(plan.coverage.operations.items())),
        },
    }


def text(data: Any) -> str:
    """The report as it stands in the file; NaN and infinity, which JSON does not have, are words there."""
    return json.dumps(_finite(data), indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data
