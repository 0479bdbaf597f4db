"""The release that is installed as a side of a gate, as it is or with faults planted in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.dispatch.pool import Pool
from harness.dispatch.scratch import Scratch
from harness.environments.environment import environment
from harness.gate.release import Side

PLANTED = Path(__file__).with_name("planted")


def side(name: str, scratch: Scratch, *faults: str, python: str | None = None) -> Side:
    """The side with its worker, which the caller ends."""
    pool = Pool(python, size=1, scratch=scratch, modules=tuple(PLANTED / f"{each}.py" for each in faults))
    return Side(name, pool, pool.start())


@contextmanager
def releases(scratch: Scratch, asked: Mapping[str, str]) -> Iterator[dict[str, Side]]:
    """By name, a side with its worker for each of the requirements, made with the package cache that is here."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as held:
        patch.setenv("UV_CACHE_DIR", os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv"))
        found = {}
        for name, requirements in asked.items():
            under = held.enter_context(environment(requirements))
            for each in found.values():
                if asked[each.name] == requirements and not each.about:
                    each.about = each.pool.start()  # what it has compiled, the next one need not
            pool = Pool(under.interpreter, size=1, environment=under.variables, scratch=scratch)
            found[name] = Side(name, held.enter_context(pool))
        for each in found.values():  # once all are under way
            each.about = each.about or each.pool.start()
        yield found
