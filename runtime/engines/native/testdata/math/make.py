"""Writes `cases.jsonl`: nodes that compute with numbers, and what onnxruntime answers.

    pip install onnx==1.23.2 onnxruntime==1.32.0
    python make.py

Each line is one node: operator, version of its operator set, attributes as pairs of type and value,
inputs in order (null where one is left out) and outputs. Infinities and what is no number are text.
Types that onnxruntime has no kernel for are left out, and so are the few answers of its that numpy
and the specification do not share: a sign of an FP16 that is no number (0), and a maximum of
numbers of which one is none (which depends on where that is).
"""

import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import helper

NAMES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64", "float16": "FP16",
    "float32": "FP32", "float64": "FP64",
}
FLOATS = ["f2", "f4", "f8"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
random = np.random.default_rng(11)
lines = []
refused = set()


def value(x):
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x


def tensor(array):
    array = np.asarray(array)
    values = [value(x) for x in array.astype(np.float64 if array.dtype.kind == "f" else array.dtype).ravel().tolist()]
    if array.dtype == np.float32:
        values = [x if isinstance(x, str) else float(np.format_float_positional(np.float32(x), unique=True)) for x in values]
    return {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "values": values}


def attribute(x):
    if isinstance(x, str):
        return ["STRING", x]
    if isinstance(x, float):
        return ["FLOAT", x]
    if isinstance(x, int):
        return ["INT", x]
    return ["INTS", list(x)]


def case(operator, inputs, n_outputs=1, opset=20, **attributes):
    inputs = [None if x is None else np.asarray(x) for x in inputs]
    names = ["" if x is None else f"i{at}" for at, x in enumerate(inputs)]
    outputs = [f"o{at}" for at in range(n_outputs)]
    node = helper.make_node(operator, names, outputs, **attributes)
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in zip(names, inputs) if x is not None
    ]
    graph = helper.make_graph([node], "graph", infos, [helper.make_empty_tensor_value_info(name) for name in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        answers = session.run(None, {name: x for name, x in zip(names, inputs) if x is not None})
    except Exception as error:  # No kernel for the type.
        refused.add(f"{operator} of {inputs[0].dtype}: {str(error)[:90]}")
        return
    lines.append(json.dumps({
        "operator": operator,
        "opset": opset,
        "attributes": {name: attribute(x) for name, x in attributes.items()},
        "inputs": [None if x is None else tensor(x) for x in inputs],
        "outputs": [tensor(x) for x in answers],
    }, separators=(",", ":")))


def numbers(shape, dtype, low=-4, high=4):
    """Numbers that are exact in few digits."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return random.random(shape) > 0.5
    if dtype.kind == "f":
        return np.asarray(np.round(random.uniform(low, high, shape) * 16) / 16).astype(dtype)
    return np.asarray(random.integers(0 if dtype.kind == "u" else low, high + 1, shape)).astype(dtype)


def floats(shape, low=-4, high=4, dtype="f4"):
    return numbers(shape, dtype, low, high)


PAIRS = [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((2, 1, 2), (3, 1)), ((0, 2), (1,))]


def elementwise():
    binary = ["Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]
    for operator in binary:
        for at, dtype in enumerate(FLOATS + INTEGERS):
            for left, right in PAIRS if dtype == "f4" else PAIRS[at % 2:at % 2 + 1]:
                a, b = numbers(left, dtype), numbers(right, dtype)
                if operator in ("Div", "Mod"):
                    b = np.where(b == 0, 3, b).astype(dtype)
                is_float = np.dtype(dtype).kind == "f"
                case(operator, [a, b], **({"fmod": 1} if operator == "Mod" and is_float else {}))
    case("Mod", [np.int64([-7, 7, -7, 7]), np.int64([3, -3, -3, 3])], fmod=1)
    case("Div", [np.int32([7, -7]), np.int32([2, 2])])
    for base in ["f4", "f8", "i4", "i8"]:
        for exponent in ["f4", "f8", "i4", "i8"]:
            case("Pow", [np.abs(numbers((2, 3), base)) + np.dtype(base).type(1), np.abs(numbers((3,), exponent))])
    case("Pow", [floats((2, 2)), np.float32(2)])
    case("Pow", [floats((2, 2)), np.float32(3)])
    for operator in ["And", "Or", "Xor", "Equal"]:
        case(operator, [numbers((2, 3), bool), numbers((3,), bool)])
    for operator in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
        for dtype in INTEGERS:
            case(operator, [numbers((2, 3), dtype, -90, 90), numbers((3,), dtype, -90, 90)])
    for direction in ["LEFT", "RIGHT"]:
        for dtype in ["u1", "u4", "u8"]:
            case("BitShift", [numbers((2, 3), dtype, 0, 200), numbers((3,), dtype, 0, 7)], direction=direction)
    for dtype in ["f4", "f8", "i4", "u8"]:
        case("PRelu", [numbers((2, 3), dtype), numbers((3,), dtype)])
    for operator in ["Max", "Mean", "Min", "Sum"]:
        for dtype in FLOATS:
            case(operator, [numbers((3, 1, 2), dtype), numbers((2, 1), dtype), numbers((2,), dtype), numbers((), dtype)])
        case(operator, [floats((2, 2))])
    none = np.float32([np.nan, 1, np.nan, np.inf])
    for operator in ["Max", "Min"]:
        case(operator, [none, np.float32([1, np.nan, np.nan, 2])])


def functions():
    of_floats = ["Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Reciprocal", "Round", "Selu", "Sigmoid", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh", "ThresholdedRelu"]
    special = [np.nan, np.inf, -np.inf, 0, 0.5, 1.5, -2.5, 20, -20]
    for operator in of_floats:
        for dtype in FLOATS:
            case(operator, [np.concatenate([np.array(special, dtype), numbers(4, dtype, -1, 1)])])
    for operator in ["Abs", "Neg", "Relu", "Sign", "Shrink", "BitwiseNot"]:
        for dtype in FLOATS + INTEGERS:
            if (operator, dtype) != ("Sign", "f2"):
                case(operator, [numbers((2, 2), dtype)])
    case("Relu", [np.float32([np.nan, -0.0, 0.0, -1.0, np.inf])])
    case("Sign", [np.float32([np.nan, -0.0, 0.0, -1.0, np.inf])])
    case("Not", [numbers((2, 2), bool)])
    case("Gelu", [floats(5)], approximate="tanh")
    case("IsInf", [np.float32(special)], detect_negative=0)
    for operator, attributes in [("Elu", {"alpha": 0.5}), ("LeakyRelu", {"alpha": 0.25}), ("ThresholdedRelu", {"alpha": 0.5}), ("Celu", {"alpha": 2.0}), ("HardSigmoid", {"alpha": 0.5, "beta": 0.25}), ("Selu", {"alpha": 2.0, "gamma": 0.5}), ("Shrink", {"bias": 0.5, "lambd": 1.5})]:
        case(operator, [floats(6)], **attributes)
    for dtype in FLOATS + ["i1", "i4", "i8", "u1", "u8"]:
        case("Clip", [numbers((2, 3), dtype, -9, 9), numbers((), dtype, -2, 0), numbers((), dtype, 1, 3)])
        case("Clip", [numbers((2, 3), dtype, -9, 9), None, numbers((), dtype, 1, 3)])
    case("Clip", [np.float32([np.nan, -9, 9]), np.float32(3), np.float32(2)])
    case("Clip", [floats((2, 3), -9, 9)], opset=6, min=-1.0, max=2.0)


def reductions():
    shapes = [((2, 3), [1]), ((2, 3), [0]), ((2, 3, 2), [0, -1]), ((2, 3, 2), [1]), ((2, 3), None), ((2, 40), [1]), ((1, 3), [0]), ((3, 1), [1]), ((2, 0), [1])]
    for kind in ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"]:
        for dtype in FLOATS + ["i4", "i8"]:
            if dtype[0] == "i" and kind.startswith("Log"):
                continue
            for at, (shape, axes) in enumerate(shapes):
                if (dtype != "f4" and at > 2) or (kind == "Mean" and 0 in shape):
                    continue
                x = numbers(shape, dtype, -2, 2)
                if kind == "LogSum":
                    x = np.abs(x)
                if kind == "Prod" and 40 in shape:
                    x = np.sign(x)
                opset = [20, 11][at % 2]
                attributes = {"keepdims": at // 2 % 2}
                if opset == 11 and axes is not None:
                    case(f"Reduce{kind}", [x], opset=opset, axes=axes, **attributes)
                else:
                    case(f"Reduce{kind}", [x] + ([] if axes is None else [np.int64(axes)]), **attributes)
        case(f"Reduce{kind}", [np.abs(floats((2, 2))), np.int64([])], noop_with_empty_axes=1)
    case("ReduceLogSumExp", [np.float32([[-np.inf, -np.inf], [np.inf, 1], [1e4, 1e4]]), np.int64([1])])
    for kind in ["Max", "Min"]:
        case(f"Reduce{kind}", [numbers((3, 2), bool), np.int64([1])])
        case(f"Reduce{kind}", [numbers((3, 2), "u1"), np.int64([1])])
    for dtype in ["f4", "f8", "i4", "i8"]:
        for exclusive, reverse in [(0, 0), (1, 0), (0, 1), (1, 1)]:
            case("CumSum", [numbers((2, 3), dtype), np.int32(exclusive)], exclusive=exclusive, reverse=reverse)


def vectors():
    for operator in ["Hardmax", "LogSoftmax", "Softmax"]:
        for dtype in FLOATS:
            case(operator, [numbers((2, 3), dtype)])
            case(operator, [numbers((2, 3, 2), dtype)], axis=1)
            case(operator, [numbers((2, 3, 2), dtype)], opset=11)
        case(operator, [floats((3, 20))], axis=0)
        case(operator, [floats((3, 20))])
    for p in [1, 2]:
        for dtype in ["f4", "f8"]:
            case("LpNormalization", [numbers((2, 3), dtype)], p=p, axis=-1)
            case("LpNormalization", [np.abs(numbers((2, 3), dtype))], p=p, axis=0)
    case("LpNormalization", [np.float32([[0, 0], [3, 4]])])
    for dtype in FLOATS:
        x = numbers((2, 4, 3), dtype)
        scale, bias, mean, variance = [numbers((4,), dtype) for _ in range(4)]
        case("BatchNormalization", [x, scale, bias, mean, np.abs(variance)])
        case("InstanceNormalization", [x, scale, bias])
        if dtype != "f8":  # Computed in single precision there.
            case("GroupNormalization", [x, numbers((2,), dtype), numbers((2,), dtype)], num_groups=2)
            case("GroupNormalization", [x, scale, bias], num_groups=2, opset=21)
        case("LayerNormalization", [x, numbers((3,), dtype), numbers((3,), dtype)])
        case("LayerNormalization", [x, numbers((4, 3), dtype)], axis=1, epsilon=0.5)
        case("RMSNormalization", [x, numbers((3,), dtype)], opset=23)
    case("LayerNormalization", [floats((2, 4, 3)), floats((3,))], n_outputs=3)
    case("BatchNormalization", [floats((3, 2))] + [np.float32([1, 2])] * 4)
    case("MeanVarianceNormalization", [floats((2, 2, 2, 2))])
    case("MeanVarianceNormalization", [floats((2, 3))], axes=[1])
    for size in [1, 3, 5]:
        case("LRN", [floats((1, 4, 2, 1))], size=size, alpha=0.3, beta=0.6, bias=1.2)
    for dtype in ["f4", "f8"]:
        case("Det", [numbers((2, 3, 3), dtype)])
    case("Dropout", [floats((2, 2))])
    case("Dropout", [floats((2, 2)), np.float32(0.5)], n_outputs=2, opset=13)


def products():
    shapes = [((2, 3), (3, 2)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((2, 2, 3), (3, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 1, 2, 3), (2, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((9, 11), (11, 13)), ((1, 5), (5, 37))]
    for dtype in ["f2", "f4", "f8", "i4", "i8", "u4", "u8"]:
        for left, right in shapes if dtype == "f4" else shapes[:6]:
            case("MatMul", [numbers(left, dtype), numbers(right, dtype)])
    for dtype in ["f2", "f4", "f8"]:
        for transposes_a, transposes_b, c in [(0, 0, (2,)), (0, 1, None), (1, 0, (3, 2)), (1, 1, (3, 1)), (0, 1, (2,)), (0, 0, ())]:
            a, b = (4, 3) if transposes_a else (3, 4), (2, 4) if transposes_b else (4, 2)
            inputs = [numbers(a, dtype), numbers(b, dtype)] + ([] if c is None else [numbers(c, dtype)])
            case("Gemm", inputs, transA=transposes_a, transB=transposes_b)
            case("Gemm", inputs, transA=transposes_a, transB=transposes_b, alpha=-2.0, beta=0.5)
    case("Gemm", [floats((1, 2)), floats((2, 1)), np.float32([np.nan])], beta=0.0)
    case("Gemm", [np.zeros((2, 0), "f4"), np.zeros((0, 3), "f4"), floats((3,))])
    for dtype in ["u1", "i1"]:
        a, b = numbers((2, 3), dtype, -120, 120), numbers((3, 2), dtype, -120, 120)
        case("MatMulInteger", [a, b])
        case("MatMulInteger", [a, b, np.array(3, dtype), numbers((2,), dtype)])
        scales = [np.float32(0.02), np.float32(0.03), np.float32(0.4)]
        case("QLinearMatMul", [a, scales[0], np.array(3, dtype), b, scales[1], np.array(1, dtype), scales[2], np.array(5, dtype)], opset=21)
    for dtype in ["u1", "i1", "u2", "i2"]:
        x, q = floats((4, 3), -300, 300), numbers((4, 3), dtype, -50, 50)
        zero = np.array(7, dtype)
        case("QuantizeLinear", [x, np.float32(1.5), zero], opset=21)
        case("QuantizeLinear", [x, np.float32([1, 2, 3]), numbers((3,), dtype)], opset=21)
        case("QuantizeLinear", [x, np.abs(floats((2, 3))) + np.float32(1), numbers((2, 3), dtype)], opset=21, axis=0, block_size=2)
        case("QuantizeLinear", [x.astype("f2"), np.float16(1.5), zero], opset=21)
        case("DequantizeLinear", [q, np.float32(1.5), zero], opset=21)
        case("DequantizeLinear", [q, floats((4,)), numbers((4,), dtype)], opset=21, axis=0)
        case("DequantizeLinear", [q, floats((4, 2)), numbers((4, 2), dtype)], opset=21, block_size=2)
        case("DequantizeLinear", [q, np.float16(1.5), zero], opset=21)
    case("QuantizeLinear", [np.float32([0.5, 1.5, 2.5, np.nan, np.inf, -np.inf]), np.float32(1), np.int8(3)])
    for low, high in [(-1, 1), (1, 3), (-3, -1), (0, 0)]:
        case("DynamicQuantizeLinear", [floats((2, 3), low, high)], n_outputs=3)
    equations = [("ij,jk->ik", [(2, 3), (3, 2)]), ("bij,bjk", [(2, 2, 3), (2, 3, 2)]), ("...ij,...jk->...ik", [(2, 2, 3), (1, 3, 2)]), ("ii->i", [(3, 3)]), ("ii", [(3, 3)]), ("ij->ji", [(2, 3)]), ("i,j->ij", [(2,), (3,)]), ("ij->", [(2, 3)]), ("a,a,a->a", [(3,)] * 3)]
    for equation, shapes in equations:
        for dtype in ["f4", "i8"]:
            case("Einsum", [numbers(shape, dtype) for shape in shapes], equation=equation)


def networks():
    x, labels = floats((2, 3, 2)), np.int64([[0, 1], [2, 1]])
    weights = np.float32([1, 2, 0.5])
    for reduction in ["none", "sum", "mean"]:
        case("NegativeLogLikelihoodLoss", [x, labels], reduction=reduction)
        case("NegativeLogLikelihoodLoss", [x, labels, weights], reduction=reduction, ignore_index=2)
        case("SoftmaxCrossEntropyLoss", [x, labels, weights], n_outputs=2, reduction=reduction, ignore_index=1)
        case("SoftmaxCrossEntropyLoss", [x, labels.astype("i4")], reduction=reduction)
    for operator in ["BlackmanWindow", "HammingWindow", "HannWindow"]:
        case(operator, [np.int64(7)])
        case(operator, [np.int32(8)], periodic=0)
    heads = lambda *shape: floats(shape, -1, 1)
    for attributes in [{}, {"is_causal": 1}, {"scale": 0.3}, {"softcap": 2.0}]:
        case("Attention", [heads(1, 2, 2, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 2)], opset=23, **attributes)
        case("Attention", [heads(1, 2, 3, 4), heads(1, 1, 3, 4), heads(1, 1, 3, 4), numbers((3, 3), bool)], opset=23, **attributes)
        case("Attention", [heads(1, 2, 2, 4), heads(1, 2, 2, 4), heads(1, 2, 2, 4), None, heads(1, 2, 3, 4), heads(1, 2, 3, 4)], n_outputs=4, opset=23, qk_matmul_output_mode=3, **attributes)
    case("Attention", [heads(1, 2, 8), heads(1, 3, 4), heads(1, 3, 4), heads(2, 3)], opset=23, q_num_heads=2, kv_num_heads=1)
    positions = np.int64([[0, 2, 1]])
    case("RotaryEmbedding", [heads(1, 2, 3, 4), heads(5, 2), heads(5, 2), positions], opset=23)
    case("RotaryEmbedding", [heads(1, 3, 8), heads(1, 3, 2), heads(1, 3, 2)], opset=23, interleaved=1, num_heads=2)
    case("RotaryEmbedding", [heads(1, 2, 3, 4), heads(5, 1), heads(5, 1), positions], opset=23, rotary_embedding_dim=2)


onnxruntime.set_default_logger_severity(4)
for write in [elementwise, functions, reductions, vectors, products, networks]:
    write()
Path(__file__).with_name("cases.jsonl").write_text("\n".join(lines) + "\n")
print(len(lines), "cases;", "without a kernel:", *sorted(refused), sep="\n")
