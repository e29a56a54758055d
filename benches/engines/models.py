"""Makes the models that `radiant-bench-engines` measures.

    python models.py FOLDER [--only TEXT] [--compile NAMES] [--wheels]

Everything is seeded: a second run gives the same models. Each has a folder `FOLDER/NAME` with
`model.onnx`, the inputs of each batch (`rows-N/K.pb`, one `TensorProto` an input, in the graph's
order), and what `peer.py` asks for the same prediction: the estimator as its own library keeps it.

`--compile` takes forests (by default the two that gcc compiles in seconds) through tl2cgen, and
`--wheels` fetches networks that ship inside of pip wheels. Before anything is written, ONNX Runtime's
answer is compared with the library's.
"""

import argparse
import warnings
from pathlib import Path

import networks
import numpy as np
import tables
import wheels
from onnx import numpy_helper

warnings.filterwarnings("ignore")

COMPILED = "xgb100,lgb200"


def main():
    """Makes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only models with this in their names")
    parser.add_argument("--compile", default=COMPILED, help=f"forests for tl2cgen [{COMPILED}]")
    parser.add_argument("--wheels", action="store_true", help="also networks from pip wheels")
    arguments = parser.parse_args()
    makers = networks.makers() | tables.makers(set(arguments.compile.split(",")))
    if arguments.wheels:
        makers |= wheels.makers(arguments.folder)
    for name, make in makers.items():
        if arguments.only in name:
            folder = arguments.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            model, batches = make(folder)
            (folder / "model.onnx").write_bytes(model.SerializeToString())
            for n_rows, inputs in batches.items():
                save_inputs(folder / f"rows-{n_rows}", model, inputs)
            print(f"{name}: {len(model.graph.node)} nodes, rows {list(batches)}", flush=True)


def save_inputs(folder, model, inputs):
    """Writes the inputs of one batch; `inputs` are arrays by name."""
    folder.mkdir(exist_ok=True)
    constants = {constant.name for constant in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    assert set(names) == set(inputs), (names, list(inputs))
    for index, name in enumerate(names):
        tensor = numpy_helper.from_array(np.asarray(inputs[name]), name)
        (folder / f"{index}.pb").write_bytes(tensor.SerializeToString())


if __name__ == "__main__":
    main()
