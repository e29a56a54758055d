"""Writes the backend tests of the `onnx` package into a folder, for `radiant-onnx-nodes`.

    python tests/onnx/cases.py FOLDER

The node tests and some simple graphs are made by the package's own functions; the graphs that PyTorch
wrote lie in the package. Nothing of either is kept in this tree. A case is a folder as the package
has it: `model.onnx` and `test_data_set_*` with `input_*.pb` and `output_*.pb`. Beside the cases lies
`cases.tsv`, a line for each:

    case, rtol, atol, domain, operator, opset, random

where `domain` is the set of operators that the case is about, `operator` is empty where the graph has
several nodes, and `random` says that no two right answers need be the same.

A folder that is already what this script would write is left alone.
"""

import hashlib
import os
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

# The tolerance of every case that does not allow more by itself.
RTOL, ATOL = 1e-3, 1e-5

# Folders of the package that hold cases as files. `simple` is made anew; `light` has no inputs, and
# weights of one value.
IN_THE_PACKAGE = ["pytorch-converted", "pytorch-operator"]

RANDOM = {"Bernoulli", "Multinomial"} | {
    f"Random{what}{like}" for what in ("Normal", "Uniform") for like in ("", "Like")
}


def main(folder: pathlib.Path):
    wanted = f"onnx {onnx.__version__}, numpy {np.__version__}, script {digest(pathlib.Path(__file__))}\n"
    stamp = folder / "version"
    if stamp.is_file() and stamp.read_text() == wanted:
        print(f"{folder}: as it should be")
        return
    if folder.exists() and any(folder.iterdir()) and not stamp.is_file():
        sys.exit(f"{folder}: not empty, and not written by this script")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # First, so that a run that was broken off is known as this script's.
    stamp.write_text("broken off\n")
    lines = sorted([*written(folder), *copied(folder)])
    (folder / "cases.tsv").write_text("".join(f"{line}\n" for line in lines))
    stamp.write_text(wanted)
    print(f"{folder}: {len(lines)} cases")


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def written(folder: pathlib.Path):
    """Writes the node tests and the simple graphs; yields their lines."""
    with warnings.catch_warnings():
        # Some cases divide by zero on purpose while they are made.
        warnings.simplefilter("ignore")
        from onnx.backend.test.case import model, node

        cases = [*node.collect_testcases(None), *model.collect_testcases()]
    for case in cases:
        if case.kind == "real":  # a model to be fetched
            continue
        name = f"{case.kind}/{case.name}"
        place = folder / name
        place.mkdir(parents=True)
        (place / "model.onnx").write_bytes(case.model.SerializeToString())
        for at, (inputs, outputs) in enumerate(case.data_sets):
            data_set = place / f"test_data_set_{at}"
            data_set.mkdir()
            write(data_set, "input", inputs, case.model.graph.input)
            write(data_set, "output", outputs, case.model.graph.output)
        atol = max([case.atol, *(cancelling(case.model, outputs) for _, outputs in case.data_sets)])
        yield line(name, case.model, place, case.rtol, atol)


def cancelling(model: onnx.ModelProto, outputs) -> float:
    """What rounding may leave of terms that cancel out: a Fourier transform's zeros are sums of large terms."""
    if not any(node.op_type in {"DFT", "STFT"} for node in model.graph.node):
        return 0.0
    return max(float(np.abs(output).max()) for output in outputs) * 1e-6


def write(folder: pathlib.Path, side: str, values, declared):
    for at, (value, info) in enumerate(zip(values, declared, strict=False)):
        (folder / f"{side}_{at}.pb").write_bytes(message(value, info).SerializeToString())


def message(value, info: onnx.ValueInfoProto):
    if isinstance(value, onnx.TensorProto):
        return value
    kind = info.type.WhichOneof("value")
    make = {
        "map_type": numpy_helper.from_dict,
        "sequence_type": numpy_helper.from_list,
        "optional_type": numpy_helper.from_optional,
        "tensor_type": numpy_helper.from_array,
    }
    return make[kind](value, info.name)


def copied(folder: pathlib.Path):
    """Copies the cases that lie in the package; yields their lines."""
    data = pathlib.Path(onnx.__file__).parent / "backend/test/data"
    for group in IN_THE_PACKAGE:
        for source in sorted((data / group).iterdir()):
            name = f"{group}/{source.name}"
            shutil.copytree(source, folder / name)
            model = onnx.load(source / "model.onnx")
            yield line(name, model, folder / name, RTOL, ATOL)


def line(name: str, model: onnx.ModelProto, place: pathlib.Path, rtol: float, atol: float) -> str:
    nodes = [node for node in model.graph.node if node.op_type != "Constant"] or list(model.graph.node)
    domains = {node.domain for node in model.graph.node} - {"", "ai.onnx"}
    domain = min(domains, default="ai.onnx")
    alone = nodes[0] if len(nodes) == 1 else None
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    fields = [
        name,
        f"{max(rtol, RTOL):g}",
        f"{max(atol, ATOL):g}",
        domain,
        alone.op_type if alone else "",
        str(opsets.get((alone.domain if alone else domain) or "ai.onnx", 1)),
        "random" if is_random(model, place) else "",
    ]
    return "\t".join(fields)


def is_random(model: onnx.ModelProto, place: pathlib.Path) -> bool:
    return any(
        node.op_type in RANDOM or (node.op_type == "Dropout" and drops(node, model, place))
        for node in model.graph.node
    )


def drops(node: onnx.NodeProto, model: onnx.ModelProto, place: pathlib.Path) -> bool:
    """Whether a Dropout takes anything out: by its third input, and a ratio that is not 0."""
    names = [*node.input, "", ""]
    training = value(names[2], model, place)
    ratio = value(names[1], model, place) if names[1] else 0.5
    return bool(training) and ratio != 0


def value(name: str, model: onnx.ModelProto, place: pathlib.Path):
    """A number of the graph: an initializer, a constant, or what the first data set gives."""
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor).item()
    for node in model.graph.node:
        if node.op_type == "Constant" and name in node.output:
            return numpy_helper.to_array(node.attribute[0].t).item()
    for at, info in enumerate(model.graph.input):
        if info.name == name:
            tensor = onnx.TensorProto()
            tensor.ParseFromString((place / "test_data_set_0" / f"input_{at}.pb").read_bytes())
            return numpy_helper.to_array(tensor).item()
    return None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} FOLDER")
    main(pathlib.Path(sys.argv[1]))
