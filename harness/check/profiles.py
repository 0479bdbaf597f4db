"""How much a check covers: quick, ci, thorough."""

from __future__ import annotations

from dataclasses import dataclass

from harness.architectures.applications import SECONDS, SIDES


@dataclass(frozen=True)
class Profile:
    """`layers_per_model` goals are put into one model; `examples` is how often each layer must occur at least.

    `applications` are bases of keras.applications; those that a Keras lacks are left out there. Topologies are spread
    over the models, up to `topologies` at a time; of those that are a model by themselves `whole_models` are drawn
    (None for all). One in `one_operation_in` of the rows for `keras.ops` and operators is drawn, and one in
    `one_loss_in` of the losses and of the metrics is promised: so many seeds in a row have all. Of the arguments of
    layers, where not every one is promised, one in `one_argument_in` is asked for (none for 0), and others by the next
    seed. A `thrifty` profile sends along the costly routes only what brings something new to them.
    """

    name: str
    layers_per_model: int
    examples: int
    every_argument: bool
    applications: tuple[str, ...]
    topologies: int = 2
    whole_models: int | None = None
    one_operation_in: int = 1
    one_loss_in: int = 1
    one_argument_in: int = 0
    thrifty: bool = True


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", 6, 1, False, ("InceptionV3",), 4, 4, one_operation_in=24, one_loss_in=4, one_argument_in=2),
        Profile("ci", 5, 1, True, ("InceptionV3", *SECONDS)),
        Profile("thorough", 5, 20, True, tuple(SIDES), thrifty=False),
    )
}
