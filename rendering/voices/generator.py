"""Kokoro's graph in three parts: what reads, what makes the wave's spectrum, and what makes the wave of it.

Nine tenths of the time goes into the middle part, the generator of ISTFTNet (arXiv:2203.02395). It is rewritten here for
OpenVINO: the weights are float again, and nothing is left of what quantisation put around them; each normalisation is one
operation; upsampling is a convolution; and the sine of every activation (Snake, arXiv:2006.08195) is a row of squares and
sums that run as one. The other parts stay as they are, so that durations and melody are those of the whole graph, exactly.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

AT = "/decoder/decoder/generator/"
FRAMES = "/decoder/decoder/decode.3/Div_4_output_0"  # (1, 512, 2 * units): what the decoder makes of text and melody
SOURCE = (
    AT + "Concat_3_output_0"
)  # (1, 22, 120 * units + 1): the spectrum of the voice's excitation
SPECTRUM = AT + "LeakyRelu_2_output_0"  # (1, 128, 120 * units + 1): what the last convolution reads
MADE = "spectrum"
SHAPES: dict[str, list[str | int | None]] = {
    FRAMES: [1, 512, "frames"],
    SOURCE: [1, 22, "steps"],
    SPECTRUM: [1, 128, "steps"],
}
HALVINGS = 4
"""The angle of a cosine is halved so often before its series, and the cosine doubled as often behind it."""

Weights = NDArray[np.float32]


@dataclass
class Graph:
    """A graph, and what is asked of it. `added`: new initializers by name."""

    model: ModelProto
    added: dict[str, TensorProto] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes: list[NodeProto] = list(self.model.graph.node)
        self.held = {tensor.name: tensor for tensor in self.model.graph.initializer}
        self.maker = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                self.readers[name].append(node)

    def value(self, name: str) -> NDArray[np.generic]:
        return numpy_helper.to_array(self.held[name])

    def floats(self, name: str) -> Weights:
        return self.value(name).astype(np.float32)

    def put(self, name: str, value: object, kind: type = np.float32) -> str:
        array: NDArray[Any] = np.ascontiguousarray(np.asarray(value, kind))
        self.added[name] = numpy_helper.from_array(array, name)
        return name

    def reader(self, node: NodeProto) -> NodeProto:
        """The one node that reads the first output of this one."""
        (found,) = self.readers[node.output[0]]
        return found

    def rebuilt(self, nodes: list[NodeProto]) -> ModelProto:
        """The model with these nodes and, of all initializers, those that they read."""
        read = {name for node in nodes for name in node.input}
        held = {**self.held, **self.added}
        graph = helper.make_graph(
            nodes,
            "part",
            list(self.model.graph.input),
            list(self.model.graph.output),
            [tensor for name, tensor in held.items() if name in read],
        )
        return _model_of(graph, self.model)


def parts(model: ModelProto) -> tuple[ModelProto, ModelProto, ModelProto]:
    """(reader, generator, ending): of tokens, style, speed and pitch; of FRAMES, SOURCE and style; of SPECTRUM."""
    generator = _cut(model, [FRAMES, SOURCE], [SPECTRUM])
    for step in (_in_float, _normalised, _in_two_dimensions, _upsampled, _without_sines):
        generator = step(generator)
    return (
        _cut(model, [], [FRAMES, SOURCE, "duration"]),
        generator,
        _cut(model, [SPECTRUM], ["audio"]),
    )


def _model_of(graph: onnx.GraphProto, like: ModelProto) -> ModelProto:
    return helper.make_model(graph, opset_imports=like.opset_import, ir_version=like.ir_version)


def _cut(model: ModelProto, inputs: list[str], outputs: list[str]) -> ModelProto:
    """The nodes between these tensors; the model's own inputs stay inputs where they are read."""
    graph = Graph(model)
    wanted, seen = list(outputs), set()
    while wanted:
        name = wanted.pop()
        if not name or name in seen or name in inputs:
            continue
        seen.add(name)
        if name in graph.maker:
            wanted += graph.maker[name].input
    kept = [node for node in graph.nodes if seen.intersection(node.output)]
    own = [value for value in model.graph.input if value.name in seen]
    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, SHAPES[n]) for n in inputs]
    results = [
        helper.make_tensor_value_info(
            name,
            TensorProto.INT64 if name == "duration" else TensorProto.FLOAT,
            SHAPES.get(name),
        )
        for name in outputs
    ]
    held = [tensor for name, tensor in graph.held.items() if name in seen]
    return _model_of(helper.make_graph(kept, "part", [*own, *given], results, held), model)


