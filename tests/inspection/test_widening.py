"""How much surely flows, and how often is surely called: never more than what Keras makes, whatever stands there."""

from __future__ import annotations

import pytest

from harness.inspection import calls, widening
from harness.inspection.clock import Clock
from harness.inspection.limits import Limits
from tests.inspection import building as b
from tests.inspection.bad_calls import function, nested, operation

MANY = 10**12
ROW = b.layer("Reshape", name="q", target_shape=[3, 1])


def widest(config: b.Config) -> int:
    return widening.widest(config, Clock(Limits()))[0]


@pytest.mark.parametrize("odd", [None, True, -1, "x", {}, [], [None], ["x"], [{}], [[]], 1.5, float("nan"), "9" * 50])
@pytest.mark.parametrize(
    ("name", "argument"),
    [("Reshape", "target_shape"), ("RepeatVector", "n"), ("UpSampling1D", "size"), ("ZeroPadding1D", "padding"),
     ("Tile", "repeats"), ("Repeat", "repeats"), ("Pad", "pad_width"), ("BroadcastTo", "shape"), ("Diag", "k"),
     ("PadImages", "top_padding"), ("Resize", "size"), ("TimeDistributed", "layer")],
)  # fmt: skip
def test_what_is_no_size_counts_nothing(name: str, argument: str, odd: object) -> None:
    of_layers = name[-1] == "D" or name in ("Reshape", "RepeatVector", "TimeDistributed")
    made = b.layer(name, name="l", **{argument: odd})
    config = b.sequential(ROW, made, b.dense("d", 2, 1)) if of_layers else operation(name, **{argument: odd})
    assert widest(config) < 100
    assert calls.total(config, Clock(Limits())) < 10


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (operation("Repeat", repeats=[2] * 100, axis=1), 200),
        (operation("Pad", pad_width=[1, 2], mode="constant"), 4),
        (operation("Pad", pad_width=[[0, 0], [3, 4]], mode="constant"), 8),
        (operation("Tile", repeats=[1, 5]), 15),
        (function("tile", multiples=[1, 5]), 15),
        (function("tile", multiples=["input_layer", 0, 0]), 0),
        (function("math.multiply", y=MANY), 0),
        (operation("OneHot", "nn", num_classes=MANY, sparse=True), 0),
        (b.sequential(b.layer("CategoryEncoding", name="t", num_tokens=MANY, sparse=True)), 0),
        (b.sequential(ROW, b.layer("UpSampling1D", name="u", size=8), b.layer("MaxPooling1D", name="p", pool_size=[4]),
                      b.layer("UpSampling1D", name="v", size=5)), 30),
        (b.sequential(b.layer("RepeatVector", name="v", n=9), b.layer("Mine", module="mine", name="m"),
                      b.layer("RepeatVector", name="w", n=5)), 27),
        (b.sequential(b.layer("Hashing", name="h", num_bins=MANY)), 0),
    ],
)  # fmt: skip
def test_what_is_known_is_counted_once(config: b.Config, count: int) -> None:
    assert widest(config) == count


def test_an_input_is_what_its_user_gives() -> None:
    config = b.sequential(b.layer("ReLU", name="r"))
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, MANY]
    assert widest(config) == 0


# Each has an input, which is called as a layer is; each is made once, and called twice by the one around it.
@pytest.mark.parametrize(("depth", "made"), [(0, 2), (1, 2 + 5), (2, 2 + 5 + 11), (5, 2 + 5 + 11 + 23 + 47 + 95)])
def test_a_model_that_is_called_twice_calls_twice_what_is_in_it(depth: int, made: int) -> None:
    assert calls.total(nested(depth), Clock(Limits())) == made
