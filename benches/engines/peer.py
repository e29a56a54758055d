"""Predictions by the libraries that models come from, timed for `radiant-bench-engines`.

    python peer.py FOLDER

reads a line, answers with a line, until its input ends:

    list MODEL                      the libraries that have this model, separated by spaces
    time LIBRARY MODEL ROWS SECONDS the least time of a call in nanoseconds

Each call is the one that costs its library least and gives the prediction as an array, with one
thread. What it needs and does not get anew with each request is made before: tl2cgen's matrix.
`time python - 0 SECONDS` times a function that does nothing, which is what a call costs at least.
"""

import functools
import sys
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
from onnx import TensorProto, numpy_helper

warnings.filterwarnings("ignore")

# Timed together, calls must take so long that reading the clock costs nothing.
BLOCK_NS = 20_000


def main():
    """Answers until nobody asks."""
    folder = Path(sys.argv[1])
    # Libraries may print; the answers go where nothing else goes.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            answer = ask(folder, line.split())
        except Exception as error:
            answer = f"error {type(error).__name__}: {' '.join(str(error).split())}"
        print(answer, file=answers, flush=True)


def ask(folder, words):
    """The answer to a line."""
    if words[0] == "list":
        return " ".join(library for library, file in FILES.items() if (folder / words[1] / file).exists())
    library, model, n_rows, seconds = words[1:]
    call = prepare(folder / model, library, int(n_rows))
    return str(least_ns(call, float(seconds)))


def least_ns(call, seconds):
    """The least time of a call among those of `seconds`, at least two blocks."""
    started = time.perf_counter_ns()
    call()
    n_calls = max(1, BLOCK_NS // max(1, time.perf_counter_ns() - started))
    end, least, n_blocks = started + seconds * 1e9, float("inf"), 0
    while n_blocks < 2 or time.perf_counter_ns() < end:
        before = time.perf_counter_ns()
        for _ in range(n_calls):
            call()
        least = min(least, time.perf_counter_ns() - before)
        n_blocks += 1
    return round(least / n_calls)


@functools.lru_cache(maxsize=None)
def prepare(folder, library, n_rows):
    """A function that predicts `n_rows` rows."""
    if library == "python":
        return lambda: None
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
    main()
