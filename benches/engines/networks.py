"""Networks with random weights: how fast a network is does not depend on what it knows."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9


def makers():
    """Functions that make a network and its inputs, by name. None needs its folder."""
    return {
        "mlp": lambda _: mlp(),
        "cnn8": lambda _: cnn(8, 8),
        "cnn28": lambda _: cnn(28, 16),
        "resnet18": lambda _: resnet18(),
        "mobilenetv2": lambda _: mobilenetv2(),
        "transformer": lambda _: transformer(),
        "gru": lambda _: recurrent("GRU", 3),
        "lstm": lambda _: recurrent("LSTM", 4),
    }


class Graph:
    """A graph with one input `X` and one output `Y`, both FP32, built node by node."""

    def __init__(self):
        self.random = np.random.RandomState(0)
        self.nodes, self.constants, self.n_names = [], [], 0

    def name(self):
        """A name that nothing else has."""
        self.n_names += 1
        return f"v{self.n_names}"

    def constant(self, array):
        """Adds a constant; gives its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(array), self.name()))
        return self.constants[-1].name

    def weights(self, *shape, scale=None):
        """Adds normal numbers, of a size that keeps activations near 1."""
        fan_in = np.prod(shape[1:]) if len(shape) > 2 else shape[0]
        scale = scale or 1 / np.sqrt(max(1, fan_in))
        return self.constant((self.random.randn(*shape) * scale).astype(np.float32))

    def add(self, operator, *inputs, n_outputs=1, **attributes):
        """Adds a node; gives the name of its output, or all of several."""
        outputs = [self.name() for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0] if n_outputs == 1 else outputs

    def gemm(self, x, n_in, n_out):
        """A dense layer."""
        return self.add("Gemm", x, self.weights(n_in, n_out), self.weights(n_out))

    def conv(self, x, n_in, n_out, size, stride=1, groups=1):
        """A convolution that keeps the image's extents at stride 1."""
        return self.add(
            "Conv",
            x,
            self.weights(n_out, n_in // groups, size, size),
            self.weights(n_out, scale=0.1),
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[size // 2] * 4,
            group=groups,
        )

    def finish(self, y, in_shape, out_shape, batches):
        """The model, and normal numbers for each batch."""
        self.nodes.append(helper.make_node("Identity", [y], ["Y"]))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "network",
            [value("X", TensorProto.FLOAT, ["N", *in_shape])],
            [value("Y", TensorProto.FLOAT, ["N", *out_shape])],
            self.constants,
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        rows = {n: {"X": self.random.randn(n, *in_shape).astype(np.float32)} for n in batches}
        return model, rows


def mlp():
    """784-128-10 with softmax: the handwritten digits' classic."""
    graph = Graph()
    x = graph.add("Relu", graph.gemm("X", 784, 128))
    x = graph.add("Softmax", graph.gemm(x, 128, 10), axis=1)
    return graph.finish(x, [784], [10], [1, 8, 64])


def cnn(size, n_channels):
    """Two convolutions with pooling, two dense layers, on images of one channel."""
    graph = Graph()
    x, n_in = "X", 1
    for n_out in (n_channels, 2 * n_channels):
        x = graph.add("Relu", graph.conv(x, n_in, n_out, 3))
        x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        n_in = n_out
    x = graph.add("Flatten", x, axis=1)
    x = graph.add("Relu", graph.gemm(x, n_in * (size // 4) ** 2, 64))
    return graph.finish(graph.gemm(x, 64, 10), [1, size, size], [10], [1, 8, 64])


def resnet18():
    """ResNet-18 on 224 x 224, its batch normalisations folded into the convolutions."""
    graph = Graph()
    x = graph.add("Relu", graph.conv("X", 3, 64, 7, 2))
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    n_in = 64
    for stage, n_out in enumerate([64, 128, 256, 512]):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            y = graph.add("Relu", graph.conv(x, n_in, n_out, 3, stride))
            y = graph.conv(y, n_out, n_out, 3)
            if stride != 1 or n_in != n_out:
                x = graph.conv(x, n_in, n_out, 1, stride)
            x = graph.add("Relu", graph.add("Add", x, y))
            n_in = n_out
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    return graph.finish(graph.gemm(x, 512, 1000), [3, 224, 224], [1000], [1, 8])


def mobilenetv2():
    """MobileNetV2 on 224 x 224: depth-wise convolutions between narrow layers."""
    graph = Graph()
    relu6 = lambda x: graph.add("Clip", x, *limits)
    limits = [graph.constant(np.float32(limit)) for limit in (0, 6)]
    x, n_in = graph.add("Relu", graph.conv("X", 3, 32, 3, 2)), 32
    # Expansion, channels, repeats, stride of the first: table 2 of arXiv 1801.04381.
    for factor, n_out, repeats, first in [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for index in range(repeats):
            stride, n_wide, y = (first if index == 0 else 1), n_in * factor, x
            if factor != 1:
                y = relu6(graph.conv(y, n_in, n_wide, 1))
            y = relu6(graph.conv(y, n_wide, n_wide, 3, stride, n_wide))
            y = graph.conv(y, n_wide, n_out, 1)
            x = graph.add("Add", x, y) if stride == 1 and n_in == n_out else y
            n_in = n_out
    x = graph.add("Relu", graph.conv(x, 320, 1280, 1))
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    return graph.finish(graph.gemm(x, 1280, 1000), [3, 224, 224], [1000], [1, 8])


def transformer(n_layers=4, width=256, n_heads=4, length=64):
    """An encoder as exporters write it: attention from single operators, GELU by Erf."""
    graph = Graph()
    head = width // n_heads
    scalar = lambda number: graph.constant(np.float32(number))
    split, merge = (graph.constant(np.int64(dims)) for dims in ([0, 0, n_heads, head], [0, 0, width]))

    def norm(x):
        ones, zeros = (graph.constant(np.full(width, fill, np.float32)) for fill in (1, 0))
        return graph.add("LayerNormalization", x, ones, zeros, axis=-1, epsilon=1e-5)

    def linear(x, n_in, n_out):
        product = graph.add("MatMul", x, graph.weights(n_in, n_out))
        return graph.add("Add", product, graph.weights(n_out, scale=0.01))

    def heads(x, order):
        return graph.add("Transpose", graph.add("Reshape", linear(x, width, width), split), perm=order)

    def gelu(x):
        half = graph.add("Erf", graph.add("Div", x, scalar(np.sqrt(2))))
        return graph.add("Mul", graph.add("Mul", x, graph.add("Add", half, scalar(1))), scalar(0.5))

    x = "X"
    for _ in range(n_layers):
        query, key, value = (heads(x, order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        scores = graph.add("Div", graph.add("MatMul", query, key), scalar(np.sqrt(head)))
        mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), merge)
        x = norm(graph.add("Add", x, linear(mixed, width, width)))
        wide = gelu(linear(x, width, 4 * width))
        x = norm(graph.add("Add", x, linear(wide, 4 * width, width)))
    return graph.finish(x, [length, width], [length, width], [1, 8])


def recurrent(operator, n_gates, n_hidden=64, n_in=32, length=32):
    """One recurrent layer over a sequence, and a dense one on its last state."""
    graph = Graph()
    # As PyTorch exports it.
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    weights = [
        graph.weights(1, n_gates * n_hidden, n_in, scale=0.1),
        graph.weights(1, n_gates * n_hidden, n_hidden, scale=0.1),
        graph.weights(1, 2 * n_gates * n_hidden, scale=0.1),
    ]
    x = graph.add("Transpose", "X", perm=[1, 0, 2])
    _, last = graph.add(operator, x, *weights, n_outputs=2, hidden_size=n_hidden, **attributes)
    x = graph.add("Squeeze", last, graph.constant(np.int64([0])))
    return graph.finish(graph.gemm(x, n_hidden, 5), [length, n_in], [5], [1, 8, 64])
