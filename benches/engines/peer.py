"""Predictions by the libraries that models come from, timed for `radiant-bench-engines`.

    python peer.py FOLDER

answers as `../side_by_side/clock.py` says. Each call is the one that costs its library least and gives
the prediction as an array, with one thread. What it needs and does not get anew with each request is
made before: tl2cgen's matrix.
"""

import functools
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
from onnx import TensorProto, numpy_helper

sys.path.append(str(Path(__file__).resolve().parents[1] / "side_by_side"))
from clock import serve

warnings.filterwarnings("ignore")


def libraries(folder):
    """Who has the model."""
    return [library for library, file in FILES.items() if (folder / file).exists()]


def prepare(folder, library, n_rows):
    """A function that predicts `n_rows` rows."""
    tensor = TensorProto.FromString((folder / f"rows-{n_rows}/0.pb").read_bytes())
    rows = numpy_helper.to_array(tensor)
    return LIBRARIES[library](load(folder, library), rows)


@functools.lru_cache(maxsize=None)
def load(folder, library):
    """What the library keeps of the model."""
    path = folder / FILES[library]
    if library == "xgboost":
        import xgboost

        return xgboost.Booster({"nthread": 1}, model_file=path)
    if library == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_file=path)
    if library == "tl2cgen":
        import tl2cgen

        return tl2cgen.Predictor(str(path), nthread=1)
    return joblib.load(path)


def by_xgboost(booster, rows):
    """Without a DMatrix, which would be made anew for each request."""
    return lambda: booster.inplace_predict(rows)


def by_lightgbm(booster, rows):
    """As its scikit-learn interface calls it, less that interface's checks."""
    return lambda: booster.predict(rows, num_threads=1)


def by_tl2cgen(predictor, rows):
    """The matrix is made before."""
    import tl2cgen

    matrix = tl2cgen.DMatrix(rows)
    return lambda: predictor.predict(matrix)


def by_sklearn(estimator, rows):
    """Probabilities where there are some."""
    rows = rows.ravel().astype(str) if rows.dtype == object else rows
    estimator = one_threaded(estimator)
    predict = getattr(estimator, "predict_proba", None) or estimator.predict
    return lambda: predict(rows)


def one_threaded(estimator):
    """The estimator with one job."""
    if "n_jobs" in estimator.get_params(deep=False):
        estimator.set_params(n_jobs=1)
    return estimator


# What `models.py` leaves in a model's folder.
FILES = {
    "xgboost": "xgboost.ubj",
    "lightgbm": "lightgbm.txt",
    "sklearn": "sklearn.joblib",
    "tl2cgen": "tl2cgen.so",
}
LIBRARIES = {
    "xgboost": by_xgboost,
    "lightgbm": by_lightgbm,
    "sklearn": by_sklearn,
    "tl2cgen": by_tl2cgen,
}

if __name__ == "__main__":
    serve(libraries, prepare)
