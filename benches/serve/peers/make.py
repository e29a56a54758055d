"""Copies the coefficients of `tests/models/iris/model.onnx` to `iris.json`.

Needs `onnx` and `numpy` (`tests/models/requirements.txt` has the versions). Checks the class in
`Iris.py` against the answers that stand beside the model, and fails if they differ by more than
single precision explains.
"""

import json
from pathlib import Path

import numpy as np
import onnx

HERE = Path(__file__).resolve().parent
MODEL = HERE / "../../../tests/models/iris"


def main():
    """Reads the first node, a LinearClassifier with softmax; writes a row for each class."""
    node = onnx.load(MODEL / "model.onnx").graph.node[0]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    assert (node.op_type, attributes["post_transform"]) == ("LinearClassifier", b"SOFTMAX")
    intercepts = list(attributes["intercepts"])
    coefficients = np.reshape(attributes["coefficients"], (len(intercepts), -1)).tolist()
    rows = ",\n    ".join(map(json.dumps, coefficients))
    text = f'{{\n  "coefficients": [\n    {rows}\n  ],\n  "intercepts": {json.dumps(intercepts)}\n}}\n'
    (HERE / "iris.json").write_text(text)
    check(json.loads((MODEL / "expected.json").read_text()))


def check(expected):
    """Holds the class against the model's answers."""
    from Iris import Iris

    rows = expected["inputs"]["float_input"]
    answers = expected["outputs"]["output_probability"]
    given = Iris().predict(np.reshape(rows["values"], rows["shape"]), [])
    np.testing.assert_allclose(given, np.reshape(answers["values"], answers["shape"]), rtol=1e-5)


main()
