"""Writes cases.jsonl: nodes of standard ONNX that move, choose and convert elements, with
onnxruntime's answers.

Shapes, types and attributes are drawn at random from a fixed seed; where onnxruntime has no kernel
for a type, or its answer is known to be wrong, the case is left out. Needs numpy, onnx 1.23 and
onnxruntime 1.32 on x86-64 (casts of floats that fit no integer are the processor's there).

    python make.py
"""

import json
import pathlib
import random

import numpy as np
import onnxruntime
from onnx import ModelProto, TensorProto, helper, numpy_helper

CASES_PER_OPERATOR = 14

onnxruntime.set_default_logger_severity(4)
numbers = np.random.default_rng(20)
choices = random.Random(20)

FLOATS = [np.float32, np.float64, np.float16]
INTEGERS = [np.int64, np.int32, np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64]
NUMBERS = FLOATS + INTEGERS
ALL = NUMBERS + [np.bool_, object]
NAMES = {
    "float32": "FP32", "float64": "FP64", "float16": "FP16", "bool": "BOOL", "object": "BYTES",
    **{t.__name__: t.__name__.upper() for t in INTEGERS},
}
SPECIAL = [np.nan, np.inf, -np.inf, -0.0]

pick = choices.choice


def integer(low, high):
    return choices.randint(low, high)


def shape(low=0, high=4, empty=True):
    extents = [1, 2, 2, 3, 3, 4]
    return [0 if empty and choices.random() < 0.08 else pick(extents) for _ in range(integer(low, high))]


def values(dims, dtype, special=False, whole=False):
    n = int(np.prod(dims, dtype=np.int64))
    if dtype is object:
        array = np.empty(n, dtype=object)
        array[:] = [pick(["a", "", "bb", "c", "é"]) for _ in range(n)]
    elif dtype == np.bool_:
        array = numbers.integers(0, 2, n).astype(bool)
    elif dtype in FLOATS:
        array = numbers.integers(-4, 5, n) if whole else numbers.normal(0, 3, n).round(3)
        array = array.astype(dtype)
        for _ in range(integer(0, 2) if special and n else 0):
            array[integer(0, n - 1)] = pick(SPECIAL)
    else:
        array = numbers.integers(0 if dtype.__name__.startswith("u") else -4, 6, n).astype(dtype)
    return array.reshape(dims)


def axis(rank):
    return integer(-rank, rank - 1)


def signed(axes, rank):
    """The same axes, some of them counted from the end."""
    return [at - pick([0, rank]) for at in axes]


def ints(array):
    return np.array(array, dtype=pick([np.int64, np.int64, np.int32]))


def longs(array):
    return np.array(array, dtype=np.int64)


def indices(extent, dims):
    return numbers.integers(-extent, extent, dims) if extent else np.zeros([0] * max(1, len(dims)))


def cast():
    dtype, dims = pick(ALL), shape(0, 2)
    if dtype is object:
        texts = ["1", "-2", "3.5", " 4 ", "1e2", "nan", "-INF", "0", "+7"]
        array = np.array([pick(texts) for _ in range(int(np.prod(dims)))], dtype=object)
        return [array.reshape(dims)], {"to": pick([TensorProto.FLOAT, TensorProto.DOUBLE])}, 21
    array = values(dims, dtype, special=True)
    targets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]
    if dtype in FLOATS:
        array = (array * dtype(pick([1, 1, 1000, 1e-3, 30000]))).astype(dtype)
    return [array], {"to": pick(targets)}, 21


def reshape():
    dims = shape()
    left, to = int(np.prod(dims)), []
    for _ in range(integer(0, 3)):
        factor = pick([n for n in (1, 2, 3, 4) if left and left % n == 0] or [0])
        to.append(factor)
        left = left // factor if factor else left
    to.append(pick([left, -1]))
    choices.shuffle(to)
    if dims and choices.random() < 0.3:
        to = [0] * integer(1, len(dims)) + [-1]
    return [values(dims, pick(ALL)), longs(to)], {"allowzero": pick([0, 0, 1])}, 14


def flatten():
    dims = shape()
    return [values(dims, pick(ALL))], {"axis": integer(-len(dims), len(dims))}, 13


def squeeze():
    dims = [pick([1, 1, 2, 3]) for _ in range(integer(0, 4))]
    ones = signed([at for at, dim in enumerate(dims) if dim == 1], len(dims))
    array = values(dims, pick(ALL))
    if not ones or choices.random() < 0.3:
        return [array], {}, 13
    axes = choices.sample(ones, integer(1, len(ones)))
    return ([array, longs(axes)], {}, 21) if choices.random() < 0.5 else ([array], {"axes": axes}, 11)


