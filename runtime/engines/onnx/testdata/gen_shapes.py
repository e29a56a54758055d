"""Writes shapes.onnx, a graph of one node for each kind of shape rule, and shapes.txt: what
onnx.shape_inference (onnx 1.23.2) says of each value, confirmed by running the graph with
onnxruntime 1.32.0 at two batch sizes.

    python gen_shapes.py
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

nodes, constants = [], []


def const(name, values, dtype=np.int64):
    constants.append(numpy_helper.from_array(np.array(values, dtype), name))
    return name


def weights(name, *shape):
    return const(name, np.zeros(shape), np.float32)


def op(op_type, inputs, name, n_outputs=1, **attributes):
    outputs = [name] + [f"{name}_{i}" for i in range(1, n_outputs)]
    nodes.append(helper.make_node(op_type, inputs, outputs, name=f"n_{name}", **attributes))
    return name


op("Conv", ["image", weights("w", 8, 3, 3, 3)], "conv", strides=[2, 2], pads=[1, 1, 1, 1])
op("Conv", ["conv", weights("wg", 8, 4, 2, 2)], "grouped", group=2, dilations=[2, 2])
op("Conv", ["image", weights("ws", 4, 3, 3, 3)], "same_pad", auto_pad="SAME_UPPER", strides=[3, 3])
op("ConvTranspose", ["conv", weights("wt", 8, 5, 2, 2)], "up", strides=[2, 2], output_padding=[1, 1])
op("MaxPool", ["image"], "pool", 2, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
op("AveragePool", ["image"], "mean_pool", kernel_shape=[2, 3], pads=[0, 1, 0, 1])
op("GlobalAveragePool", ["conv"], "global_pool")
op("Flatten", ["global_pool"], "flat")
op("Gemm", ["flat", weights("wl", 10, 8), weights("bl", 10)], "logits", transB=1)
op("MatMul", ["flat", weights("wm", 8, 6)], "product")
op("MatMul", [weights("stack", 5, 1, 2, 4), weights("stack2", 3, 4, 7)], "stacked")
op("MatMul", [weights("row", 4), weights("stack3", 3, 4, 7)], "row_product")
op("Einsum", ["flat", weights("we", 8, 6)], "einsum", equation="nd,de->ne")
op("Add", ["conv", weights("bias", 8, 1, 1)], "sum")
op("Where", [const("mask", [[True], [False]], bool), weights("left", 1, 3), weights("right", 4, 1, 1)], "chosen")
op("Equal", ["logits", weights("ten", 1, 10)], "equal")
op("Cast", ["logits"], "halves", to=TensorProto.FLOAT16)
op("Shape", ["image"], "extents")
op("Gather", ["extents", const("zero", 0)], "n")
op("Unsqueeze", ["n", const("axis0", [0])], "n_row")
op("Concat", ["n_row", const("minus", [-1])], "target", axis=0)
op("Reshape", ["image", "target"], "rows")
op("Reshape", ["image", const("fold", [-1, 64])], "folded")
op("Reshape", ["image", const("keep", [0, 3, 4, -1])], "kept")
op("Transpose", ["image"], "turned", perm=[0, 2, 3, 1])
op("Squeeze", ["global_pool", const("spatial", [2, 3])], "squeezed")
op("Unsqueeze", ["logits", const("around", [0, -1])], "wide")
op("Concat", ["logits", "product"], "joined", axis=1)
op("Split", ["logits", const("parts", [3, 7])], "split", 2, axis=1)
op("Slice", ["image", const("starts", [1, -5]), const("ends", [-1, 9]), const("axes", [2, 3]), const("strides", [2, 1])], "sliced")
op("Slice", ["logits", const("from9", [9]), const("to0", [-11]), const("axis1", [1]), const("back", [-2])], "reversed")
op("Gather", ["logits", const("picks", [[0, 1, 2], [3, 4, 5]])], "gathered", axis=1)
op("GatherElements", [weights("table", 4, 5), const("places", [[0, 1], [2, 3]])], "elements", axis=1)
op("GatherND", [weights("cube", 2, 3, 4), const("points", [[0, 1], [1, 2], [0, 0]])], "points_of")
op("Expand", [weights("seed", 1, 1, 6), const("shape3", [2, 5, 1])], "expanded")
op("Tile", ["logits", const("twice", [1, 2])], "tiled")
op("Pad", ["image", const("pads", [0, 0, 1, 2, 0, 0, 3, 4])], "padded")
op("ConstantOfShape", [const("of", [2, 3])], "filled")
op("Range", [const("start", 2), const("limit", 11), const("delta", 3)], "counted")
op("OneHot", [const("classes", [1, 2, 0]), const("depth", 4), const("off_on", [0.0, 1.0], np.float32)], "one_hot", axis=0)
op("ReduceMean", ["image"], "mean", axes=[2, 3], keepdims=0)
op("ReduceSum", ["image", const("last", [-1])], "total")
op("ArgMax", ["logits"], "best", axis=1, keepdims=0)
op("TopK", ["logits", const("k", [3])], "top", 2)
op("Softmax", ["logits"], "softmax")
op("LayerNormalization", ["flat", weights("scale", 8)], "normal", 2)
op("DepthToSpace", ["conv"], "spread", blocksize=2)
op("SpaceToDepth", ["image"], "packed", blocksize=4)
op("Resize", ["image", "", const("factors", [1, 1, 2, 1.5], np.float32)], "scaled")
op("Resize", ["image", "", "", const("sizes", [2, 3, 20, 9])], "resized")
op("LSTM", ["steps", weights("wi", 2, 16, 6), weights("wr", 2, 16, 4)], "lstm", 3, hidden_size=4, direction="bidirectional")
op("NonZero", ["logits"], "non_zero")
op("QuantizeLinear", ["logits", const("qs", 0.1, np.float32), const("qz", 3, np.int8)], "quantized")
op("DequantizeLinear", ["quantized", "qs", "qz"], "restored")

inputs = [
    helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 16, 16]),
    helper.make_tensor_value_info("steps", TensorProto.FLOAT, [7, 2, 6]),
]
names = [name for node in nodes for name in node.output]
outputs = [onnx.ValueInfoProto(name=name) for name in names]
graph = helper.make_graph(nodes, "shapes", inputs, outputs, constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
# The one Resize with sizes has its batch in them.
inferred = onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=True)
types = {value.name: value.type.tensor_type for value in inferred.graph.output}

session = onnxruntime.InferenceSession(
    onnx.shape_inference.infer_shapes(model).SerializeToString(), providers=["CPUExecutionProvider"]
)
steps = np.zeros((7, 2, 6), np.float32)
ran = []
for n in (2, 5):
    wanted = [name for name in names if name != "resized" or n == 2]
    image = np.zeros((n, 3, 16, 16), np.float32)
    ran.append(dict(zip(wanted, session.run(wanted, {"image": image, "steps": steps}))))

lines = []
for name in names:
    dims = [d.dim_value if d.HasField("dim_value") else -1 for d in types[name].shape.dim]
    for answers in ran:
        if name in answers:
            got = answers[name].shape
            assert len(got) == len(dims) and all(d in (-1, g) for d, g in zip(dims, got)), name
    if all(name in answers for answers in ran):
        fixed = [a if a == b else -1 for a, b in zip(ran[0][name].shape, ran[1][name].shape)]
        dims = [d if d != -1 else f if name != "non_zero" else -1 for d, f in zip(dims, fixed)]
    lines.append(f"{name} {types[name].elem_type} {' '.join(map(str, dims))}".rstrip())
del model.graph.output[:]
model.graph.output.append(
    helper.make_tensor_value_info("softmax", TensorProto.FLOAT, ["batch", 10])
)
onnx.save(model, "shapes.onnx")
with open("shapes.txt", "w") as file:
    file.write("\n".join(lines) + "\n")