def _in_float(model: ModelProto) -> ModelProto:
    """Convolutions and products of whole numbers, with scales measured at every call, become plain ones in float."""
    graph = Graph(model)
    gone: set[str] = set()  # by their first output
    plain: dict[str, NodeProto] = {}
    for node in graph.nodes:
        if node.op_type == "DynamicQuantizeLinear":
            gone.add(node.output[0])
        if node.op_type not in ("ConvInteger", "MatMulInteger"):
            continue
        quantised = graph.maker[node.input[0]]
        weights = graph.floats(node.input[1])
        zero = graph.floats(node.input[3])
        gone.add(node.output[0])
        last, bias = graph.reader(node), ""
        if last.op_type == "Add":  # the bias, divided by the scale, as a whole number
            gone.add(last.output[0])
            (bias,) = set(last.input) - set(node.output)
            while graph.maker[bias].op_type != "Div":
                gone.add(bias)
                bias = graph.maker[bias].input[0]
            gone.add(bias)
            bias = graph.maker[bias].input[0]
            last = graph.reader(last)
        gone.add(last.output[0])  # Cast
        scaled = graph.reader(last)
        (both,) = set(scaled.input) - set(last.output)
        gone.add(both)
        (scale,) = set(graph.maker[both].input) - {quantised.output[1]}
        factor = graph.floats(scale)
        if node.op_type == "ConvInteger":
            column = (-1,) + (1,) * (weights.ndim - 1)
            zero, factor = (v.reshape(column) if v.size > 1 else v for v in (zero, factor))
        read = [
            quantised.input[0],
            graph.put(f"{node.input[1]}/float", (weights - zero) * factor),
        ]
        if bias:
            read.append(graph.put(f"{bias}/row", graph.floats(bias).ravel()))
        kind = node.op_type.removesuffix("Integer")
        named = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        plain[scaled.output[0]] = helper.make_node(kind, read, scaled.output[:1], **named)
    return graph.rebuilt(
        [plain.get(n.output[0], n) for n in graph.nodes if n.output[0] not in gone]
    )


def _normalised(model: ModelProto) -> ModelProto:
    """Each instance normalisation, written out as means, differences and a root, becomes one operation."""
    graph = Graph(model)
    shaped = onnx.shape_inference.infer_shapes(model).graph
    channels = {
        value.name: value.type.tensor_type.shape.dim[1].dim_value
        for value in (*shaped.value_info, *shaped.input)
        if len(value.type.tensor_type.shape.dim) == 3
    }
    gone: set[str] = set()
    one: dict[str, NodeProto] = {}
    for node in graph.nodes:
        root = graph.maker.get(node.input[1]) if node.op_type == "Div" else None
        if root is None or root.op_type != "Sqrt":
            continue
        centred, spread = graph.maker[node.input[0]], graph.maker[root.input[0]]
        (least,) = (name for name in spread.input if name in graph.held)
        (variance,) = set(spread.input) - {least}
        squares = graph.maker[variance].input[0]
        gone |= {
            centred.output[0],
            centred.input[1],
            squares,
            variance,
            root.input[0],
            node.input[1],
        }
        count = channels[centred.input[0]]
        read = [
            centred.input[0],
            graph.put(f"{count}/ones", np.ones(count)),
            graph.put(f"{count}/zeros", np.zeros(count)),
        ]
        one[node.output[0]] = helper.make_node(
            "InstanceNormalization", read, node.output[:1], epsilon=float(graph.value(least))
        )
    return graph.rebuilt([one.get(n.output[0], n) for n in graph.nodes if n.output[0] not in gone])


def _in_two_dimensions(model: ModelProto) -> ModelProto:
    """(1, channels, time) becomes (1, channels, 1, time), for which the layout with channels last is known everywhere."""
    graph = Graph(model)
    second, both = graph.put("axis", [2], np.int64), graph.put("axes", [2, 3], np.int64)
    flat = {name: f"{name}/flat" for name in (FRAMES, SOURCE)}
    nodes = [helper.make_node("Unsqueeze", [name, second], [new]) for name, new in flat.items()]
    for node in graph.nodes:
        read = [flat.get(name, name) for name in node.input]
        named = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type in ("Conv", "ConvTranspose"):
            read[1] = graph.put(f"{read[1]}/flat", graph.floats(read[1])[:, :, None])
            begin, end = named.get("pads", (0, 0))
            named |= {"kernel_shape": [1, *named["kernel_shape"]], "pads": [0, begin, 0, end]}
            for name in ("strides", "dilations"):
                named[name] = [1, *named.get(name, (1,))]
            named.pop("auto_pad", None)
        elif node.op_type == "Unsqueeze":
            read[1] = both
        elif node.op_type == "Pad":
            begin, end = graph.value(read[1])[2::3]
            read[1] = graph.put(f"{read[1]}/flat", [0, 0, 0, begin, 0, 0, 0, end], np.int64)
        else:
            for at, name in enumerate(read):
                if name in graph.held and graph.value(name).ndim == 3:
                    read[at] = graph.put(f"{name}/flat", graph.floats(name)[:, :, None])
        nodes.append(helper.make_node(node.op_type, read, node.output, domain=node.domain, **named))
    nodes.append(helper.make_node("Squeeze", [SPECTRUM, second], [MADE]))
    made = graph.rebuilt(nodes)
    result = helper.make_tensor_value_info(MADE, TensorProto.FLOAT, SHAPES[SPECTRUM])
    made.graph.output.pop()
    made.graph.output.append(result)
    return made


