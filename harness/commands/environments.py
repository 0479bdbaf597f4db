"""The command `environments`: those that were made for `--env`, listed and removed."""

from __future__ import annotations

import sys
import time
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from harness.environments.environment import in_words
from harness.environments.store import Slot, place, slots
from harness.settings import OK, UNMEASURED, Usage, did_you_mean

DAY = 24 * 3600.0


def environments(
    *,
    remove: Annotated[tuple[str, ...], Parameter(help="Remove this one (may be repeated).", negative="")] = (),
    clean: Annotated[bool, Parameter(help="Remove all that are not in use.", negative="")] = False,
    unused_for: Annotated[
        float | None, Parameter(help="With --clean: only those not used for so many days.", validator=Number(gte=0))
    ] = None,
) -> int:
    """Which environments were made for `--env`, and what is in them?

    They lie in the cache folder of the user and are used again by every run that asks for the same. Exit codes: 0 all
    is done, 2 usage, 3 one could not be removed: it is in use.
    """
    if unused_for is not None and not clean:
        raise Usage("--unused-for narrows --clean: name it as well")
    found = slots()
    names = [each.id for each in found]
    for name in remove:
        if name not in names:
            known = did_you_mean(name, names) if names else "; there are none"
            raise Usage(f"no environment is called {name!r}{known}")
    if not remove and not clean:
        _list(found)
        return OK
    before = time.time() - (unused_for or 0.0) * DAY
    asked = [each for each in found if each.id in remove or (clean and (each.record() is None or each.used <= before))]
    left = [each for each in asked if not _remove(each)]
    print(f"{len(asked) - len(left)} of {len(found)} removed from {place()}")
    return UNMEASURED if left else OK


def _list(found: list[Slot]) -> None:
    total = 0
    for slot in found:
        size, record = slot.size(), slot.record()
        total += size.all
        shared = f", {size.shared / size.all:.0%} of it shared with uv's cache" if size.shared else ""
        print(f"{slot.id}  {_bytes(size.all)}{shared}; last used {_ago(slot.used)}")
        if record is None:
            print("    half-made: the next run that wants it makes it anew")
        else:
            print(f"    asked     {record['asked']}")
            print(f"    resolved  {in_words(record['resolved'])}; made {_ago(record['made'])} in {record['seconds']} s")
        print(f"    path      {slot.path}")
    print(f"{len(found)} in {place()}, {_bytes(total)}")


def _remove(slot: Slot) -> bool:
    try:
        with slot.locked(alone=True, wait=False):
            slot.remove()
    except BlockingIOError:
        print(f"keras-harness: {slot.id} is in use", file=sys.stderr)
        return False
    except OSError as error:
        print(f"keras-harness: {slot.id} cannot be removed: {error}", file=sys.stderr)
        return False
    return True


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _ago(then: float) -> str:
    seconds = max(0.0, time.time() - then)
    for unit, length in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
