"""The same model in every container: pickle protocols, joblib protocols, compressions, byte orders."""
import os

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import data
import golden

COMPRESSIONS = ("zlib", "gzip", "bz2", "xz", "lzma", "lz4")


def models():
    """A pipeline with text labels and a small forest."""
    rows, labels, asked = data.load("three")
    names = data.LABELS["str"](labels)
    pipe = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression(solver="lbfgs", max_iter=500))])
    forest = RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0)
    return {"pipe": pipe.fit(rows, names), "forest": forest.fit(rows, labels)}, asked


def put(path, write):
    """Writes one file; gives its name, or nothing where this version cannot."""
    try:
        write(path)
        return [os.path.basename(path)]
    except (ValueError, TypeError, ImportError, AttributeError):
        if os.path.exists(path):
            os.remove(path)
        return []


def swapped(model):
    """The same pipeline with big-endian coefficients and Fortran order, as another machine may write it."""
    end = model.named_steps["model"]
    end.coef_ = np.asfortranarray(end.coef_).astype(">f8", order="F")
    end.intercept_ = end.intercept_.astype(">f8")
    scale = model.named_steps["scale"]
    scale.mean_ = scale.mean_.astype(">f8")
    return model


def write(folder, pickle):
    """Writes the containers and one golden file per model; gives the names of those."""
    trained, asked = models()
    made = []
    for name, model in trained.items():
        stem = os.path.join(folder, "container_" + name)
        about = {"sklearn": model.__getstate__()["_sklearn_version"], "class": type(model).__name__, "family": "containers",
                 "exact": "bits" if name == "forest" else "dot", "n_features": 4, "classes": golden.classes(model),
                 "cases": {"plain": {"input": golden.rows(asked), "answers": golden.answers(model, asked)}}}
        files = []
        for protocol in range(6) if name == "pipe" else (0, 2, 5):
            def plain(path, protocol=protocol):
                with open(path, "wb") as out:
                    pickle.dump(model, out, protocol=protocol)

            files += put("%s.p%d.pkl" % (stem, protocol), plain)
            if name == "pipe" and protocol in (0, 2, 4, 5):
                files += put("%s.p%d.joblib" % (stem, protocol), lambda path, protocol=protocol: joblib.dump(model, path, protocol=protocol))
        for method in COMPRESSIONS:
            if name == "pipe" or method in ("zlib", "lz4"):
                files += put("%s.%s.joblib" % (stem, method), lambda path, method=method: joblib.dump(model, path, compress=(method, 3)))
        files += put(stem + ".sklearn_externals.joblib", lambda path: __import__("sklearn.externals.joblib").externals.joblib.dump(model, path))
        if name == "pipe":
            swapped(model)
            files += put(stem + ".big_endian.joblib", lambda path: joblib.dump(model, path))
            files += put(stem + ".big_endian.pkl", lambda path: open(path, "wb").write(pickle.dumps(model, protocol=2)))
        about["models"] = files
        about["model"] = files[0]
        golden.write(stem + ".json", about)
        made.append("container_" + name)
    return made
