"""Writes the small graphs of this folder and the answers that onnxruntime gives for them.

Each graph is one that rten computes only when told the right way, or that its optimiser could take
for another. Needs the packages onnx 1.23, onnxruntime 1.32 and numpy.

`NAME.json` has the layout of the bundled models' `expected.json`:
`{"inputs": {name: {"dtype", "shape", "values"}}, "outputs": {...}}`.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
DTYPES = {
    "bool": "BOOL", "uint8": "UINT8", "int8": "INT8", "int32": "INT32", "int64": "INT64",
    "float32": "FP32",
}
F32, I32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
random = np.random.default_rng(0)
node = helper.make_node


def value(name, dtype, shape):
    """Declares an input or output."""
    return helper.make_tensor_value_info(name, dtype, shape)


def normal(*shape):
    """Ordinary float32 numbers."""
    return random.normal(size=shape).astype(np.float32)


def ints(*values):
    """A vector of int64."""
    return np.array(values, dtype=np.int64)


def save(name, opset, nodes, inputs, outputs, constants, rows):
    """Writes one graph, runs it on `rows` as written and writes the answers."""
    constants = [numpy_helper.from_array(np.asarray(array), key) for key, array in constants.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    encoded = model.SerializeToString(deterministic=True)
    (FOLDER / f"{name}.onnx").write_bytes(encoded)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(encoded, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, rows)))
    lines = []
    for side, tensors in (("inputs", rows), ("outputs", answers)):
        entries = [f'    "{key}": {json.dumps(tensor(array))}' for key, array in tensors.items()]
        lines.append(f'  "{side}": {{\n' + ",\n".join(entries) + "\n  }")
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def tensor(array):
    """One entry of the answers."""
    return {
        "dtype": DTYPES[array.dtype.name],
        "shape": list(array.shape),
        "values": array.reshape(-1).tolist(),
    }


def recurrent(name, operator, gates, direction, **attributes):
    """A recurrent layer over sequences of any length."""
    hidden, n_inputs = 3, 2
    n_directions = 2 if direction == "bidirectional" else 1
    constants = {
        "w": normal(n_directions, gates * hidden, n_inputs),
        "r": normal(n_directions, gates * hidden, hidden),
        "b": normal(n_directions, 2 * gates * hidden),
    }
    layer = node(
        operator, ["x", "w", "r", "b"], ["y", "last"], hidden_size=hidden, direction=direction,
        **attributes,
    )
    save(
        name, 14, [layer], [value("x", F32, ["steps", "rows", n_inputs])],
        [value("y", F32, None), value("last", F32, None)], constants, {"x": normal(4, 2, n_inputs)},
    )


def transformer():
    """A block of self-attention, with normalisation and Gelu spelled out."""
    width, heads = 8, 2
    linear = lambda x, y, w, b: [node("MatMul", [x, w], [f"{y}0"]), node("Add", [f"{y}0", b], [y])]
    split = lambda x, y, perm: [
        node("Reshape", [x, "split"], [f"{y}1"]), node("Transpose", [f"{y}1"], [y], perm=perm),
    ]
    norm = lambda x, y: [
        node("ReduceMean", [x], [f"{y}m"], axes=[-1]),
        node("Sub", [x, f"{y}m"], [f"{y}d"]),
        node("Pow", [f"{y}d", "two"], [f"{y}p"]),
        node("ReduceMean", [f"{y}p"], [f"{y}v"], axes=[-1]),
        node("Add", [f"{y}v", "epsilon"], [f"{y}e"]),
        node("Sqrt", [f"{y}e"], [f"{y}s"]),
        node("Div", [f"{y}d", f"{y}s"], [f"{y}n"]),
        node("Mul", [f"{y}n", "gain"], [f"{y}g"]),
        node("Add", [f"{y}g", "shift"], [y]),
    ]
    nodes = [
        *linear("x", "q", "wq", "bq"), *linear("x", "k", "wk", "bk"), *linear("x", "v", "wv", "bv"),
        *split("q", "qh", [0, 2, 1, 3]), *split("k", "kh", [0, 2, 3, 1]),
        *split("v", "vh", [0, 2, 1, 3]),
        node("MatMul", ["qh", "kh"], ["scores0"]),
        node("Div", ["scores0", "root"], ["scores1"]),
        node("Add", ["scores1", "mask"], ["scores"]),
        node("Softmax", ["scores"], ["weights"], axis=-1),
        node("MatMul", ["weights", "vh"], ["mixed0"]),
        node("Transpose", ["mixed0"], ["mixed1"], perm=[0, 2, 1, 3]),
        node("Reshape", ["mixed1", "join"], ["mixed"]),
        node("Add", ["x", "mixed"], ["residual"]),
        *norm("residual", "normal"),
        *linear("normal", "wide", "wf", "bf"),
        node("Div", ["wide", "root2"], ["gelu0"]),
        node("Erf", ["gelu0"], ["gelu1"]),
        node("Add", ["gelu1", "one"], ["gelu2"]),
        node("Mul", ["wide", "gelu2"], ["gelu3"]),
        node("Mul", ["gelu3", "half"], ["y"]),
    ]
    constants = {
        "split": ints(0, 0, heads, width // heads), "join": ints(0, 0, width),
        "root": np.float32(2), "root2": np.float32(np.sqrt(2)), "one": np.float32(1),
        "half": np.float32(0.5), "two": np.float32(2), "epsilon": np.float32(1e-5),
        "gain": normal(width), "shift": normal(width),
        "wf": normal(width, 2 * width), "bf": normal(2 * width),
    }
    for name in "qkv":
        constants |= {f"w{name}": normal(width, width), f"b{name}": normal(width)}
    mask = np.where(random.random((2, 1, 1, 5)) < 0.3, -1e4, 0).astype(np.float32)
    save(
        "transformer", 13, nodes,
        [value("x", F32, ["rows", "length", width]), value("mask", F32, ["rows", 1, 1, "length"])],
        [value("y", F32, ["rows", "length", 2 * width])], constants,
        {"x": normal(2, 5, width), "mask": mask},
    )


def branches():
    """A choice of two branches that take values of the graph around them, and a loop."""
    then = helper.make_graph(
        [node("Mul", ["x", "w"], ["then_y"])], "then", [], [value("then_y", F32, None)]
    )
    other = helper.make_graph(
        [node("Add", ["x", "w"], ["sum"]), node("Relu", ["sum"], ["else_y"])], "else", [],
        [value("else_y", F32, None)],
    )
    body = helper.make_graph(
        [
            node("Add", ["before", "chosen"], ["after"]),
            node("Identity", ["go"], ["goes"]),
            node("Cast", ["round"], ["round_f"], to=F32),
            node("Mul", ["after", "round_f"], ["scan"]),
        ],
        "body",
        [value("round", I64, []), value("go", BOOL, []), value("before", F32, None)],
        [value("goes", BOOL, []), value("after", F32, None), value("scan", F32, None)],
    )
    nodes = [
        node("ReduceSum", ["x"], ["total"], keepdims=0),
        node("Greater", ["total", "zero"], ["positive"]),
        node("If", ["positive"], ["chosen"], then_branch=then, else_branch=other),
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "first"], ["rounds"]),
        node("Loop", ["rounds", "", "start"], ["y", "scans"], body=body),
    ]
    constants = {
        "w": normal(3), "zero": np.float32(0), "first": np.int64(0), "start": np.zeros(3, np.float32)
    }
    for name, sign in (("branches_then", 1), ("branches_else", -1)):
        save(
            name, 17, nodes, [value("x", F32, ["rows", 3])],
            [value("y", F32, None), value("scans", F32, None)], constants,
            {"x": sign * np.abs(normal(4, 3))},
        )


def main():
    """All graphs."""
    recurrent("gru", "GRU", 3, "bidirectional", linear_before_reset=1)
    recurrent("lstm", "LSTM", 4, "forward")
    recurrent("lstm_reverse", "LSTM", 4, "reverse")
    transformer()
    branches()
    # Without strides, paddings, dilations and kernels: the operators' defaults.
    save(
        "defaults", 17,
        [
            node("Conv", ["x", "w"], ["c"]),
            node("MaxPool", ["c"], ["m"], kernel_shape=[2, 2]),
            node("AveragePool", ["m"], ["a"], kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
            node("ConvTranspose", ["a", "t"], ["d"]),
            node("Softplus", ["d"], ["s"]),
            node("Dropout", ["s"], ["y"]),
        ],
        [value("x", F32, ["rows", 2, "height", "width"])], [value("y", F32, None)],
        {"w": normal(4, 2, 3, 3), "t": normal(4, 2, 2, 2)},
        {"x": 100 * normal(3, 2, 9, 7)},
    )
    # All axes from the second on are one, as before operator set 13.
    save(
        "old_softmax", 11,
        [node("Softmax", ["x"], ["y"]), node("LogSoftmax", ["x"], ["z"], axis=2)],
        [value("x", F32, ["rows", 3, "length"])],
        [value("y", F32, ["rows", 3, "length"]), value("z", F32, ["rows", 3, "length"])], {},
        {"x": normal(2, 3, 4)},
    )
    # Ranks that rten gets wrong: matrices times a vector, numbers divided by more axes.
    save(
        "ranks", 17,
        [
            node("MatMul", ["x", "vector"], ["v"]),
            node("ReduceMax", ["x"], ["most"], keepdims=0),
            node("Div", ["most", "one"], ["q"]),
            node("Neg", ["q"], ["y"]),
        ],
        [value("x", F32, ["rows", 3, 4, 2])],
        [value("v", F32, ["rows", 3, 4]), value("y", F32, [1, 1])],
        {"vector": normal(2), "one": np.full((1, 1), 3, np.float32)}, {"x": normal(2, 3, 4, 2)},
    )
    # What rten's optimiser takes for a normalisation, and is none.
    save(
        "lookalike", 13,
        [
            node("ReduceMean", ["x"], ["m"], axes=[-1]),
            node("Sub", ["x", "m"], ["d"]),
            node("Pow", ["d", "nearly_two"], ["p"]),
            node("ReduceMean", ["p"], ["v"], axes=[-1]),
            node("Add", ["v", "epsilon"], ["e"]),
            node("Sqrt", ["e"], ["s"]),
            node("Div", ["d", "s"], ["n"]),
            node("Mul", ["n", "gain"], ["y"]),
        ],
        [value("x", F32, ["rows", 4])], [value("y", F32, ["rows", 4])],
        {"nearly_two": np.float32(2.00005), "epsilon": np.float32(1e-5), "gain": normal(4)},
        # A row of one number: its power is of 0, whatever the exponent.
        {"x": np.full((3, 4), 0.5, np.float32)},
    )
    # Shapes as values: slices of shapes, products, an expansion by them.
    save(
        "shapes", 15,
        [
            node("Shape", ["x"], ["tail"], start=1),
            node("Slice", ["tail", "zero", "one"], ["middle"]),
            node("ReduceProd", ["tail"], ["columns"], keepdims=1),
            node("Concat", ["minus", "columns"], ["flat"], axis=0),
            node("Reshape", ["x", "flat"], ["y"]),
            node("Cast", ["x"], ["truth"], to=BOOL),
            node("Where", ["truth", "x", "filler"], ["z"]),
        ],
        [value("x", F32, ["rows", "height", "width"])],
        [value("middle", I64, None), value("y", F32, None), value("z", F32, None)],
        {"zero": ints(0), "one": ints(1), "minus": ints(-1), "filler": np.float32(7)},
        {"x": np.array([[[0, 0.5], [-0.5, 2]], [[0, 0], [70000, 1]]], np.float32)[:, :, :1]},
    )
    # Look-ups by a request's numbers, and positions beside them.
    save(
        "embedding", 13,
        [
            node("Gather", ["table", "ids"], ["words"]),
            node("Shape", ["ids"], ["shape"]),
            node("Gather", ["shape", "second"], ["length"]),
            node("Range", ["begin", "length", "step"], ["positions"]),
            node("Gather", ["places", "positions"], ["where"]),
            node("Add", ["words", "where"], ["y"]),
            node("TopK", ["y", "k"], ["best", "at"], axis=-1),
            node("Equal", ["ids", "seven"], ["is_seven"]),
        ],
        [value("ids", I64, ["rows", "length"])],
        [
            value("y", F32, ["rows", "length", 4]), value("at", I64, ["rows", "length", 1]),
            value("is_seven", BOOL, ["rows", "length"]),
        ],
        {
            "table": normal(8, 4), "places": normal(6, 4), "second": np.int64(1),
            "begin": np.int64(0), "step": np.int64(1), "k": ints(1), "seven": np.int64(7),
        },
        {"ids": np.array([[0, 7, -1], [3, 2, 7]], np.int64)},
    )
    # One of each of some numbers, as magika does it: the shape to expand to is made in INT32 of an
    # extent of the request and of constants.
    save(
        "one_hot", 15,
        [
            node("Reshape", ["bytes", "column"], ["columns"]),
            node("Shape", ["bytes"], ["shape"]),
            node("Cast", ["shape"], ["shape32"], to=I32),
            node("Slice", ["shape32", "first", "second", "first"], ["rows"]),
            node("Concat", ["rows", "six", "one"], ["wide32"], axis=0),
            node("Cast", ["wide32"], ["wide"], to=I64),
            node("Expand", ["columns", "wide"], ["expanded"]),
            node("Equal", ["expanded", "numbers"], ["hot"]),
            node("Cast", ["hot"], ["hot32"], to=F32),
            node("MatMul", ["hot32", "table"], ["y"]),
        ],
        [value("bytes", I32, ["rows", 6])], [value("y", F32, ["rows", 6, 3])],
        {
            "column": ints(-1, 6, 1), "first": ints(0), "second": ints(1),
            "six": np.array([6], np.int32), "one": np.array([1], np.int32),
            "numbers": np.arange(5, dtype=np.int32).reshape(1, 1, 5), "table": normal(5, 3),
        },
        {"bytes": np.array([[0, 4, 2, 2, 1, 3], [4, 4, 0, 1, 5, -1]], np.int32)},
    )
    # The first of equal numbers, zeros of both signs among them.
    save(
        "first_of_equals", 13,
        [
            node("ArgMax", ["x"], ["most"], axis=1, keepdims=0),
            node("ArgMin", ["x"], ["least"], axis=-1),
            node("ArgMax", ["n"], ["most_n"], axis=1),
            node("ArgMin", ["n"], ["least_n"], axis=1, keepdims=0),
            node("Transpose", ["x"], ["across"], perm=[1, 0]),
            node("ArgMax", ["across"], ["most_across"]),
        ],
        [value("x", F32, ["rows", 5]), value("n", I64, ["rows", 4])],
        [
            value("most", I64, ["rows"]), value("least", I64, ["rows", 1]),
            value("most_n", I64, ["rows", 1]), value("least_n", I64, ["rows"]),
            value("most_across", I64, [1, "rows"]),
        ],
        {},
        {
            "x": np.array(
                [
                    [1, 3, 3, 0, 3], [2, 2, 2, 2, 2], [-0.0, 0.0, -1, -1, 0.0],
                    [0.0, -0.0, 1, 1, -0.0], [1e38, -1e38, 1e38, -1e38, 0], [0, 1, 2, 3, 3],
                ],
                np.float32,
            ),
            "n": np.array(
                [
                    [5, 5, 1, 1], [-2**31, 2**31 - 1, -2**31, 2**31 - 1], [0, 0, 0, 0],
                    [1, 2, 3, 4], [4, 3, 2, 1], [-1, 0, 0, -1],
                ],
                np.int64,
            ),
        },
    )
    # As many of the largest as a request says.
    save(
        "counted", 13, [node("TopK", ["x", "k"], ["largest", "at"], axis=-1)],
        [value("x", F32, ["rows", 4]), value("k", I64, [1])],
        [value("largest", F32, ["rows", None]), value("at", I64, ["rows", None])], {},
        {"x": normal(3, 4), "k": ints(3)},
    )
    # Whole numbers that not any will do for: divisors, a shape, axes.
    save(
        "whole", 14,
        [
            node("Div", ["n", "by"], ["quotient"]),
            node("Reshape", ["x", "shape"], ["reshaped"]),
            node("Unsqueeze", ["x", "axes"], ["unsqueezed"]),
        ],
        [
            value("n", I32, ["rows", 3]), value("by", I32, ["rows", 3]),
            value("x", F32, ["rows", 6]), value("shape", I64, [3]), value("axes", I64, [2]),
        ],
        [
            value("quotient", I32, ["rows", 3]), value("reshaped", F32, [None, None, None]),
            value("unsqueezed", F32, None),
        ],
        {},
        {
            "n": np.array([[7, -7, 9], [100, 0, 1]], np.int32),
            "by": np.array([[2, 2, -3], [7, 5, 1]], np.int32),
            "x": normal(2, 6), "shape": ints(3, -1, 2), "axes": ints(0, 2),
        },
    )
    # Bytes in: a picture.
    save(
        "bytes", 13,
        [node("Cast", ["x"], ["f"], to=F32), node("Mul", ["f", "scale"], ["y"])],
        [value("x", TensorProto.UINT8, ["rows", 3])], [value("y", F32, ["rows", 3])],
        {"scale": np.float32(1 / 255)}, {"x": np.array([[0, 1, 255], [7, 128, 3]], np.uint8)},
    )


if __name__ == "__main__":
    main()
