"""How a topology is brought about: layers added to a graph that grows, and whole models that are topologies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from harness.architectures.graph import Graph
from harness.architectures.rules import Draw
from harness.architectures.spec import Spec
from harness.protocol.architecture import Architecture, Call, Freeze, Node, Ref, references

Step = Callable[[Draw, Graph], None]
Whole = Callable[[Draw, Graph], Architecture]


def put(
    graph: Graph, name: str, layer: Any, inputs: Any, output: Spec, *, keywords: dict[str, Any] | None = None
) -> Ref:
    """Adds one call with one output, of a layer that is given as it is."""
    node = Node(graph.unique(name), layer, inputs, keywords or {}, (output.shape,))
    graph.append(node, (output,), set(references((inputs, keywords or {}))))
    return Ref(node.name)


def dense(graph: Graph, name: str, onto: Ref, units: int = 2) -> Ref:
    """A Dense of this name on a tensor."""
    shape = (*graph.spec(onto).shape[:-1], units)
    return put(graph, name, Call("layers.Dense", {"units": units}), (onto,), Spec(shape))


def vector(draw: Draw, graph: Graph) -> Ref:
    """A tensor of one axis, of the graph or a new input."""
    return graph.find(draw(st.integers(2, 5).map(lambda size: Spec((size,)))), besides=set())


def model_of(graph: Graph, name: str, layer: Any, spec: Spec, output: Spec, *, inner: str, form: str) -> Architecture:
    """A model of one layer, as a layer of another."""
    given = graph.as_input(f"{name}_input", spec)
    node = Node(inner, layer, (Ref(given.name),), {}, (output.shape,), (), (graph.as_input(f"{inner}_0", output),))
    return Architecture(name, form, (given,), (node,), Ref(inner), batch=graph.batch)


def custom(name: str, **arguments: Any) -> Step:
    """A custom layer or model of this name among the layers."""

    def step(draw: Draw, graph: Graph) -> None:
        graph.add(graph.rules[f"custom.{name}"])
        node = graph.nodes[-1]
        assert isinstance(node.layer, Call)
        graph.nodes[-1] = replace(node, layer=Call(node.layer.name, {**node.layer.arguments, **arguments}))

    return step


def looked_up(draw: Draw, graph: Graph) -> None:
    """A model that keeps its layers in a list, and the first of them a table of words."""
    words = graph.find(Spec((draw(st.integers(1, 3)),), "string", differentiable=False), besides=set())
    table = Call("layers.StringLookup", {"vocabulary": ["red", "green"], "name": "table"})
    embedding = Call("layers.Embedding", {"input_dim": 3, "output_dim": 2, "name": "embedding"})
    shape = (*graph.spec(words).shape, 2)
    put(graph, "steps", Call("custom.Steps", {"layers": [table, embedding]}), (words,), Spec(shape))


def optional_input(*, given: bool) -> Step:
    """An input that may be None, for a layer that takes one tensor or two."""

    def step(draw: Draw, graph: Graph) -> None:
        first = vector(draw, graph)
        spec = graph.spec(first)
        extra = graph.input(Spec(spec.shape))
        graph.inputs[-1] = replace(graph.inputs[-1], optional=True, given=given)
        # Other layers could not do without it.
        graph.tensors = [each for each in graph.tensors if each[0] != extra]
        put(graph, "maybe", Call("custom.Maybe"), (first, extra), Spec(spec.shape))

    return step


def structured_input(form: str) -> Step:
    """A layer that takes its tensors as a dict with a tuple in it, or as a tuple with a dict in it."""

    def step(draw: Draw, graph: Graph) -> None:
        spec = draw(st.integers(2, 5).map(lambda size: Spec((size,))))
        one, two, three = (graph.find(spec, besides=set()) for _ in range(3))
        packed: Any = {"left": one, "pair": (two, three)} if form == "dict" else (one, {"a": two, "b": three})
        put(graph, "mix", Call("custom.Mix"), (packed,), spec)

    return step


def mask_given(draw: Draw, graph: Graph) -> None:
    """A recurrent layer that is handed its mask."""
    steps = draw(st.integers(3, 5))
    sequence = graph.find(Spec((steps, 2)), besides=set())
    mask = graph.find(Spec((steps,), "bool", differentiable=False), besides=set())
    layer = draw(st.sampled_from(("layers.LSTM", "layers.GRU", "layers.SimpleRNN")))
    put(graph, "with_mask", Call(layer, {"units": 2}), (sequence,), Spec((2,)), keywords={"mask": mask})


def training_given(value: bool) -> Step:
    """A layer told in its call that it is in training, or that it is not."""

    def step(draw: Draw, graph: Graph) -> None:
        onto = vector(draw, graph)
        # What is in training at every call must neither move nor be random, or no two calls could be compared.
        layer = Call("layers.BatchNormalization", {"momentum": 1.0} if value else {})
        put(graph, "told", layer, (onto,), Spec(graph.spec(onto).shape), keywords={"training": value})

    return step


def initial_state(draw: Draw, graph: Graph) -> None:
    """A recurrent layer that is given its first state."""
    sequence = graph.find(Spec((draw(st.integers(3, 5)), 2)), besides=set())
    units = draw(st.integers(1, 3))
    state = graph.find(Spec((units,)), besides=set())
    layer = draw(st.sampled_from(("layers.GRU", "layers.SimpleRNN")))
    put(graph, "started", Call(layer, {"units": units}), (sequence,), Spec((units,)),
        keywords={"initial_state": state})  # fmt: skip


def attention_mask(draw: Draw, graph: Graph) -> None:
    """An attention that is given what it may look at."""
    queries, steps = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    query = graph.find(Spec((queries, 3)), besides=set())
    value = graph.find(Spec((steps, 3)), besides=set())
    mask = graph.find(Spec((queries, steps), "bool", differentiable=False), besides=set())
    layer = Call("layers.MultiHeadAttention", {"num_heads": 1, "key_dim": 2})
    put(graph, "attention", layer, (query, value), Spec((queries, 3)), keywords={"attention_mask": mask})


def keyword_tensor(draw: Draw, graph: Graph) -> None:
    """A custom layer with a tensor as a keyword."""
    onto = vector(draw, graph)
    spec = graph.spec(onto)
    put(graph, "shift", Call("custom.Shift"), (onto,), Spec(spec.shape),
        keywords={"by": graph.find(Spec(spec.shape), besides=set())})  # fmt: skip


def keyword_constants(draw: Draw, graph: Graph) -> None:
    """A custom layer with constants in its call."""
    onto = vector(draw, graph)
    put(graph, "shift", Call("custom.Shift"), (onto,), Spec(graph.spec(onto).shape),
        keywords={"times": 2.0, "flip": True})  # fmt: skip


def scopes(draw: Draw, graph: Graph) -> None:
    """One name outside and inside of two models."""
    onto = vector(draw, graph)
    name = graph.unique("same")
    spec = graph.spec(onto)
    dense_of = Call("layers.Dense", {"units": 2})
    graph.append(Node(name, dense_of, (onto,), {}, ((2,),)), (Spec((2,)),), {onto})
    for outer in ("scope", "other_scope"):
        block = graph.unique(outer)
        form = draw(st.sampled_from(("functional", "sequential")))
        inner = model_of(graph, block, dense_of, Spec(spec.shape), Spec((2,)), inner=name, form=form)
        graph.append(Node(block, inner, (onto,)), (Spec((2,)),), {onto})


def named(name: str) -> Step:
    """A layer of this name."""

    def step(draw: Draw, graph: Graph) -> None:
        dense(graph, name, vector(draw, graph))

    return step


def single_unit(draw: Draw, graph: Graph) -> None:
    """One feature, one unit."""
    dense(graph, "single", graph.find(Spec((1,)), besides=set()), 1)


def single_pixel(draw: Draw, graph: Graph) -> None:
    """An image of one pixel and one channel."""
    pixel = graph.find(Spec((1, 1, 1)), besides=set())
    convolution = Call("layers.Conv2D", {"filters": 1, "kernel_size": 1})
    put(graph, "pixel", convolution, (pixel,), Spec((1, 1, 1)))


def long_mask(draw: Draw, graph: Graph) -> None:
    """A mask that is made by one layer, passed on by two, and used by the last."""
    steps = draw(st.integers(4, 6))
    words = graph.input(Spec((steps,), "int", limit=8, masked=True, differentiable=False))
    embedding = Call("layers.Embedding", {"input_dim": 8, "output_dim": 3, "mask_zero": True})
    embedded = put(graph, "masking", embedding, (words,), Spec((steps, 3), masked=True))
    gru = Call("layers.GRU", {"units": 2, "return_sequences": True})
    passed = put(graph, "passing", gru, (embedded,), Spec((steps, 2), masked=True))
    dropped = put(graph, "dropping", Call("layers.Dropout", {"rate": 0.25}), (passed,), Spec((steps, 2), masked=True))
    put(graph, "taking", Call("layers.LSTM", {"units": 2}), (dropped,), Spec((2,)))


def stateful(draw: Draw, graph: Graph) -> None:
    """A layer that goes on where the last batch ended; of a fixed batch size."""
    sequence = graph.find(Spec((draw(st.integers(2, 4)), 2)), besides=set())
    layer = draw(st.sampled_from(("layers.LSTM", "layers.GRU", "layers.SimpleRNN")))
    put(graph, "stateful", Call(layer, {"units": 2, "stateful": True}), (sequence,), Spec((2,)))


def three_deep(*, twice: bool) -> Step:
    """Models within models within models; the outermost called once or twice."""

    def step(draw: Draw, graph: Graph) -> None:
        spec = draw(st.integers(2, 4).map(lambda size: Spec((size,))))
        layer: Any = Call("layers.Dense", {"units": 2})
        for name in ("innermost", "middle", "outermost"):
            form = draw(st.sampled_from(("functional", "sequential")))
            own = graph.unique(name)
            inner = "deep" if isinstance(layer, Call) else layer.name
            layer = model_of(graph, own, layer, spec, Spec((2,)), inner=inner, form=form)
        first = graph.find(spec, besides=set())
        graph.append(Node(layer.name, layer, (first,)), (Spec((2,)),), {first})
        if twice:
            other = graph.find(spec, besides={first})
            graph.append(Node(graph.unique(layer.name), Ref(layer.name), (other,)), (Spec((2,)),), {other})

    return step


def nested(draw: Draw, graph: Graph) -> None:
    """A model as a layer."""
    onto = vector(draw, graph)
    name = graph.unique("base")
    layer = Call("layers.Dense", {"units": 2})
    form = draw(st.sampled_from(("functional", "sequential")))
    base = model_of(graph, name, layer, Spec(graph.spec(onto).shape), Spec((2,)), inner="inside", form=form)
    graph.append(Node(name, base, (onto,)), (Spec((2,)),), {onto})


def wrapper(draw: Draw, graph: Graph) -> None:
    """Layers within layers, with weights: one in each kind of wrapper."""
    steps = draw(st.integers(3, 5))
    onto = graph.find(Spec((steps, 2)), besides=set())
    inside = Call("layers.Dense", {"units": 2})
    onto = put(graph, "wrapper", Call("layers.TimeDistributed", {"layer": inside}), (onto,), Spec((steps, 2)))
    inside = Call("layers.LSTM", {"units": 1})
    put(graph, "wrapper", Call("layers.Bidirectional", {"layer": inside}), (onto,), Spec((2,)))


def two_inputs(draw: Draw, graph: Graph) -> None:
    """Two new inputs, each with an output."""
    for _ in range(2):
        dense(graph, "dense", graph.input(Spec((draw(st.integers(2, 4)),))))


def three_outputs(draw: Draw, graph: Graph) -> None:
    """Three outputs on one tensor."""
    onto = vector(draw, graph)
    for _ in range(3):
        dense(graph, "dense", onto)


def activated_by_a_layer(draw: Draw, graph: Graph) -> None:
    """A layer whose activation is a layer, with an argument that is not its default."""
    onto = vector(draw, graph)
    slope = "negative_slope" if graph.vocabulary.major >= 3 else "alpha"
    activation = Call("layers.LeakyReLU", {slope: draw(st.sampled_from((0.15, 0.5)))})
    put(graph, "activated", Call("layers.Dense", {"units": 2, "activation": activation}), (onto,), Spec((2,)))


def activated_with_weights(draw: Draw, graph: Graph) -> None:
    """A layer whose activation is a layer with weights of its own."""
    onto = vector(draw, graph)
    activation = Call("layers.PReLU", {"alpha_initializer": Call("initializers.Constant", {"value": 0.25})})
    put(graph, "activated", Call("layers.Dense", {"units": 3, "activation": activation}), (onto,), Spec((3,)))


def once_more(graph: Graph, layer: Ref, onto: Ref) -> Ref:
    """Calls a layer of the graph again, on another tensor of that shape."""
    spec = graph.spec(layer)
    again = Node(graph.unique(layer.node), Ref(layer.node), (onto,), {}, (spec.shape,))
    graph.append(again, (spec,), {onto})
    return Ref(again.name)


def called_again(draw: Draw, graph: Graph) -> None:
    """One layer called on two tensors, and on what was made of the second: the first call is the nearest to the end."""
    first = vector(draw, graph)
    spec = graph.spec(first)
    (width,) = spec.shape
    assert width is not None
    before = put(graph, "before", Call("layers.Activation", {"activation": "tanh"}), (first,), Spec((width,)))
    shared = dense(graph, "shared", before, width)
    again = once_more(graph, shared, graph.find(Spec((width,)), besides={first, before, shared}))
    between = put(graph, "between", Call("layers.Activation", {"activation": "relu"}), (again,), Spec((width,)))
    once_more(graph, shared, between)


def called_elsewhere(draw: Draw, graph: Graph) -> None:
    """A layer that was called for another model first, on an input that this one does not look at."""
    spec = draw(st.integers(2, 4).map(lambda size: Spec((size,))))
    shared = dense(graph, "elsewhere", graph.input(spec))
    graph.used.add(shared)
    once_more(graph, shared, graph.find(spec, besides={shared}))


def in_turns(draw: Draw, graph: Graph) -> None:
    """Two layers called in turns, twice each."""
    onto = vector(draw, graph)
    (width,) = graph.spec(onto).shape
    assert width is not None
    one = dense(graph, "one", onto, width)
    other = dense(graph, "other", one, width)
    once_more(graph, other, once_more(graph, one, other))


def subclass(name: str, *, freezes: tuple[Freeze, ...] = (), **arguments: Any) -> Whole:
    """A subclassed model alone."""

    def whole(draw: Draw, graph: Graph) -> Architecture:
        rule = graph.rules[f"custom.{name}"]
        spec = draw(rule.fresh())
        made = graph.add(rule, onto=(graph.input(spec), spec.but(masked=False, fixed_batch=graph.fixed_batch)))
        assert isinstance(made.layer, Call)
        # The policy of a whole model is drawn with it.
        given = {key: value for key, value in made.layer.arguments.items() if key not in ("trainable", "dtype")}
        graph.nodes[-1] = node = replace(made, layer=Call(made.layer.name, {**given, **arguments}))
        return Architecture(
            "model", "subclass", tuple(graph.inputs), (node,), Ref(node.name), batch=graph.batch,
            seed=draw(st.integers(0, 2**16)), freezes=freezes,
        )  # fmt: skip

    return whole


def late_and_frozen(*path: str) -> Whole:
    """A Sequential that is frozen, in part or as a whole, before its first call builds it."""

    def whole(draw: Draw, graph: Graph) -> Architecture:
        onto = graph.input(Spec((draw(st.integers(2, 4)),)))
        for name in ("first", "second"):
            onto = dense(graph, name, onto)
        return Architecture(
            "model", "sequential", tuple(graph.inputs), tuple(graph.nodes), onto, batch=graph.batch, deferred=True,
            freezes=(Freeze(path, "made"),), seed=draw(st.integers(0, 2**16)),
        )  # fmt: skip

    return whole


def sandwich(draw: Draw, graph: Graph) -> Architecture:
    """A Sequential in a functional model in a Sequential."""
    spec = Spec((draw(st.integers(2, 4)),))
    layer = Call("layers.Dense", {"units": 2})
    innermost = model_of(graph, "innermost", layer, spec, Spec((2,)), inner="deep", form="sequential")
    middle = model_of(graph, "middle", innermost, spec, Spec((2,)), inner="innermost", form="functional")
    onto = graph.input(spec)
    graph.append(Node("middle", middle, (onto,)), (Spec((2,)),), {onto})
    last = dense(graph, "last", Ref("middle"))
    return Architecture(
        "model", "sequential", tuple(graph.inputs), tuple(graph.nodes), last, batch=graph.batch,
        seed=draw(st.integers(0, 2**16)),
    )  # fmt: skip


def transferred(draw: Draw, graph: Graph) -> Architecture:
    """A functional base of an image in a Sequential, the layers of a head behind it; the base is frozen, or not."""
    image = Spec((draw(st.integers(3, 5)), 4, draw(st.integers(1, 3))), image=True)
    maps = Spec((*image.shape[:-1], 2))
    inside = Graph(draw, graph.vocabulary, graph.rules, batch=graph.batch, fixed_batch=graph.fixed_batch)
    convolved = put(
        inside, "conv", Call("layers.Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same"}),
        (inside.input(image),), maps,
    )  # fmt: skip
    base = inside.architecture("base", put(inside, "norm", Call("layers.BatchNormalization"), (convolved,), maps))
    features = put(graph, "base", base, (graph.input(image),), maps)
    pooled = put(graph, "pool", Call("layers.GlobalAveragePooling2D"), (features,), Spec((2,)))
    head = put(graph, "head", Call("layers.Dense", {"units": 3, "activation": "softmax"}), (pooled,), Spec((3,)))
    frozen = draw(st.booleans())
    return Architecture(
        "model", "sequential", tuple(graph.inputs), tuple(graph.nodes), head, batch=graph.batch,
        seed=draw(st.integers(0, 2**16)), freezes=(Freeze(("base",)),) if frozen else (),
    )  # fmt: skip


def weightless(draw: Draw, graph: Graph) -> Architecture:
    """A model without a weight."""
    onto = graph.input(Spec((3, 2)))
    for name in draw(st.permutations(("Rescaling", "ReLU", "UnitNormalization"))):
        arguments = {"scale": 0.5} if name == "Rescaling" else {}
        onto = put(graph, name.lower(), Call(f"layers.{name}", arguments), (onto,), Spec((3, 2)))
    put(graph, "flat", Call("layers.Flatten"), (onto,), Spec((6,)))
    return graph.architecture("model", Ref("flat"), seed=draw(st.integers(0, 2**16)))
