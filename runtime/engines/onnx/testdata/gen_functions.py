"""Writes functions.onnx, a graph that calls functions of its file in all the ways there are, and
functions_inlined.onnx: the same without functions, by onnx.inliner (onnx 1.23.2). onnxruntime
1.32.0 gives the same answers for both.

    python gen_functions.py
"""

import numpy as np
import onnx
import onnx.inliner
import onnx.parser
import onnxruntime

TEXT = """
<ir_version: 10, opset_import: ["" : 18, "local" : 1, "other" : 1]>
calls (float[N, 4] x, bool c) => (float[N, 4] y, float[N, 4] z, float[N, 4] w, float[N, 4] t)
{
  a = local.scaled <alpha: float = 2.0> (x)
  y = local.twice (a, c)
  z, w = local.both (y)
  b = local.twice (x, c)
  u, v = local.both (b)
  t = local.clipped (u)
}
<domain: "local", opset_import: ["" : 18]>
scaled <alpha: float = 1.0, beta: float = 0.5> (X) => (Y)
{
  s = Constant <value_float: float = @alpha> ()
  o = Constant <value_float: float = @beta> ()
  x = Mul (X, s)
  Y = Add (x, o)
}
<domain: "local", opset_import: ["" : 18, "local" : 1]>
twice (x, c) => (y)
{
  a = local.scaled <beta: float = 0.25> (x)
  y = If (c) <
    then_branch = yes () => (float[N, 4] z) { b = local.scaled <alpha: float = 3.0> (a)  z = Add (b, x) },
    else_branch = no () => (float[N, 4] z) { z = Neg (a) }
  >
}
<domain: "local", opset_import: ["" : 18]>
both (x) => (i, n) { i = Identity (x)  m = Neg (x)  n = Neg (m) }
<domain: "other", opset_import: ["" : 18]>
soft <axis> (x) => (y) { y = Softmax <axis: int = @axis> (x) }
<domain: "local", opset_import: ["" : 18, "other" : 1]>
clipped (x, low) => (y) { a = Clip (x, low)  y = other.soft <axis: int = 1> (a) }
"""

model = onnx.parser.parse_model(TEXT)
onnx.checker.check_model(model)


def write_defaults(nodes):
    """Gives all calls the default attributes, which the inliner leaves out."""
    for node in nodes:
        given = {attribute.name for attribute in node.attribute}
        for function in model.functions:
            if (node.domain, node.op_type) == (function.domain, function.name):
                defaults = [a for a in function.attribute_proto if a.name not in given]
                node.attribute.extend(defaults)
        for attribute in node.attribute:
            write_defaults(attribute.g.node)


explicit = onnx.ModelProto()
explicit.CopyFrom(model)
write_defaults(explicit.graph.node)
for function in explicit.functions:
    write_defaults(function.node)
    function.attribute.extend(default.name for default in function.attribute_proto)
    del function.attribute_proto[:]
inlined = onnx.inliner.inline_local_functions(explicit)
assert not inlined.functions

x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
for c in (True, False):
    answers = []
    for proto in (model, inlined):
        bytes_ = proto.SerializeToString()
        session = onnxruntime.InferenceSession(bytes_, providers=["CPUExecutionProvider"])
        answers.append(session.run(None, {"x": x, "c": np.array(c)}))
    assert all((a == b).all() for a, b in zip(*answers))
onnx.save(model, "functions.onnx")
onnx.save(inlined, "functions_inlined.onnx")