def unsqueeze():
    dims, n = shape(0, 3), integer(1, 3)
    axes = signed(choices.sample(range(len(dims) + n), n), len(dims) + n)
    array = values(dims, pick(ALL))
    return ([array, longs(axes)], {}, 21) if choices.random() < 0.5 else ([array], {"axes": axes}, 11)


def transpose():
    dims = shape(0, 5)
    order = choices.sample(range(len(dims)), len(dims))
    with_order = order and choices.random() < 0.8
    return [values(dims, pick(ALL))], {"perm": order} if with_order else {}, 21


def concat():
    dims, dtype, arrays = shape(1, 3), pick(ALL), []
    at = axis(len(dims))
    for _ in range(integer(1, 4)):
        dims[at] = integer(0, 3)
        arrays.append(values(dims, dtype))
    return arrays, {"axis": at}, 13


def split():
    dims, n, dtype = shape(1, 3), integer(1, 4), pick(ALL)
    at = axis(len(dims))
    how = choices.random()
    if how < 0.5:
        parts = [integer(0, 3) for _ in range(n)]
        dims[at] = sum(parts)
        array = values(dims, dtype)
        if how < 0.3:
            return [array, longs(parts)], {"axis": at}, pick([13, 18]), n
        return [array], {"axis": at, "split": parts}, 11, n
    if how < 0.8:
        return [values(dims, dtype)], {"axis": at, "num_outputs": n}, 18, n
    dims[at] = n * integer(0, 2)
    return [values(dims, dtype)], {"axis": at}, pick([11, 13]), n


def slice_():
    dims = shape(1, 4)
    axes = choices.sample(range(len(dims)), integer(1, len(dims)))
    bounds = list(range(-5, 6)) + [2**62, -(2**62), -(2**31)]
    starts, ends = ([pick(bounds) for _ in axes] for _ in range(2))
    steps = [pick([1, 1, 2, -1, -2, 3, 100]) for _ in axes]
    inputs = [values(dims, pick(ALL)), longs(starts), longs(ends)]
    how = choices.random()
    if how < 0.2:
        return inputs[:1], {"starts": starts, "ends": ends, "axes": axes}, 9
    if how < 0.3:
        return inputs, {}, 13
    inputs.append(longs(signed(axes, len(dims))))
    return inputs + ([longs(steps)] if how > 0.45 else []), {}, 13


def gather():
    dims = shape(1, 3)
    at = axis(len(dims))
    # onnxruntime 1.32 loses all but the first string of each slice.
    return [values(dims, pick(ALL[:-1])), ints(indices(dims[at], shape(0, 2)))], {"axis": at}, 13


def gather_elements():
    dims = shape(1, 3)
    at, wanted = axis(len(dims)), [integer(0, dim) for dim in dims]
    wanted[at] = integer(0, 4) if dims[at] else 0
    index = numbers.integers(-max(dims[at], 1), max(dims[at], 1), wanted)
    return [values(dims, pick(ALL)), ints(index)], {"axis": at}, 13


def tuples(dims, batch, n, places):
    index = np.zeros(dims[:batch] + places + [n], np.int64)
    for i in range(n):
        index[..., i] = numbers.integers(-dims[batch + i], dims[batch + i], index.shape[:-1])
    return index


def gather_nd():
    dims = shape(1, 4, empty=False)
    batch = integer(0, len(dims) - 1)
    index = tuples(dims, batch, integer(1, len(dims) - batch), shape(0, 2))
    return [values(dims, pick(ALL)), index], {"batch_dims": batch}, 13


def scatter_elements():
    dims = shape(1, 3)
    at, wanted = axis(len(dims)), [integer(0, dim) for dim in dims]
    extent, how = dims[at], pick(["none", "add", "mul", "min", "max"])
    dtype = pick(ALL if how == "none" else NUMBERS)
    index = numbers.integers(-max(extent, 1), max(extent, 1), wanted)
    if how == "none":
        # Which of two updates to one place counts is open.
        lines = np.moveaxis(index, at, -1)
        flat = np.array([numbers.permutation(extent)[: wanted[at]] for _ in np.ndindex(lines.shape[:-1])])
        index = np.moveaxis(flat.reshape(lines.shape).astype(np.int64), -1, at)
    arrays = [values(dims, dtype, whole=True), ints(index), values(wanted, dtype, whole=True)]
    return arrays, {"axis": at, "reduction": how}, 18


