"""What a check did not check: every report says so, beside what it found."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.architectures.exclusions import reason
from harness.check.result import Result


def unchecked(result: Result) -> dict[str, Any]:
    """By kind: layers and their arguments, routes, observations, and models that had nothing to lose."""
    plan = result.plan
    if plan is None:
        return {"everything": "no model was drawn"}
    drawn = {plan.rules[name].public for name in plan.targets}
    known = {rule.public for rule in plan.rules.values()} | {"layers.InputLayer"}  # drawn with every input
    asked = {observation for row in result.table.values() for observation in row}
    return {
        "layers": sorted(plan.unreached()),
        "layers left out": {
            public.removeprefix("layers."): reason(public.removeprefix("layers."))
            or ("not asked for" if public in known else _UNKNOWN)
            for public in plan.vocabulary.layers
            if public not in drawn
        },
        "arguments": {
            public: {each: reason(public.removeprefix("layers."), each) or _NOT_GIVEN for each in arguments}
            for public, arguments in sorted(plan.ungiven().items())
        },
        "routes": sorted(route for route in result.table if not result.route_examples.get(route)),
        "layers by route": {
            route: missing
            for route in result.table
            if result.route_examples.get(route)
            and (missing := sorted(name for name in plan.coverage.layers if (name, route) not in result.arrived))
        },
        "observations": sorted(asked - set(result.substance.compared)),
        "layers that no input reached": result.substance.silent(),
        "layers seen with one sample alone": result.substance.with_one_sample(),
        "left to other seeds": plan.left_to_other_seeds(),
        "applications": dict(sorted(result.too_large.items())),
        "models": result.substance.remarks(),
    }


MOST = 6  # names that a line holds; all are in `report.json`
_NOT_GIVEN = "no model gave it"
_UNKNOWN = "this harness does not know it"


def in_words(result: Result) -> str:
    """The same in one line; what was left out with a reason is in `report.json` alone."""
    found = unchecked(result)
    if "everything" in found:
        return str(found["everything"])
    arguments = sum(list(each.values()).count(_NOT_GIVEN) for each in found["arguments"].values())
    lost = sum(map(len, found["layers by route"].values()))
    share = result.plan.profile.one_argument_in if result.plan else 0
    asked = f" (one in {share} is asked for, others with each seed; profile ci has all)" if share > 1 else ""
    words = [("1 argument" if arguments == 1 else f"{arguments} arguments") + asked] if arguments else []
    words += [f"{lost} times a layer on a route"] if lost else []
    unknown = [name for name, why in found["layers left out"].items() if why == _UNKNOWN]
    words += [f"layers that this harness does not know: {', '.join(unknown)}"] if unknown else []
    seldom = ("layers that no input reached", "layers seen with one sample alone")
    for kind in ("layers", "routes", "observations", *seldom):
        names = found[kind]
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        words += [f"{kind}: {', '.join(names[:MOST])}{more}"] if names else []
    others = [f"{len(names)} {kind}" for kind, names in found["left to other seeds"].items()]
    words += [f"{', '.join(others)} (others with each seed; profile ci has all)"] if others else []
    words += [f"{name} of keras.applications ({detail})" for name, detail in found["applications"].items()]
    return "; ".join([*words, *found["models"]])


def problems(result: Result) -> list[str]:
    """What was promised and not measured at all: a pass that checked nothing is no pass."""
    found = []
    if result.plan is not None and result.plan.undrawn:
        told = ", ".join(f"{error} ({times} times)" for error, times in Counter(result.plan.undrawn).most_common(3))
        found.append(f"{len(result.plan.undrawn)} models could not be drawn, a fault of the harness: {told}")
    if result.stopped is None and result.plan is not None:
        for name, missing in result.plan.unreached().items():
            found.append(f"{name} was not reached: {', '.join(missing)}")
    if result.examples and not result.built:
        found.append("no model could be built")
    if result.built and not any(result.route_examples.values()):
        found.append("no model travelled any route")
    elif result.built and not result.substance.compared:
        found.append("nothing of any model was compared")
    return [*found, *result.substance.nowhere()]
