#!/usr/bin/env python3
"""Loads every model of <version>/ with the installed scikit-learn and asks it again: all answers must
be the recorded ones, bit by bit. Exits 1 and names the first difference of each model otherwise."""
import io
import json
import os
import sys
import tarfile
import warnings

import joblib
import numpy as np
import pandas as pd
import sklearn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import golden  # noqa: E402

FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def cell(value):
    """One cell of an object array as Python had it."""
    return FLOATS[value["float"]] if isinstance(value, dict) else value


def column(record):
    """One array of a golden file."""
    if record["dtype"] == "category":
        return pd.Categorical([cell(value) for value in record["data"]])
    if record["dtype"] == "object":
        out = np.empty(len(record["data"]), dtype=object)
        out[:] = [cell(value) for value in record["data"]]
        return out
    if record["dtype"] == "str":
        return np.array(record["data"], dtype=str)
    return np.array([FLOATS.get(value, value) if isinstance(value, str) else value for value in record["data"]], dtype=record["dtype"])


def rows(record, texts):
    """The question rows of a case."""
    if "columns" in record:
        return pd.DataFrame({part["name"]: column(part) for part in record["columns"]})
    if texts:
        return record["data"]
    return column(record).reshape(record["shape"])


def same(got, want, exact):
    """Equal; behind dot products within rounding, since a reloaded matrix may lie otherwise in memory."""
    if got == want:
        return True
    if exact == "bits" or "data" not in want or [got.get(key) for key in ("dtype", "shape")] != [want[key] for key in ("dtype", "shape")]:
        return False
    pairs = [(a, b) for a, b in zip(got["data"], want["data"]) if a != b]
    return all(isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-12 * max(1.0, abs(b)) for a, b in pairs)


def load(name, content):
    """The model; joblib inside scikit-learn 0.20 can only be read by itself."""
    if "sklearn_externals" in name:
        from sklearn.externals import joblib as inside
        return inside.load(io.BytesIO(content))
    return joblib.load(io.BytesIO(content))


def differs(model, about):
    """The first case and method that answers otherwise, or nothing."""
    for case, part in about["cases"].items():
        record = part["input"]
        asked = rows(record, record.get("dtype") == "str" and len(record["shape"]) == 1 and "Label" not in about["class"])
        for method, want in part["answers"].items():
            got = json.loads(json.dumps(golden.answer(model, method, asked)))
            if "error" in want and "error" in got:
                continue
            if not same(got, want, about["exact"]):
                return "%s.%s: %s instead of %s" % (case, method, str(got)[:200], str(want)[:200])
    return None


def files(folder):
    """Name and bytes of every file, those in the archive too."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and name != "variants.tar.xz":
            with open(path, "rb") as source:
                yield name, source.read()
    with tarfile.open(os.path.join(folder, "variants.tar.xz")) as archive:
        for entry in archive:
            yield entry.name, archive.extractfile(entry).read()


def main():
    """Checks the version that is installed."""
    warnings.filterwarnings("ignore")
    stored = dict(files(os.path.join(HERE, sklearn.__version__)))
    bad = tried = 0
    for name, content in stored.items():
        if not name.endswith(".json") or name == "index.json":
            continue
        about = json.loads(content.decode("utf-8"))
        for file in about.get("models", [about["model"]]):
            tried += 1
            found = differs(load(file, stored[file]), about)
            if found:
                bad += 1
                print(file, found)
    print(sklearn.__version__, tried, "files,", bad, "differ")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