def scatter_nd():
    dims, how = shape(1, 3, empty=False), pick(["none", "add", "mul", "min", "max"])
    n = integer(1, len(dims))
    index = tuples(dims, 0, n, [1] if how == "none" else shape(0, 2))
    dtype = pick(ALL if how == "none" else NUMBERS)
    updates = values(list(index.shape[:-1]) + dims[n:], dtype, whole=True)
    return [values(dims, dtype, whole=True), index, updates], {"reduction": how}, 18


def compress():
    dims = shape(1, 3)
    at = axis(len(dims))
    if choices.random() < 0.6:
        return [values(dims, pick(ALL)), values([integer(0, dims[at])], np.bool_)], {"axis": at}, 11
    return [values(dims, pick(ALL)), values([integer(0, int(np.prod(dims)))], np.bool_)], {}, 11


def expand():
    dims = [1 if choices.random() < 0.5 else dim for dim in shape(0, 3)]
    to = [pick([1, dim]) if dim != 1 else pick([1, 2, 3, 0]) for dim in dims]
    to = [pick([1, 2]) for _ in range(integer(0, 2))] + to
    return [values(dims, pick(ALL)), longs(to[pick([0, 0, len(to) // 2]) :])], {}, 13


def tile():
    dims = shape(0, 3)
    return [values(dims, pick(ALL)), longs([integer(0, 3) for _ in dims])], {}, 13


def where():
    dims, dtype = shape(0, 3), pick([np.float32, np.float64, np.int64, np.int32, np.uint8, object])
    some = lambda: [1 if choices.random() < 0.3 else dim for dim in dims][pick([0, 0, 1]) :]
    return [values(some(), np.bool_), values(some(), dtype), values(some(), dtype)], {}, 16


def non_zero():
    dtype = pick([np.float32, np.int64, np.int32, np.uint8, np.bool_])
    return [values(shape(1, 3), dtype, special=True, whole=True)], {}, 13


def one_hot():
    dims = shape(1, 3)
    depth = np.array(pick([3, [3], [1], [5]]), dtype=pick([np.int64, np.float32]))
    dtypes = [(np.float32, np.float32), (np.int64, np.int64), (np.int64, object), (np.int64, np.float32)]
    of_index, of_value = pick(dtypes)
    arrays = [values(dims, of_index, whole=True), depth, values([2], of_value)]
    return arrays, {"axis": integer(-len(dims) - 1, len(dims))}, 11


def top_k():
    dims = pick([shape(1, 3), shape(1, 3), [2, 70]])
    at = axis(len(dims))
    k = integer(0, dims[at]) if max(dims) < 70 else pick([33, 40, 70])
    if choices.random() < 0.2:
        return [values(dims, np.float32, whole=True)], {"axis": at, "k": k}, 9, 2
    dtype = pick([np.float32, np.float64, np.int64, np.int32])
    array = values(dims, dtype, special=True, whole=choices.random() < 0.6)
    return [array, longs([k])], {"axis": at, "largest": integer(0, 1), "sorted": 1}, 11, 2


def arg_extremum():
    dims = shape(1, 4)
    array = values(dims, pick([np.float32, np.float64, np.int32, np.int8, np.uint8]), whole=True)
    attributes = {"axis": axis(len(dims)), "keepdims": integer(0, 1)}
    return [array], {**attributes, "select_last_index": integer(0, 1)}, 13


def range_():
    dtype = pick([np.float32, np.float64, np.int64, np.int32, np.int16])
    by = [1, 2, -1, -3] + ([0.5, 0.1] if dtype in FLOATS else [])
    scale = 1.1 if dtype in FLOATS else 1
    numbers_ = [integer(-5, 5) * scale, integer(-9, 9) * scale, pick(by)]
    return [np.array(number, dtype=dtype) for number in numbers_], {}, 11


def eye_like():
    of = {"dtype": pick([1, 6, 7, 11, 13])} if choices.random() < 0.5 else {}
    dtype = pick([np.float32, np.float64, np.int64, np.int32])
    return [values(shape(2, 2), dtype)], {"k": integer(-3, 3), **of}, 9


def trilu():
    array = values(shape(2, 4), pick([np.float32, np.float64, np.int64, np.bool_]))
    diagonal = [longs(pick([integer(-5, 5), 2**62, -(2**62)]))] if choices.random() < 0.7 else []
    return [array] + diagonal, {"upper": integer(0, 1)}, 14


def depth_to_space():
    size = integer(1, 3)
    dims = [integer(1, 2), size * size * integer(1, 2), integer(1, 3), integer(1, 2)]
    return [values(dims, np.float32)], {"blocksize": size, "mode": pick(["DCR", "CRD"])}, 13


def space_to_depth():
    size = integer(1, 3)
    dims = [integer(1, 2), integer(1, 2), size * integer(1, 2), size * integer(1, 2)]
    return [values(dims, np.float32)], {"blocksize": size}, 13


def reverse_sequence():
    dims, time = shape(2, 3, empty=False), integer(0, 1)
    lengths = longs([integer(0, dims[time]) for _ in range(dims[1 - time])])
    return [values(dims, pick(ALL)), lengths], {"time_axis": time, "batch_axis": 1 - time}, 10


def pad():
    dims = shape(1, 3, empty=False)
    dtype = pick([np.float32, np.float64, np.int64, np.int32, np.uint8, np.int8, np.bool_])
    mode = pick(["constant", "constant", "reflect", "edge", "wrap"])
    amounts = lambda n: [pick([-1, 0, 0, 1, 1, 2, 3]) for _ in range(2 * n)]
    how = choices.random()
    if how < 0.2:
        mode = "edge" if mode == "wrap" else mode
        value = pick([0.0, 1.5])
        attributes = {"pads": amounts(len(dims)), "mode": mode, "value": value}
        return [values(dims, np.float32)], attributes, 9
    constant = values([], dtype) if choices.random() < 0.5 else None
    if how < 0.6:
        return [values(dims, dtype), longs(amounts(len(dims))), constant], {"mode": mode}, 19
    axes = choices.sample(range(len(dims)), integer(1, len(dims)))
    arrays = [values(dims, dtype), longs(amounts(len(axes))), constant, ints(signed(axes, len(dims)))]
    return arrays, {"mode": mode}, 19


def center_crop_pad():
    dims = shape(1, 3, empty=False)
    axes = choices.sample(range(len(dims)), integer(1, len(dims)))
    to = ints([integer(1, 6) for _ in axes])
    return [values(dims, pick([np.float32, np.int64])), to], {"axes": signed(axes, len(dims))}, 18


def unique():
    dims = shape(1, 3, empty=False)
    along = {"axis": axis(len(dims))} if choices.random() < 0.5 else {}
    dtype = pick([np.float32, np.float64, np.int64, np.int8, object])
    return [values(dims, dtype, whole=True)], {"sorted": integer(0, 1), **along}, 11, 4


def non_max_suppression():
    batches, classes, boxes = integer(1, 2), integer(1, 2), integer(1, 8)
    arrays = [
        numbers.random((batches, boxes, 4)).round(3).astype(np.float32),
        (numbers.integers(0, 6, (batches, classes, boxes)) / 5).astype(np.float32),
        longs([integer(0, 5)]),
        np.array([pick([0, 0.2, 0.5, 1])], np.float32),
    ]
    if choices.random() < 0.7:
        arrays.append(np.array([pick([0, 0.3])], np.float32))
    return arrays, {"center_point_box": integer(0, 1)}, 11


def resize():
    dims = [integer(1, 2), integer(1, 3), integer(1, 4), integer(1, 4)]
    is_linear = choices.random() < 0.5
    free = [2, 3] if is_linear else range(4)
    modes = ["half_pixel", "asymmetric", "pytorch_half_pixel"]
    array = values(dims, np.float32 if is_linear else pick([np.float32, np.int32, np.uint8]))
    attributes = {"coordinate_transformation_mode": pick(modes)}
    if is_linear:
        attributes["mode"] = "linear"
    else:
        attributes["nearest_mode"] = pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    by = [pick([1.0, 2.0, 0.5, 3.0, 1.5, 0.6]) if at in free else 1.0 for at in range(4)]
    return [array, None, np.array(by, np.float32)], attributes, pick([13, 19])


def upsample():
    by = [1.0, 1.0, pick([1.0, 2.0, 3.0, 1.5]), pick([1.0, 2.0, 2.5])]
    array = values([1, 2, integer(1, 3), integer(1, 3)], np.float32)
    return [array, np.array(by, np.float32)], {"mode": pick(["nearest", "linear"])}, 9


def col2im():
    # Of one axis or three with dilations onnxruntime 1.32 writes to other places.
    image = [integer(2, 5), integer(2, 5)]
    block, strides, dilations = ([integer(1, 2), integer(1, 2)] for _ in range(3))
    pads, n_columns = [integer(0, 1) for _ in range(4)], 1
    for i in range(2):
        span = image[i] + pads[i] + pads[2 + i] - dilations[i] * (block[i] - 1) - 1
        n_columns *= max(span // strides[i] + 1, 0)
    array = values([integer(1, 2), integer(1, 2) * block[0] * block[1], n_columns], np.float32)
    attributes = {"strides": strides, "dilations": dilations, "pads": pads}
    return [array, longs(image), longs(block)], attributes, 18


def shape_():
    bounds = {"start": integer(-5, 5), "end": integer(-5, 5)}
    return [values(shape(), pick(ALL))], pick([{}, bounds, {"start": bounds["start"]}]), 15


def size():
    return [values(shape(), pick(ALL))], {}, 13


def constant_of_shape():
    dtype = pick([np.float32, np.int64, np.bool_, np.uint8, np.float64, np.float16])
    value = {"value": numpy_helper.from_array(values([1], dtype))} if choices.random() < 0.8 else {}
    return [longs(shape(0, 3))], value, 9


OPERATORS = {
    "ArgMax": arg_extremum, "ArgMin": arg_extremum, "Cast": cast, "CenterCropPad": center_crop_pad,
    "Col2Im": col2im,
    "Compress": compress, "Concat": concat, "ConstantOfShape": constant_of_shape,
    "DepthToSpace": depth_to_space, "Expand": expand, "EyeLike": eye_like, "Flatten": flatten,
    "Gather": gather, "GatherElements": gather_elements, "GatherND": gather_nd,
    "NonMaxSuppression": non_max_suppression, "NonZero": non_zero, "OneHot": one_hot, "Pad": pad,
    "Range": range_, "Reshape": reshape, "Resize": resize, "ReverseSequence": reverse_sequence,
    "ScatterElements": scatter_elements, "ScatterND": scatter_nd, "Shape": shape_, "Size": size,
    "Slice": slice_, "SpaceToDepth": space_to_depth, "Split": split, "Squeeze": squeeze,
    "Tile": tile, "TopK": top_k, "Transpose": transpose, "Trilu": trilu, "Unique": unique,
    "Unsqueeze": unsqueeze, "Upsample": upsample, "Where": where,
}


def elem_type(array):
    return TensorProto.STRING if array.dtype == object else helper.np_dtype_to_tensor_dtype(array.dtype)


def run(operator, arrays, attributes, opset, n_outputs):
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(arrays)]
    outputs = [f"y{i}" for i in range(n_outputs)]
    given = {name: array for name, array in zip(names, arrays) if name}
    graph = helper.make_graph(
        [helper.make_node(operator, names, outputs, **attributes)],
        "graph",
        [helper.make_tensor_value_info(n, elem_type(a), [None] * a.ndim) for n, a in given.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
    )
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return [np.asarray(array) for array in session.run(None, given)]


def text(value):
    """A float as JSON, which has no word for some."""
    return float(value) if np.isfinite(value) else str(float(value))


def tensor(array):
    if array is None:
        return None
    dtype = np.dtype(object) if array.dtype.kind == "U" else array.dtype
    elements = array.reshape(-1).tolist()
    if dtype.kind == "f":
        elements = [text(element) for element in elements]
    return {"dtype": NAMES[dtype.name], "shape": list(array.shape), "values": elements}


def attribute(value):
    if isinstance(value, TensorProto):
        return {"tensor": tensor(numpy_helper.to_array(value))}
    kind = {int: "int", float: "float", str: "string", list: "ints"}[type(value)]
    return {kind: value}


def cases():
    for operator, draw in OPERATORS.items():
        n_cases = CASES_PER_OPERATOR * (3 if operator in ("Cast", "Pad", "Slice") else 1)
        while n_cases:
            arrays, attributes, opset, *n_outputs = draw()
            try:
                answers = run(operator, arrays, attributes, opset, *(n_outputs or [1]))
            except Exception:  # onnxruntime's errors have no common type
                continue
            n_cases -= 1
            yield {
                "operator": operator,
                "opset": opset,
                "attributes": {name: attribute(value) for name, value in attributes.items()},
                "inputs": [tensor(array) for array in arrays],
                "outputs": [tensor(array) for array in answers],
            }


def main():
    lines = [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases()]
    path = pathlib.Path(__file__).parent / "cases.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