def _upsampled(model: ModelProto) -> ModelProto:
    """A transposed convolution whose kernel is two strides long, as a convolution of two taps for each phase."""
    graph = Graph(model)
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        if node.op_type != "ConvTranspose":
            nodes.append(node)
            continue
        named = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        kernel, stride, edge = graph.floats(node.input[1]), named["strides"][1], named["pads"][1]
        came, made, _, length = kernel.shape
        if length != 2 * stride:
            raise ValueError(f"A kernel of {length} steps is not two strides of {stride}.")
        # Step stride*t+p of the result reads x[t] with tap p, and x[t-1] with tap p+stride.
        taps = kernel[:, :, 0].reshape(came, made, 2, stride).transpose(3, 1, 0, 2)[..., ::-1]
        name = node.output[0]
        bias = graph.put(f"{name}/bias", np.tile(graph.floats(node.input[2]), stride))
        phases = graph.put(f"{name}/taps", taps.reshape(stride * made, came, 1, 2))
        rows = graph.put(f"{name}/rows", [1, 1, -1, made], np.int64)
        bounds = [
            graph.put(f"{name}/{which}", [value], np.int64)
            for which, value in (("from", edge), ("to", -edge), ("along", 2))
        ]
        nodes += [
            helper.make_node(
                "Conv", [node.input[0], phases, bias], [f"{name}/phases"], kernel_shape=[1, 2], pads=[0, 1, 0, 1]
            ),
            helper.make_node("Transpose", [f"{name}/phases"], [f"{name}/last"], perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", [f"{name}/last", rows], [f"{name}/steps"]),
            helper.make_node("Slice", [f"{name}/steps", *bounds], [f"{name}/inside"]),
            helper.make_node("Transpose", [f"{name}/inside"], [name], perm=[0, 3, 1, 2]),
        ]  # fmt: skip
    return graph.rebuilt(nodes)


def cosine() -> tuple[float, float, float]:
    """(a, b, c) of a + b * (x² + c)², the cosine of x for |x| up to 2π / 2**HALVINGS, within 2e-7."""
    most = (2 * np.pi / 2**HALVINGS) ** 2
    squares = (np.cos(np.pi * (np.arange(600) + 0.5) / 600) / 2 + 0.5) * most
    fit = np.polynomial.Chebyshev.fit(squares, np.cos(np.sqrt(squares)), 2, domain=[0, most])
    low, middle, high = map(float, fit.convert(kind=np.polynomial.Polynomial).coef)
    centre = middle / (2 * high)
    return low - high * centre**2, high, centre


def _without_sines(model: ModelProto) -> ModelProto:
    """sin² of every activation, of operations with one changing operand each: OpenVINO makes one loop of such a row.

    The angle, as a share of π, loses its whole part; what is left is halved, its cosine is taken from a series and doubled
    again: cos 2x = 2 cos² x - 1; and sin² x = 1 - cos² x.
    """
    graph = Graph(model)
    a, b, c = cosine()
    fixed = {value: graph.put(f"number/{value}", value) for value in (-1.0, 1.0, 2.0, a, b, c)}
    part = graph.put("angle", 2 * np.pi / 2**HALVINGS)
    gone: set[str] = set()
    rows: dict[str, list[NodeProto]] = {}
    for node in graph.nodes:
        if node.op_type != "Sin":
            continue
        squared, angle = graph.reader(node), graph.maker[node.input[0]]
        (rate,) = (name for name in angle.input if name in graph.held)
        (moved,) = set(angle.input) - {rate}
        gone |= {node.output[0], angle.output[0]}
        share = graph.put(f"{rate}/pi", graph.floats(rate) / np.pi)
        double = [("Pow", fixed[2.0]), ("Mul", fixed[2.0]), ("Add", fixed[-1.0])]
        steps = [
            *[("Mul", share), ("Mod", fixed[1.0]), ("Mul", part), ("Pow", fixed[2.0])],
            *[("Add", fixed[c]), ("Pow", fixed[2.0]), ("Mul", fixed[b]), ("Add", fixed[a])],
            *double * (HALVINGS - 1),
            *[("Pow", fixed[2.0]), ("Mul", fixed[-1.0]), ("Add", fixed[1.0])],
        ]
        names = [moved, *(f"{node.output[0]}/{n}" for n in range(1, len(steps))), squared.output[0]]
        row = rows[squared.output[0]] = []
        for n, (kind, operand) in enumerate(steps):
            named: dict[str, Any] = {"fmod": 1} if kind == "Mod" else {}
            row.append(helper.make_node(kind, [names[n], operand], [names[n + 1]], **named))
    nodes = [n for n in graph.nodes if n.output[0] not in gone]
    return graph.rebuilt([made for n in nodes for made in rows.get(n.output[0], [n])])
