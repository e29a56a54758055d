"""What the served models are asked, and what they must answer. Needs numpy.

Beside `tests/models/iris` as `iris` and `tests/models/digits-mlp` as `digits` the server serves one
model for each datatype that answers what it is asked: `fp32` has the input `x` and the output
`x_out`, both FP32 with two axes of any size, and so on for the names in `ECHOES`.
"""

import json
import pathlib

import numpy as np

from table import equal, expect

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"


class Known:
    """Rows that onnxruntime was asked, and its answers."""

    def __init__(self, folder, input_name):
        known = json.loads((MODELS / folder / "expected.json").read_text())
        self.input_name = input_name
        self.rows = array(known["inputs"][input_name])
        self.answers = {name: array(tensor) for name, tensor in known["outputs"].items()}


def array(tensor):
    """A tensor of expected.json as an array."""
    kinds = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64}
    return np.array(tensor["values"], dtype=kinds[tensor["dtype"]]).reshape(tensor["shape"])


IRIS = Known("iris", "float_input")
DIGITS = Known("digits-mlp", "pixels")
LABEL, PROBABILITY = "output_label", "output_probability"


def objects(*rows):
    """Bytes as the clients take them."""
    made = np.empty((len(rows), len(rows[0])), dtype=np.object_)
    for index, _ in np.ndenumerate(made):
        made[index] = rows[index[0]][index[1]]
    return made


def integers(kind):
    ends = np.iinfo(kind)
    return np.array([[ends.min, 0, 1], [ends.max, ends.max // 3, 7]], dtype=kind)


def floats(kind):
    """Ends of the range, the smallest number above zero, both zeros, and a value that no shorter
    spelling gives back."""
    ends = np.finfo(kind)
    third = kind(1) / kind(3)
    return np.array([[ends.max, ends.min, ends.smallest_subnormal, third], [0.0, -0.0, ends.tiny, -third]], dtype=kind)


NOT_FINITE = [[np.nan, np.inf], [-np.inf, 1.5]]

# Model, datatype, array. BF16 is in no numpy: a client that has it adds it.
ECHOES = {
    "bool": ("BOOL", np.array([[True, False, True], [False, False, True]])),
    "uint8": ("UINT8", integers(np.uint8)),
    "uint16": ("UINT16", integers(np.uint16)),
    "uint32": ("UINT32", integers(np.uint32)),
    "uint64": ("UINT64", integers(np.uint64)),
    "int8": ("INT8", integers(np.int8)),
    "int16": ("INT16", integers(np.int16)),
    "int32": ("INT32", integers(np.int32)),
    "int64": ("INT64", integers(np.int64)),
    "fp16": ("FP16", floats(np.float16)),
    "fp32": ("FP32", floats(np.float32)),
    "fp64": ("FP64", floats(np.float64)),
    "bytes": ("BYTES", objects([b"plain", b""], ["größer".encode(), b'"\\\n\x00\x7f'])),
}
NO_TEXT = objects([b"\xff\xfe\x00", b"\x80"])


def same(got, wanted, what):
    """Fails the row unless both arrays have the same shape, dtype and bits."""
    expect(got is not None, f"{what}: nothing came back")
    equal(tuple(got.shape), tuple(wanted.shape), f"{what}: shape")
    if wanted.dtype == np.object_:
        equal([as_bytes(item) for item in got.ravel()], list(wanted.ravel()), f"{what}: values")
        return
    equal(got.dtype, wanted.dtype, f"{what}: dtype")
    expect(got.tobytes() == wanted.tobytes(), f"{what}: the bits differ from {wanted.tolist()}", got.tolist())


def as_bytes(item):
    return item.encode() if isinstance(item, str) else bytes(item)


def close(got, wanted, what):
    """Fails the row unless labels are equal and probabilities as near as the runtimes are."""
    expect(got is not None, f"{what}: nothing came back")
    got = np.asarray(got)
    equal(got.shape, wanted.shape, f"{what}: shape")
    if np.issubdtype(wanted.dtype, np.integer):
        equal(got.tolist(), wanted.tolist(), f"{what}: values")
        return
    distance = float(np.abs(got.astype(np.float64) - wanted.astype(np.float64)).max())
    expect(distance <= 1e-6, f"{what}: {distance} from the reference", got.tolist())
