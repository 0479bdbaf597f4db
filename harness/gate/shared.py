"""What two Kerases have in common: only models that both can build are told apart by their files."""

from __future__ import annotations

from harness.architectures.vocabulary import Vocabulary

# Arguments of which Keras 2 and Keras 3 take no value in common. What cannot be trained tells little of anything else.
OTHERWISE = {
    ("Model.compile", "steps_per_execution"): 'Keras 2 trains on single batches with "auto", Keras 3 with a number'
}


def shared(one: Vocabulary, other: Vocabulary) -> Vocabulary:
    """The names and arguments that both Kerases have; it is drawn from as by the older of the two.

    Raises nothing: of two Kerases without a common name the vocabulary is empty.
    """
    older = min(one, other, key=lambda each: each.version)
    arguments = {}
    for name, taken in one.arguments.items():
        if name in other.arguments:
            theirs = other.arguments[name]
            arguments[name] = tuple(each for each in taken if each in theirs or each == "**")
            if one.major != other.major:
                arguments[name] = tuple(each for each in arguments[name] if (name, each) not in OTHERWISE)
    return Vocabulary(
        older.version,
        arguments,
        tuple(name for name in one.layers if name in other.layers),
        # A name that one of them writes as another (swish as silu) is none that both can be held to.
        {name: of for name, of in {**one.aliases, **other.aliases}.items() if of in arguments},
        {name: values for name, values in older.defaults.items() if name in arguments},
        tuple(mode for mode in one.modes if mode in other.modes),
        common=True,
    )
