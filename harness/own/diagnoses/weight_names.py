"""Weight names: each weight of a layer has a name, and no two of one layer have the same.

Names are what `.h5`, `by_name` and people go by; one that Keras makes up is another one each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made
from harness.own.report import Failure
from harness.worker import dialect

CHECK = "weight_names"
MADE_UP = re.compile(r"(?:keras_)?variable(?:_\d+)?", re.IGNORECASE)


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for each weight without a name of its own."""
    weights = dialect.weights_of(built.subject.model)
    if not weights:
        raise NotChecked("it has no weights")
    places = built.subject.places()
    taken: dict[str, int] = {}
    for each in weights:
        place = places[id(each)]
        taken[place] = taken.get(place, 0) + 1
        if MADE_UP.fullmatch(place.rpartition("/")[2]):
            yield Failure(
                CHECK,
                f"a weight of shape {tuple(each.shape)} has no name of its own, and Keras made one up",
                place,
                mend='name it: self.add_weight(name="kernel", …)',
            )
    for place, times in taken.items():
        if times > 1 and not MADE_UP.fullmatch(place.rpartition("/")[2]):
            yield Failure(
                CHECK,
                f"{times} weights of one layer are called {place.rpartition('/')[2]!r}",
                place,
                mend="give each a name of its own: self.add_weight(name=…)",
            )
