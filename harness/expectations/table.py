"""The table: what each route promises of each observation. The heart of the harness.

`=`    equal, bit by bit
`=s`   equal; an optimizer that has not made a step may come back built (its slots then are as new), and a summary
       may state its parameters then: loading builds the optimizer, and nothing was there to be lost
`=l`   equal as far as layers go: parameter totals and optimizer of a summary aside, for the optimizer stays behind
`no`   must be absent: not compiled, no optimizer
`.`    not asked
"""

from __future__ import annotations

from collections.abc import Mapping

TABLE = """
route             structure  summary  config  weights  adapters  flags  compile  optimizer  outputs  training_outputs  losses  training  fresh
keras_zip         =          =s       =       =        =         =      =        =s         =        =                 =       =         .
keras_folder      =          =s       =       =        =         =      =        =s         =        =                 =       =         .
keras_uncompiled  =          =l       =       =        =         =      no       no         =        =                 .       .         .
keras_zip_twice   =          =s       =       =        =         =      =        =s         =        .                 .       .         .
hdf5              =          =s       =       =        =         =      =        =s         =        =                 =       =         .
hdf5_uncompiled   =          =l       =       =        =         =      no       no         =        =                 .       .         .
hdf5_twice        =          =s       =       =        =         =      =        =s         =        .                 .       .         .
weights_h5        .          .        .       =        =         .      .        .          =        .                 .       .         .
weights_sharded   .          .        .       =        =         .      .        .          =        .                 .       .         .
set_weights       .          .        .       =        =         .      .        .          =        .                 .       .         .
weights_npz       .          .        .       =        =         .      .        .          =        .                 .       .         .
from_config       =          =l       =       .        .         =      .        .          .        .                 .       .         =
json              =          =l       =       .        .         =      .        .          .        .                 .       .         =
clone             =          =l       =       .        .         =      .        .          .        .                 .       .         =
clone_function    =          =l       =       .        .         .      .        .          .        .                 .       .         =
"""
RELATIONS = ("=", "=s", "=l", "no", ".")


def parse(text: str = TABLE) -> dict[str, dict[str, str]]:
    """The table as ``{route: {observation: relation}}``, in its order; raises ValueError for a damaged one.

    >>> parse()["hdf5_uncompiled"]["optimizer"]
    'no'
    """
    head, *rows = [line.split() for line in text.strip().splitlines()]
    names = [name.replace("_", " ") for name in head[1:]]
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        if len(row) != len(head) or not set(row[1:]) <= set(RELATIONS):
            raise ValueError(f"the row of {row[0]!r} does not fit the table: {' '.join(row)}")
        table[row[0]] = {name: relation for name, relation in zip(names, row[1:], strict=True) if relation != "."}
    return table


def asked(table: Mapping[str, Mapping[str, str]], *, compiled: bool) -> dict[str, list[str]]:
    """The observations to ask of each route; of a model that is not compiled, none that need it to be."""
    needing = {"compile", "optimizer", "training"}
    return {
        route: [name for name in row if compiled or name not in needing] for route, row in table.items()
    }
