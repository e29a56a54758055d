# usage: python make.py NAME [--all]
# Writes the same values, and a small fitted pipeline, as NAME.*: pickles of every protocol and
# files of joblib. Run with scikit-learn 1.9.1 and --all (every protocol and compression), and with
# 0.20.3 and 1.2.2 without. Python 2 has its own script, make2.py.
import collections
import pickle
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

try:
    from sklearn.externals import joblib
except ImportError:
    import joblib

shared = [1, 2]
cyclic = []
cyclic.append(cyclic)
default = collections.defaultdict(int)
default["a"] = 7
grid = np.arange(6.0).reshape(2, 3)
objects = np.empty((2, 2), object)
objects[:] = [["x", None], [1.5, np.arange(2)]]
record = np.zeros(2, np.dtype([("left", "<i8"), ("value", "<f8"), ("flag", "u1")], align=True))
record["left"] = [-1, 7]
record["value"] = [0.5, np.inf]
record["flag"] = [0, 1]

values = {
    "none": None, "true": True, "false": False,
    "int": 7, "negative": -129, "wide": 2**40, "big": 2**70, "minus": -(2**63),
    "float": 0.1, "huge": 1e300, "inf": float("-inf"), "nan": float("nan"),
    "text": "a\\b\n'\u00e9\u20ac\U0001f600", "empty": "", "bytes": b"\x00\xff\n\\",
    "list": [1, "two", [3.0]], "tuple": (1, (2,), ()), "set": {4}, "frozen": frozenset([5]),
    "dict": {"k": 1, 2: "v"}, "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "default": default, "slice": slice(1, 3), "function": np.log1p,
    "array": bytearray(b"abc"),
    "shared": [shared, shared], "cyclic": cyclic,
    "c": grid, "f": np.asfortranarray(grid), "k": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "big_f8": grid.astype(">f8"), "big_i4": np.array([1, -2], ">i4"), "big_u": np.array(["\u20ac"], ">U2"),
    "f4": np.array([0.1, 2], "f4"), "f2": np.array([1], "f2"),
    "i1": np.array([-1], "i1"), "i2": np.array([-2], "i2"), "u1": np.array([255], "u1"),
    "u2": np.array([65535], "u2"), "u4": np.array([2**32 - 1], "u4"), "u8": np.array([2**64 - 1], "u8"),
    "bool": np.array([True, False]), "u": np.array(["a", "\u00e9\u20acx", ""]), "s": np.array([b"ab", b"c"]),
    "objects": objects, "words": np.array(["x", "yy"], object),
    "nothing": np.zeros((0, 3)), "scalar": np.array(2.5), "record": record, "strided": grid[:, ::2],
    "np_float": np.float64(0.25), "np_float4": np.float32(0.25), "np_int": np.int64(-3),
    "np_bool": np.bool_(True), "np_text": np.str_("\u00e9"), "date": np.array(["2020-01-01"], "M8[D]"),
}

rng = np.random.RandomState(0)
rows = rng.randn(20, 3)
labels = np.array(["no", "yes"])[(rows[:, 0] > 0).astype(int)]
model = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression(solver="liblinear"))])
model.fit(rows, labels)

name = sys.argv[1]
everything = "--all" in sys.argv
for protocol in range(pickle.HIGHEST_PROTOCOL + 1) if everything else (0, 2, pickle.HIGHEST_PROTOCOL):
    with open("%s.values.%d.pkl" % (name, protocol), "wb") as file:
        pickle.dump(values, file, protocol=protocol)
with open("%s.model.pkl" % name, "wb") as file:
    pickle.dump(model, file)
joblib.dump(values, "%s.values.joblib" % name)
joblib.dump(model, "%s.model.joblib" % name)
for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4") if everything else ("zlib",):
    joblib.dump(values, "%s.values.%s.joblib" % (name, method), compress=(method, 3))

if everything:
    import zipfile

    import skops.io
    from sklearn.tree import DecisionTreeRegressor

    record_one = np.zeros(1, record.dtype)
    record_one["value"] = 0.5
    tree = DecisionTreeRegressor(max_depth=1).fit([[0.0], [1.0]], [0.0, 1.0])
    parts = {
        "objects": objects, "slice": slice(1, 3), "bytes": b"\x00\xff", "function": np.log1p,
        "f": np.asfortranarray(grid), "record": record_one, "np_int": np.int64(-3),
        "nan": float("nan"), "big": 2**70, "dict": {2: "v\u00e9"}, "tuple": (1, 2.5), "tree": tree,
    }
    skops.io.dump(model, name + ".model.skops")
    skops.io.dump(model, name + ".packed.model.skops", compression=zipfile.ZIP_DEFLATED)
    skops.io.dump(parts, name + ".parts.skops", compression=zipfile.ZIP_DEFLATED)
