"""Writes the models and answers of the conformance suite of the engines.

    python tests/engines/make.py

Needs onnx 1.23.2, onnxruntime 1.32.0 and ml_dtypes. Each call of `save` below writes one model of at
most a few kilobytes, `models/NAME.onnx`, and what is known of it, `models/NAME.json`:

    {"rows": how the rows of a batch depend on each other, see below,
     "exact": whether numbers must be equal to the bit,
     "reference": "onnxruntime", or "onnx" where that does not take the types,
     "data": [{"inputs": [tensor, ...], "outputs": [tensor, ...]}, ...],
     "fails": [{"inputs": [tensor, ...]}, ...]}

A tensor is {"name", "dtype", "shape", "values"}, flat and row-major; numbers that JSON lacks are the
strings "nan", "inf" and "-inf". Inputs and outputs stand in the order of the graph. `fails` holds
requests that fit the declared inputs and that the graph has no answer to.

`rows` is "apart" where each row of every output is computed from the same row of the inputs alone,
so that a batch may be put together of any rows; "together" where it is not; "none" where the model
has no batch. The models are in the groups in which the suite talks of them.
"""

import json
import math
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = Path(__file__).resolve().parent / "models"
OPSET = 18
ML = "ai.onnx.ml"

# Name in the Open Inference Protocol: (type in ONNX, type in numpy).
DTYPES = {
    "BOOL": (TensorProto.BOOL, np.dtype(bool)),
    "UINT8": (TensorProto.UINT8, np.dtype(np.uint8)),
    "UINT16": (TensorProto.UINT16, np.dtype(np.uint16)),
    "UINT32": (TensorProto.UINT32, np.dtype(np.uint32)),
    "UINT64": (TensorProto.UINT64, np.dtype(np.uint64)),
    "INT8": (TensorProto.INT8, np.dtype(np.int8)),
    "INT16": (TensorProto.INT16, np.dtype(np.int16)),
    "INT32": (TensorProto.INT32, np.dtype(np.int32)),
    "INT64": (TensorProto.INT64, np.dtype(np.int64)),
    "FP16": (TensorProto.FLOAT16, np.dtype(np.float16)),
    "BF16": (TensorProto.BFLOAT16, np.dtype(ml_dtypes.bfloat16)),
    "FP32": (TensorProto.FLOAT, np.dtype(np.float32)),
    "FP64": (TensorProto.DOUBLE, np.dtype(np.float64)),
    "BYTES": (TensorProto.STRING, np.dtype(object)),
}
FLOAT, INT64, STRING, BOOL = (DTYPES[name][0] for name in ("FP32", "INT64", "BYTES", "BOOL"))
RANDOM = np.random.default_rng(20260101)
KEPT = set()


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def constant(name, array):
    """A constant in raw form; strings have none."""
    if array.dtype == object:
        return helper.make_tensor(name, STRING, array.shape, [text.encode() for text in array.flat])
    return numpy_helper.from_array(array, name)


def numbers(*shape):
    """Numbers of ordinary size in single precision."""
    return RANDOM.normal(size=shape).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def words(*values):
    return np.array(values, dtype=object)


def node(operator, inputs, outputs, **attributes):
    """A node; inputs and outputs are names, separated by spaces, and `-` is one that is left out."""
    names = [[name.replace("-", "") if name == "-" else name for name in side.split()] for side in (inputs, outputs)]
    return helper.make_node(operator, *names, **attributes)


def ml(operator, inputs, outputs, **attributes):
    return node(operator, inputs, outputs, domain=ML, **attributes)


