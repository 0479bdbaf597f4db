"""The table: what each route promises of each observation. The heart of the harness.

`=`    equal, bit by bit
`=s`   equal; an optimizer that has not made a step may come back built (its slots then are as new), and a summary
       may state its parameters then: loading builds the optimizer, and nothing was there to be lost
`=l`   equal as far as layers go: parameter totals and optimizer of a summary aside, for the optimizer stays behind
`=n`   equal but for the wiring of the graph, which `outputs` shows (with the original's weights put in)
`=h`   the optimizer's settings equal: `.h5` holds no `run_eagerly` and the like, and writes loss and metrics in its own
       form; that they are the same ones is held by `losses` and `training`
`~`    equal within `compare.CLOSE`, `~t` within `compare.STEPS`
`no`   must be absent: not compiled, no optimizer
`.`    not asked

`original` is the model that was sent, after the trip: nothing that Keras does with it may change it. What another process
does cannot, and `transfer` trains another one.

The rows stand in the order in which a model is sent: all of `.keras` before any `.h5`, for Keras 3.15 takes the
optimizer out of a live model's compile config as it saves that to `.h5`.
"""

from __future__ import annotations

from collections.abc import Mapping

TABLE = """
route             structure  summary  config  weights  adapters  flags  compile  optimizer  outputs  training_outputs  losses  training  fresh  original
keras_zip         =          =s       =       =        =         =      =        =s         =        =                 ~t      ~t        .      =
keras_folder      =          =s       =       =        =         =      =        =s         =        =                 ~t      ~t        .      =
keras_uncompiled  =          =l       =       =        =         =      no       no         =        =                 .       .         .      =
keras_zip_twice   =          =s       =       =        =         =      =        =s         =        .                 .       .         .      =
keras_elsewhere   =          =l       =       =        =         =      =        .          =        .                 .       .         .      =
hdf5              =          =s       =       =        =         =      =h       =s         =        =                 ~t      ~t        .      =
hdf5_uncompiled   =          =l       =       =        =         =      no       no         =        =                 .       .         .      =
hdf5_twice        =          =s       =       =        =         =      =h       =s         =        .                 .       .         .      =
weights_h5        .          .        .       =        =         .      .        .          =        .                 .       .         .      =
weights_sharded   .          .        .       =        =         .      .        .          =        .                 .       .         .      =
set_weights       .          .        .       =        =         .      .        .          =        .                 .       .         .      =
weights_npz       .          .        .       =        =         .      .        .          =        .                 .       .         .      =
checkpoint        .          .        .       =        =         .      .        .          =        .                 .       .         .      =
from_config       =          =l       =       .        .         =      .        .          =        .                 .       .         =      =
json              =          =l       =       .        .         =      .        .          =        .                 .       .         =      =
clone             =          =l       =n      .        .         =      .        .          =        .                 .       .         =      =
clone_function    =          =l       =n      .        .         =      .        .          =        .                 .       .         =      =
keras_zip_process =          =s       =       =        =         =      =        =s         =        =                 ~t      ~t        .      .
hdf5_process      =          =s       =       =        =         =      =h       =s         =        =                 ~t      ~t        .      .
hdf5_elsewhere    =          =l       =       =        =         =      =h       .          =        .                 .       .         .      =
clone_inputs      .          .        .       .        .         .      .        .          .        .                 .       .         =      =
weights_by_name   .          .        .       =        =         .      .        .          =        .                 .       .         .      =
hdf5_weights      .          .        .       =        =         .      .        .          =        .                 .       .         .      =
"""
# What a route observes by itself, of a model that it makes.
OWN = """
route          observation      relation
checkpoint     tracked          =
skip_mismatch  others_restored  =
skip_mismatch  original         =
refused        refused          =
refused        original         =
extraction     extracted        =
extraction     original         =
transfer       frozen           =
transfer       moved            =
export         exported         ~
export         original         =
"""
# Why a model is not sent along a route: what it lacks. Nothing is left out without one of these.
LACKING = {
    "described": "it is made by code of one's own, and no architecture says how to make one that differs in a layer",
    "compiled": "it is not compiled, so that it makes no difference to load it without compile settings",
    "weights": "it has no weights",
    "graph": (
        "it is subclassed: Keras refuses a whole .h5 and a clone by layers or inputs (held by `refused`), and its"
        " layers have no symbolic outputs to be cut at"
    ),
    "floats": "none of its outputs holds floats",
    "features": "no float output of it has a known size to put a head on",
    "signature": "its outputs are nested or an input is None: a SavedModel gives and takes tensors, in a list or a dict at most",
}
RELATIONS = ("=", "=s", "=l", "=n", "=h", "~", "~t", "no", ".")


def parse(text: str = TABLE, own: str = OWN) -> dict[str, dict[str, str]]:
    """The tables as ``{route: {observation: relation}}``, in their order; raises ValueError for a damaged one.

    >>> parse()["hdf5_uncompiled"]["optimizer"]
    'no'
    """
    head, *rows = [line.split() for line in text.strip().splitlines()]
    _, *more = [line.split() for line in own.strip().splitlines()]
    names = [name.replace("_", " ") for name in head[1:]]
    table: dict[str, dict[str, str]] = {}
    for row, width, named in (*((each, len(head), 1) for each in rows), *((each, 3, 2) for each in more)):
        if len(row) != width or not set(row[named:]) <= set(RELATIONS):
            raise ValueError(f"the row of {row[0]!r} does not fit the table: {' '.join(row)}")
    for row in rows:
        table[row[0]] = {name: relation for name, relation in zip(names, row[1:], strict=True) if relation != "."}
    for route, observation, relation in more:
        table.setdefault(route, {})[observation.replace("_", " ")] = relation
    return table


def asked(table: Mapping[str, Mapping[str, str]], *, compiled: bool) -> dict[str, list[str]]:
    """The observations to ask of each route; of a model that is not compiled, none that need it to be."""
    needing = {"compile", "optimizer", "training"}
    return {route: [name for name in row if compiled or name not in needing] for route, row in table.items()}
