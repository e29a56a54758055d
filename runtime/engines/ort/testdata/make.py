"""Writes the small graphs of this crate's tests.

    python runtime/engines/ort/testdata/make.py

Their answers are plain to see (copies, look-ups, sums), so none are stored. What lies in
`broken` are no shared libraries, by intention.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
KINDS = {
    "bool": TensorProto.BOOL,
    "u8": TensorProto.UINT8,
    "u16": TensorProto.UINT16,
    "u32": TensorProto.UINT32,
    "u64": TensorProto.UINT64,
    "i8": TensorProto.INT8,
    "i16": TensorProto.INT16,
    "i32": TensorProto.INT32,
    "i64": TensorProto.INT64,
    "f16": TensorProto.FLOAT16,
    "bf16": TensorProto.BFLOAT16,
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "text": TensorProto.STRING,
}


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def weights(name, shape):
    """The numbers 0, 0.1, 0.2, ... in this shape."""
    numbers = np.arange(np.prod(shape), dtype=np.float32) / 10
    return numpy_helper.from_array(numbers.reshape(shape), name)


def save(name, nodes, inputs, outputs, constants=(), domain=None, check=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", 17)]
    if domain:
        opsets.append(helper.make_opsetid(*domain))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="make.py")
    if check:
        onnx.checker.check_model(model)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


# Every element type there and back.
save(
    "kinds",
    [helper.make_node("Identity", [name], [f"{name}_out"]) for name in KINDS],
    [value(name, dtype, ["n", 2]) for name, dtype in KINDS.items()],
    [value(f"{name}_out", dtype, ["n", 2]) for name, dtype in KINDS.items()],
)

# Strings in, numbers and strings out.
save(
    "words",
    [
        helper.make_node(
            "LabelEncoder",
            ["word"],
            ["id"],
            domain="ai.onnx.ml",
            keys_strings=["eins", "zwei", "drei"],
            values_int64s=[1, 2, 3],
            default_int64=-1,
        ),
        helper.make_node(
            "LabelEncoder",
            ["id"],
            ["english"],
            domain="ai.onnx.ml",
            keys_int64s=[1, 2, 3],
            values_strings=["one", "two", "thrée"],
            default_string="",
        ),
    ],
    [value("word", TensorProto.STRING, ["n"])],
    [value("id", TensorProto.INT64, ["n"]), value("english", TensorProto.STRING, ["n"])],
    domain=("ai.onnx.ml", 2),
)

# A look-up that fails on an index out of range, with an output whose shape the file leaves open.
save(
    "lookup",
    [helper.make_node("Gather", ["table", "ids"], ["rows"], name="look")],
    [value("ids", TensorProto.INT64, ["n", 2])],
    [value("rows", TensorProto.FLOAT, None)],
    [weights("table", (4, 3))],
    check=False,
)

# A recurrent layer over a free number of steps; its kernel aborts on empty inputs.
save(
    "recurrent",
    [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["steps", "W", "R"], ["", "last"], name="cell", hidden_size=4),
        helper.make_node("Squeeze", ["last", "zero"], ["y"]),
    ],
    [value("x", TensorProto.FLOAT, ["n", "t", 3])],
    [value("y", TensorProto.FLOAT, ["n", "hidden"])],
    [
        weights("W", (1, 12, 3)),
        weights("R", (1, 12, 4)),
        numpy_helper.from_array(np.array([0], dtype=np.int64), "zero"),
    ],
)

# An axis in the middle that may be empty.
save(
    "lengths",
    [
        helper.make_node("ReduceSum", ["x", "one"], ["y"], keepdims=0),
        helper.make_node("Shape", ["x"], ["shape"]),
    ],
    [value("x", TensorProto.FLOAT, ["n", "t", 2])],
    [value("y", TensorProto.FLOAT, ["n", 2]), value("shape", TensorProto.INT64, [3])],
    [numpy_helper.from_array(np.array([1], dtype=np.int64), "one")],
)

# What ONNX Runtime refuses: an operator of nobody's.
save(
    "stranger",
    [helper.make_node("Foo", ["x"], ["y"], domain="com.acme", name="mine")],
    [value("x", TensorProto.FLOAT, ["n", 4])],
    [value("y", TensorProto.FLOAT, ["n", 4])],
    domain=("com.acme", 1),
    check=False,
)
# A locale that no host has.
save(
    "locale",
    [
        helper.make_node(
            "StringNormalizer", ["s"], ["t"], name="lower", case_change_action="LOWER",
            locale="xx_YY",
        )
    ],
    [value("s", TensorProto.STRING, ["n"])],
    [value("t", TensorProto.STRING, ["n"])],
)
