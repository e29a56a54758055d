"""Writes one bundled model and the answers that onnxruntime gives for it.

Shared by the `make.py` of every folder here. It checks the graph with `onnx.checker`, saves it
as `model.onnx`, runs a dozen ordinary rows through onnxruntime on the CPU and writes what went in
and what came out to `expected.json`:

    {"reference": {package: version, ...},
     "inputs":  {name: {"dtype": "FP32", "shape": [n, ...], "values": [flat, row-major]}},
     "outputs": {name: {"dtype": ..., "shape": ..., "values": ...}}}

An output that a ZipMap turned into one map per row is written as its `[n, classes]` matrix, with
the map's keys beside it under `"classes"`. Every float32 is widened to float64 before it is
printed, so parsing a number as float64 and rounding to float32 gives the very same bits.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

DTYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "object": "BYTES"}


def save(folder: Path, model: onnx.ModelProto, rows: dict[str, np.ndarray], tools: list[str]):
    """Checks `model`, writes `model.onnx` and `expected.json` to `folder`, returns the outputs.

    `rows` holds one array per input, rows first; `tools` names the packages that made the model.
    """
    # skl2onnx lists the operator sets in the order of a set, which changes from run to run.
    imports = sorted(model.opset_import, key=lambda entry: entry.domain)
    del model.opset_import[:]
    model.opset_import.extend(imports)
    onnx.checker.check_model(model, full_check=True)
    encoded = model.SerializeToString(deterministic=True)
    (folder / "model.onnx").write_bytes(encoded)

    session = onnxruntime.InferenceSession(encoded, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, rows)))
    packages = sorted({"onnx", "onnxruntime", "numpy", *tools})
    expected = {
        "reference": {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
        "inputs": {name: tensor(value) for name, value in rows.items()},
        "outputs": {name: tensor(value) for name, value in answers.items()},
    }
    (folder / "expected.json").write_text(layout(expected))
    print(f"{folder.name}: model.onnx is {len(encoded)} bytes")
    return answers


def tensor(value) -> dict:
    """One entry of `expected.json` for an array, or for the list of maps that a ZipMap gives."""
    if isinstance(value, list):
        classes = list(value[0])
        assert all(list(row) == classes for row in value), "every row has the same keys in order"
        matrix = np.array([[row[key] for key in classes] for row in value], dtype=np.float32)
        return {**tensor(matrix), "classes": classes}
    assert value.dtype.kind == "O" or np.isfinite(value).all(), "ordinary numbers only"
    return {
        "dtype": DTYPES[value.dtype.name],
        "shape": list(value.shape),
        "values": value.reshape(-1).tolist(),
    }


def layout(expected: dict) -> str:
    """JSON with one tensor per line: short to read and to compare."""
    parts = [f'  "reference": {json.dumps(expected["reference"])}']
    for side in ("inputs", "outputs"):
        lines = [f'    "{name}": {json.dumps(entry)}' for name, entry in expected[side].items()]
        parts.append(f'  "{side}": {{\n' + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(parts) + "\n}\n"