def save(
    name,
    nodes,
    inputs,
    outputs,
    data,
    constants=None,
    rows="apart",
    exact=False,
    fails=(),
    ir_version=9,
    opset=OPSET,
    check=True,
):
    """Writes one model with its answers to each set of inputs in `data`, which are lists of arrays."""
    constants = [constant(key, array) for key, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    imports = [helper.make_opsetid("", opset)]
    if any(node.domain == ML for node in nodes):
        imports.append(helper.make_opsetid(ML, 3))
    model = helper.make_model(
        graph, opset_imports=imports, ir_version=ir_version, producer_name="make.py"
    )
    if check:
        onnx.checker.check_model(model, full_check=True)
    encoded = model.SerializeToString(deterministic=True)
    given = [entry.name for entry in inputs if entry.name not in {c.name for c in constants}]
    taken = [entry.name for entry in outputs]
    is_bfloat = any(array.dtype == ml_dtypes.bfloat16 for arrays in data for array in arrays)
    reference = "onnx" if is_bfloat else "onnxruntime"
    if reference == "onnx":
        evaluator = ReferenceEvaluator(model)
        answer = lambda feed: evaluator.run(taken, feed)
    else:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(encoded, options, ["CPUExecutionProvider"])
        answer = lambda feed: session.run(taken, feed)
    sets = []
    for arrays in data:
        answers = answer(dict(zip(given, arrays, strict=True)))
        sets.append({"inputs": tensors(given, arrays), "outputs": tensors(taken, answers)})
    known = {
        "rows": rows,
        "exact": exact,
        "reference": reference,
        "data": sets,
        "fails": [{"inputs": tensors(given, arrays)} for arrays in fails],
    }
    (FOLDER / f"{name}.onnx").write_bytes(encoded)
    (FOLDER / f"{name}.json").write_text(json.dumps(known, ensure_ascii=False) + "\n")
    KEPT.add(name)


def tensors(names, arrays):
    return [tensor(name, matrix(array)) for name, array in zip(names, arrays, strict=True)]


def matrix(answer):
    """The answer as an array; what a ZipMap made is its rows of numbers again."""
    if isinstance(answer, list) and isinstance(answer[0], dict):
        return np.array([list(row.values()) for row in answer], dtype=np.float32)
    return np.asarray(answer)


def tensor(name, array):
    if array.dtype.kind == "U":
        array = array.astype(object)
    dtype = next(key for key, (_, numpy) in DTYPES.items() if numpy == array.dtype)
    return {
        "name": name,
        "dtype": dtype,
        "shape": list(array.shape),
        "values": [plain(item, array.dtype) for item in array.flat],
    }


def plain(item, dtype):
    if dtype == object:
        return str(item)
    if dtype == bool:
        return bool(item)
    if dtype.kind in "iu":
        return int(item)
    number = float(item)
    return number if math.isfinite(number) else str(number)


# Types: as they come, put together with a constant, to FP32 and back.

# The outermost numbers of each type, and some between.
VALUES = {
    "BOOL": [True, False, True, True, False, False],
    "UINT8": [0, 1, 7, 127, 128, 255],
    "UINT16": [0, 1, 300, 32767, 32768, 65535],
    "UINT32": [0, 1, 70000, 2**31 - 1, 2**31, 2**32 - 1],
    "UINT64": [0, 1, 2**40 + 1, 2**63 - 1, 2**63, 2**64 - 1],
    "INT8": [0, 1, -1, 100, -128, 127],
    "INT16": [0, 1, -1, 300, -32768, 32767],
    "INT32": [0, 1, -1, 70000, -(2**31), 2**31 - 1],
    "INT64": [0, 1, -1, 70000, -(2**31), 2**31 - 1],
    "FP16": [0.0, 1.5, -2.25, 65504.0, 6e-8, math.inf],
    "BF16": [0.0, 1.5, -2.25, 3e38, 1e-38, math.inf],
    "FP32": [-0.0, 1.5, math.nan, 3.4e38, 1e-45, -math.inf],
    "FP64": [-0.0, 1 / 3, math.nan, 1.7e308, 5e-324, 16777217.0],
    "BYTES": ["", "a", "Straße", "two words", "\t", "null"],
}
# Whole numbers that all types hold.
SMALL = [0, 1, 2, 7, 100, 1]

for name, (onnx_type, numpy_type) in DTYPES.items():
    array = np.array(VALUES[name], dtype=numpy_type).reshape(3, 2)
    column = np.array(VALUES[name][:3], dtype=numpy_type).reshape(3, 1)
    low = name.lower()
    save(
        f"identity-{low}",
        [node("Identity", "x", "y")],
        [value("x", onnx_type, ["n", 2])],
        [value("y", onnx_type, ["n", 2])],
        [[array]],
        exact=True,
    )
    save(
        f"concat-{low}",
        # A constant row between two columns of the request.
        [node("Reshape", "x flat", "v"), node("Concat", "c v", "y", axis=0)],
        [value("x", onnx_type, ["n", 1])],
        [value("y", onnx_type, ["m"])],
        [[column], [column[:1]]],
        {"c": array.reshape(6)[::-1].copy(), "flat": ints(-1)},
        rows="together",
        exact=True,
    )
    small = [str(item) for item in SMALL] if name == "BYTES" else SMALL
    other = "FP64" if name == "FP32" else "FP32"
    outputs = [value("single", DTYPES[other][0], ["n", 2])]
    nodes = [node("Cast", "x", "single", to=DTYPES[other][0])]
    # How a number is written is everyone's own.
    if name != "BYTES":
        nodes.append(node("Cast", "single", "back", to=onnx_type))
        outputs.append(value("back", onnx_type, ["n", 2]))
    save(
        f"cast-{low}",
        nodes,
        [value("x", onnx_type, ["n", 2])],
        outputs,
        [[np.array(small, dtype=numpy_type).reshape(3, 2)]],
        exact=True,
    )

save(
    "identity-int64-wide",
    [node("Identity", "x", "y")],
    [value("x", INT64, ["n", 2])],
    [value("y", INT64, ["n", 2])],
    [[ints(0, 2**31, -(2**31) - 1, 2**53 + 1, -(2**63), 2**63 - 1).reshape(3, 2)]],
    exact=True,
)

# Shapes: any rank, fixed and free axes, with names and without.

for rank in range(7):
    shape = [3, 2, 1, 2, 1, 2][:rank]
    save(
        f"rank-{rank}",
        [node("Mul", "x c", "z"), node("Add", "z x", "y")],
        [value("x", FLOAT, ["n", *shape[1:]] if rank else [])],
        [value("y", FLOAT, ["n", *shape[1:]] if rank else [])],
        [[numbers(*shape)]],
        {"c": numbers(*shape[1:])},
        rows="apart" if rank else "none",
    )
save(
    "fixed-batch",
    [node("MatMul", "x w", "z"), node("Relu", "z", "y")],
    [value("x", FLOAT, [4, 3])],
    [value("y", FLOAT, [4, 2])],
    [[numbers(4, 3)]],
    {"w": numbers(3, 2)},
)
save(
    "fixed-together",
    [node("CumSum", "x zero", "y")],
    [value("x", FLOAT, [4, 3])],
    [value("y", FLOAT, [4, 3])],
    [[numbers(4, 3)]],
    {"zero": np.array(0, dtype=np.int64)},
    rows="none",
)
save(
    "free-inner",
    [node("ReduceMean", "x one", "y", keepdims=0)],
    [value("x", FLOAT, ["n", "t", 3])],
    [value("y", FLOAT, ["n", 3])],
    [[numbers(4, 5, 3)], [numbers(2, 1, 3)], [numbers(3, 17, 3)]],
    {"one": ints(1)},
)
save(
    "free-all",
    [node("Transpose", "x", "y", perm=[0, 2, 1])],
    [value("x", FLOAT, ["a", "b", "c"])],
    [value("y", FLOAT, ["a", "c", "b"])],
    [[numbers(2, 3, 4)], [numbers(5, 1, 2)]],
    exact=True,
)
save(
    "free-unnamed",
    [node("Gemm", "x w b", "y")],
    [value("x", FLOAT, [None, 4])],
    [value("y", FLOAT, [None, 2])],
    [[numbers(5, 4)]],
    {"w": numbers(4, 2), "b": numbers(2)},
)
save(
    "free-undeclared-output",
    [node("Sigmoid", "x", "y")],
    [value("x", FLOAT, ["n", 2])],
    [value("y", FLOAT, None)],
    [[numbers(5, 2)]],
    check=False,
)
save(
    "free-shape-of-request",
    [node("Shape", "x", "s"), node("Size", "x", "z"), node("Identity", "s", "y")],
    [value("x", FLOAT, ["n", "t", 2])],
    [value("y", INT64, [3]), value("z", INT64, [])],
    [[numbers(4, 5, 2)], [numbers(1, 2, 2)]],
    rows="together",
    exact=True,
)
save(
    "no-batch",
    [node("Softmax", "x", "y", axis=0)],
    [value("x", FLOAT, [5])],
    [value("y", FLOAT, [5])],
    [[numbers(5)]],
    rows="none",
)
save(
    "rank-changes",
    [
        node("Unsqueeze", "x two", "a"),
        node("Squeeze", "a two", "b"),
        node("Reshape", "b s", "c"),
        node("Flatten", "c", "y", axis=1),
    ],
    [value("x", FLOAT, ["n", 6])],
    [value("y", FLOAT, ["n", 6])],
    [[numbers(4, 6)]],
    {"two": ints(2), "s": ints(0, 2, 3)},
    exact=True,
)

# Batches: rows apart, and rows that only look so.

save(
    "rows-mlp",
    [
        node("Gemm", "x w1 b1", "h"),
        node("Relu", "h", "r"),
        node("Gemm", "r w2 b2", "z", transB=1),
        node("Softmax", "z", "y", axis=-1),
    ],
    [value("x", FLOAT, ["batch", 6])],
    [value("y", FLOAT, ["batch", 3])],
    [[numbers(7, 6)]],
    {"w1": numbers(6, 8), "b1": numbers(8), "w2": numbers(3, 8), "b2": numbers(3)},
)
save(
    "rows-convolution",
    [
        node("Conv", "x w b", "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "p", "g"),
        node("Flatten", "g", "y"),
    ],
    [value("x", FLOAT, ["batch", 2, 6, 6])],
    [value("y", FLOAT, ["batch", 4])],
    [[numbers(3, 2, 6, 6)]],
    {"w": numbers(4, 2, 3, 3), "b": numbers(4)},
)
save(
    "rows-second-input-fixed",
    [node("MatMul", "x k", "y")],
    [value("x", FLOAT, ["n", 3]), value("k", FLOAT, [3, 2])],
    [value("y", FLOAT, ["n", 2])],
    [[numbers(5, 3), numbers(3, 2)]],
)
SIZES = (1, 3, 70)
for name, nodes, constants in [
    ("centred", [node("ReduceMean", "x zero", "m"), node("Sub", "x m", "y")], {"zero": ints(0)}),
    ("running", [node("CumSum", "x at", "y")], {"at": np.array(0, dtype=np.int64)}),
    ("softmax", [node("Softmax", "x", "y", axis=0)], {}),
    (
        "first",
        [node("Slice", "x zero one zero", "f"), node("Sub", "x f", "y")],
        {"zero": ints(0), "one": ints(1)},
    ),
    (
        "neighbours",
        [
            node("Reshape", "x line", "v"),
            node("CumSum", "v at", "s"),
            node("Reshape", "s rows", "y"),
        ],
        {"line": ints(-1), "rows": ints(-1, 4), "at": np.array(0, dtype=np.int64)},
    ),
    (
        "counted",
        [
            node("Shape", "x", "s", end=1),
            node("Cast", "s", "f", to=FLOAT),
            node("Div", "x f", "y"),
        ],
        {},
    ),
]:
    save(
        f"rows-{name}",
        nodes,
        [value("x", FLOAT, ["n", 4])],
        [value("y", FLOAT, ["n", 4])],
        [[numbers(size, 4)] for size in SIZES],
        constants,
        rows="together",
    )
save(
    "rows-best",
    [node("ArgMax", "x", "i", axis=0, keepdims=0), node("ReduceMax", "x zero", "m", keepdims=0)],
    [value("x", FLOAT, ["n", 4])],
    [value("i", INT64, [4]), value("m", FLOAT, [4])],
    [[numbers(size, 4)] for size in SIZES],
    {"zero": ints(0)},
    rows="together",
)
save(
    "rows-all-pairs",
    [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "x t", "y")],
    [value("x", FLOAT, ["n", 3])],
    [value("y", FLOAT, ["n", "n"])],
    [[numbers(size, 3)] for size in (1, 3, 9)],
    rows="together",
)
save(
    "rows-positive",
    # As many rows come out as the data says.
    [node("Greater", "v zero", "p"), node("Compress", "v p", "y", axis=0)],
    [value("v", FLOAT, ["n"])],
    [value("y", FLOAT, ["m"])],
    [[numbers(8)], [numbers(70)]],
    {"zero": np.array(0, dtype=np.float32)},
    rows="together",
    exact=True,
)

# Recurrent layers, whose hidden state is one request's.

for operator, gates, attributes in [
    ("LSTM", 4, {}),
    ("GRU", 3, {"linear_before_reset": 1}),
    ("GRU", 3, {"linear_before_reset": 0}),
    ("RNN", 1, {}),
    ("LSTM", 4, {"direction": "bidirectional"}),
]:
    directions = 2 if attributes else 1
    suffix = "".join(f"-{item}" for item in attributes.values())
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    save(
        f"recurrent-{operator.lower()}{suffix}",
        [
            node("Transpose", "x", "steps", perm=[1, 0, 2]),
            node(operator, "steps W R B", "all last", hidden_size=4, **attributes),
            node("Transpose", "last", "rows", perm=[1, 0, 2]),
            node("Reshape", "rows s", "y"),
        ],
        [value("x", FLOAT, ["n", 5, 3])],
        [value("y", FLOAT, ["n", directions * 4])],
        [[numbers(5, 5, 3)], [numbers(2, 5, 3)]],
        {
            "W": numbers(directions, gates * 4, 3),
            "R": numbers(directions, gates * 4, 4),
            "B": numbers(directions, gates * 8),
            "s": ints(0, directions * 4),
        },
    )

# Strings.

WORDS = words("eins", "zwei", "", "Zwei", "dréi", "drei")
save(
    "strings-coded",
    [
        ml("LabelEncoder", "word", "id", keys_strings=["eins", "zwei", "drei"],
           values_int64s=[1, 2, 3], default_int64=-1),
        ml("LabelEncoder", "id", "english", keys_int64s=[1, 2, 3],
           values_strings=["one", "two", "thrée"], default_string=""),
    ],
    [value("word", STRING, ["n"])],
    [value("id", INT64, ["n"]), value("english", STRING, ["n"])],
    [[WORDS]],
    exact=True,
)
save(
    "strings-compared",
    [node("Equal", "word other", "same"), node("Identity", "word", "copy")],
    [value("word", STRING, ["n", 2]), value("other", STRING, ["n", 1])],
    [value("same", BOOL, ["n", 2]), value("copy", STRING, ["n", 2])],
    [[words("a", "b", "", "", "ö", "o").reshape(3, 2), words("b", "", "ö").reshape(3, 1)]],
    exact=True,
    opset=19,
)
save(
    "strings-lowered",
    [node("StringNormalizer", "word", "low", case_change_action="LOWER", is_case_sensitive=1,
          stopwords=["der"])],
    [value("word", STRING, ["n"])],
    [value("low", STRING, ["m"])],
    [[words("Der", "der", "HUND")], [words("der")]],
    rows="together",
    exact=True,
)
save(
    "strings-encoded",
    [ml("OneHotEncoder", "word", "hot", cats_strings=["a", "b", "ö"], zeros=1)],
    [value("word", STRING, ["n", 1])],
    [value("hot", FLOAT, ["n", 1, 3])],
    [[words("a", "ö", "c").reshape(3, 1)]],
    exact=True,
)

# Several inputs and outputs, and their names.

save(
    "several",
    [
        node("Add", "a b", "sum"),
        node("Sub", "a b", "difference"),
        node("Mul", "sum difference", "product"),
        node("ArgMax", "product", "best", axis=1, keepdims=0),
    ],
    [value("a", FLOAT, ["n", 3]), value("b", FLOAT, ["n", 3])],
    [
        value("product", FLOAT, ["n", 3]),
        value("sum", FLOAT, ["n", 3]),
        value("best", INT64, ["n"]),
    ],
    [[numbers(4, 3), numbers(4, 3)]],
)
save(
    "several-types",
    [
        node("Cast", "i", "f", to=FLOAT),
        node("Add", "f x", "y"),
        node("Where", "b y x", "z"),
        node("Not", "b", "n"),
    ],
    [value("b", BOOL, ["n", 1]), value("i", TensorProto.INT32, ["n", 2]), value("x", FLOAT, ["n", 2])],
    [value("n", BOOL, ["n", 1]), value("z", FLOAT, ["n", 2])],
    [[np.array([[True], [False], [True]]), np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int32), numbers(3, 2)]],
)
save(
    "several-same",
    [node("Identity", "x", "y"), node("Identity", "x", "z"), node("Identity", "y", "w"), node("Neg", "y", "v")],
    [value("x", FLOAT, ["n", 2])],
    [value(name, FLOAT, ["n", 2]) for name in ("y", "z", "w", "v")],
    [[numbers(3, 2)]],
    exact=True,
)
save(
    "several-constant-output",
    [node("Constant", "", "k", value=constant("k", ints(3, 1, 2))), node("Neg", "x", "y")],
    [value("x", FLOAT, ["n", 2])],
    [value("k", INT64, [3]), value("y", FLOAT, ["n", 2])],
    [[numbers(3, 2)]],
    rows="together",
    exact=True,
)
save(
    "several-unused-input",
    [node("Neg", "x", "y")],
    [value("idle", INT64, ["n", 3]), value("x", FLOAT, ["n", 2])],
    [value("y", FLOAT, ["n", 2])],
    [[np.arange(9, dtype=np.int64).reshape(3, 3), numbers(3, 2)]],
    exact=True,
)
save(
    "several-names",
    [node("Add", "x:0 größe/1", "out.0"), node("Neg", "x:0", "x")],
    [value("x:0", FLOAT, ["n", 2]), value("größe/1", FLOAT, ["n", 2])],
    [value("out.0", FLOAT, ["n", 2]), value("x", FLOAT, ["n", 2])],
    [[numbers(3, 2), numbers(3, 2)]],
)
save(
    "several-outputs-70",
    [node("Mul", f"x c{at}", f"y{at}") for at in range(70)],
    [value("x", FLOAT, ["n", 1])],
    [value(f"y{at}", FLOAT, ["n", 1]) for at in range(70)],
    [[numbers(2, 1)]],
    {f"c{at}": np.array(at + 2, dtype=np.float32) for at in range(70)},
    exact=True,
)
save(
    "several-inputs-20",
    [node("Concat", " ".join(f"x{at}" for at in range(20)), "y", axis=1)],
    [value(f"x{at}", FLOAT, ["n", 1]) for at in range(20)],
    [value("y", FLOAT, ["n", 20])],
    [[numbers(3, 1) for _ in range(20)]],
    exact=True,
)
TABLES = helper.make_map_type_proto(STRING, helper.make_tensor_type_proto(FLOAT, []))
TABLES = helper.make_value_info("named", helper.make_sequence_type_proto(TABLES))
save(
    "several-tables",
    [ml("Scaler", "x", "s", offset=[1.0, 2.0], scale=[0.5, 2.0]),
     ml("LinearClassifier", "s", "label scores", classlabels_strings=["no", "yes"],
        coefficients=[-1.0, -0.5, 1.0, 0.5], intercepts=[0.25, -0.25], post_transform="SOFTMAX"),
     ml("ZipMap", "scores", "named", classlabels_strings=["no", "yes"])],
    [value("x", FLOAT, ["n", 2])],
    [value("label", STRING, ["n"]), TABLES],
    [[numbers(5, 2)]],
)

# What may be left out: inputs and outputs of nodes, and inputs that have a constant value.

save(
    "optional-bounds",
    [node("Clip", "x - high", "a"), node("Clip", "x low", "b"), node("Clip", "x", "c"), node("Clip", "x low high", "d")],
    [value("x", FLOAT, ["n", 3])],
    [value(name, FLOAT, ["n", 3]) for name in "abcd"],
    [[numbers(4, 3)]],
    {"low": np.array(-0.5, dtype=np.float32), "high": np.array(0.5, dtype=np.float32)},
    exact=True,
)
save(
    "optional-layer-inputs",
    [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        # Neither bias nor lengths, but a first state; no sequence of states, but the last.
        node("LSTM", "steps W R - - h c", "- last", hidden_size=2),
        node("Squeeze", "last zero", "y"),
    ],
    [value("x", FLOAT, [3, 4, 2])],
    [value("y", FLOAT, [3, 2])],
    [[numbers(3, 4, 2)]],
    {"W": numbers(1, 8, 2), "R": numbers(1, 8, 2), "h": numbers(1, 3, 2), "c": numbers(1, 3, 2), "zero": ints(0)},
    rows="none",
)
save(
    "optional-slices",
    [node("Slice", "x begin end", "a"), node("Slice", "x begin end axes", "b"),
     node("Slice", "x begin end - steps", "y")],
    [value("x", FLOAT, [4, 4])],
    [value("a", FLOAT, [1, 2]), value("b", FLOAT, [2, 1]), value("y", FLOAT, [1, 1])],
    [[numbers(4, 4)]],
    {"begin": ints(1, 0), "end": ints(2, 2), "axes": ints(1, 0), "steps": ints(1, 2)},
    rows="none",
    exact=True,
)
save(
    "optional-outputs",
    [node("Dropout", "x", "y"), node("TopK", "x k", "unused at", axis=1)],
    [value("x", FLOAT, ["n", 4])],
    [value("y", FLOAT, ["n", 4]), value("at", INT64, ["n", 2])],
    [[numbers(3, 4)]],
    {"k": ints(2)},
    exact=True,
)
for name, ir_version in [("new", 9), ("old", 3)]:
    save(
        f"optional-default-{name}",
        [node("Gemm", "x w b", "y")],
        # The second and third have constant values, which a request does not change.
        [value("x", FLOAT, ["n", 3]), value("w", FLOAT, [3, 2]), value("b", FLOAT, [2])],
        [value("y", FLOAT, ["n", 2])],
        [[numbers(4, 3)]],
        {"w": numbers(3, 2), "b": numbers(2)},
        ir_version=ir_version,
        opset=13 if ir_version == 3 else OPSET,
    )
save(
    "optional-branch",
    [
        node(
            "If",
            "flag",
            "y",
            then_branch=helper.make_graph(
                [node("Neg", "x", "t")], "then", [], [value("t", FLOAT, ["n", 2])]
            ),
            else_branch=helper.make_graph(
                [node("Abs", "x", "e")], "else", [], [value("e", FLOAT, ["n", 2])]
            ),
        )
    ],
    [value("flag", BOOL, []), value("x", FLOAT, ["n", 2])],
    [value("y", FLOAT, ["n", 2])],
    [[np.array(True), numbers(3, 2)], [np.array(False), numbers(2, 2)]],
    exact=True,
)

# Requests that fit the signature and have no answer.

save(
    "fails-look-up",
    [node("Gather", "table ids", "y")],
    [value("ids", INT64, ["n", 2])],
    [value("y", FLOAT, ["n", 2, 3])],
    [[ints(0, 3, 1, 2, -4, -1).reshape(3, 2)]],
    {"table": numbers(4, 3)},
    exact=True,
    fails=[[ints(4, 0).reshape(1, 2)], [ints(0, -5).reshape(1, 2)], [ints(0, 2**40).reshape(1, 2)]],
)
save(
    "fails-shape",
    [node("Reshape", "x s", "y")],
    [value("x", FLOAT, ["n", 4]), value("s", INT64, [2])],
    [value("y", FLOAT, ["a", "b"])],
    [[numbers(3, 4), ints(2, 6)], [numbers(3, 4), ints(-1, 3)]],
    rows="together",
    exact=True,
    fails=[[numbers(3, 4), ints(5, 5)], [numbers(3, 4), ints(-1, 5)], [numbers(3, 4), ints(-2, -6)]],
)
save(
    "fails-extents",
    [node("Add", "a b", "y")],
    [value("a", FLOAT, ["n", "k"]), value("b", FLOAT, ["n", "m"])],
    [value("y", FLOAT, ["n", None])],
    [[numbers(3, 4), numbers(3, 4)], [numbers(2, 4), numbers(2, 1)]],
    rows="apart",
    exact=True,
    fails=[[numbers(3, 4), numbers(3, 2)]],
)
save(
    "fails-product",
    [node("MatMul", "a b", "y")],
    [value("a", FLOAT, [2, "k"]), value("b", FLOAT, ["m", 2])],
    [value("y", FLOAT, [2, 2])],
    [[numbers(2, 3), numbers(3, 2)], [numbers(2, 1), numbers(1, 2)]],
    rows="none",
    fails=[[numbers(2, 3), numbers(4, 2)]],
)
for name, nodes, constant_shape, answer in [
    ("product", [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "t c", "y")], (3, 2), [4, 2]),
    ("sum", [node("Add", "x c", "y")], (3, 4), ["m", 4]),
    ("columns", [node("Concat", "x c", "y", axis=1)], (3, 1), ["n", 5]),
]:
    # A batch of three rows only, though none is declared.
    save(
        f"fails-rows-{name}",
        nodes,
        [value("x", FLOAT, ["n", 4])],
        [value("y", FLOAT, answer)],
        [[numbers(3, 4)]],
        {"c": numbers(*constant_shape)},
        rows="together",
        fails=[[numbers(5, 4)], [numbers(2, 4)]],
        check=False,
    )
save(
    "fails-number",
    [node("Cast", "s", "y", to=FLOAT)],
    [value("s", STRING, ["n"])],
    [value("y", FLOAT, ["n"])],
    [[words("1", "-2.5", "1e3")]],
    exact=True,
    fails=[[words("1", "one")], [words("")]],
)
save(
    "fails-position",
    [node("Slice", "x begin end", "p"), node("Reshape", "p s", "y")],
    [value("x", FLOAT, [6]), value("begin", INT64, [1]), value("end", INT64, [1])],
    [value("y", FLOAT, [2])],
    [[numbers(6), ints(1), ints(3)], [numbers(6), ints(-2), ints(9)]],
    {"s": ints(2)},
    rows="none",
    exact=True,
    fails=[[numbers(6), ints(1), ints(5)], [numbers(6), ints(5), ints(2)]],
)

for stale in FOLDER.iterdir():
    if stale.stem not in KEPT:
        stale.unlink()
total = sum(file.stat().st_size for file in FOLDER.glob("*.onnx"))
print(f"{len(KEPT)} models, {total} bytes")
