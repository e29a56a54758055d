"""Files opened and asked by the libraries that wrote them, timed for `radiant-bench-estimators`.

    python peer.py FOLDER

answers as `../side_by_side/clock.py` says. For 0 rows the call opens the model's file. All have one
thread, and get rows in double precision as a server reads them from JSON:

    library   as servers call it: an estimator's `predict_proba`, and a booster's `predict`, of XGBoost
              with a new `DMatrix` each time
    in-place  XGBoost's `Booster.inplace_predict`, which makes no `DMatrix`
    c         the library's C API by ctypes, with arguments that are ready
    tl2cgen   the model compiled from C, on a matrix that is ready
"""

import ctypes
import functools
import json
import sys
import warnings
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pandas as pd
import xgboost

sys.path.append(str(Path(__file__).resolve().parents[1] / "side_by_side"))
from clock import serve

warnings.filterwarnings("ignore")

SUFFIXES = {
    ".joblib": ["library"],
    ".json": ["library", "in-place", "c"],
    ".ubj": ["library", "in-place", "c"],
    ".txt": ["library", "c"],
}


def libraries(folder):
    """Ways to ask for the model's answers."""
    return SUFFIXES[file(folder).suffix] + (["tl2cgen"] if (folder / "tl2cgen.so").exists() else [])


def prepare(folder, library, n_rows):
    """A function that predicts `n_rows` rows; for 0, one that opens the file."""
    path = file(folder)
    if n_rows == 0:
        return {"library": lambda: load(path)}[library]
    model, rows = kept(path), all_rows(folder)[:n_rows]
    if library == "tl2cgen":
        return by_tl2cgen(folder, rows)
    if path.suffix == ".joblib":
        return lambda: model.predict_proba(rows)
    if path.suffix == ".txt":
        return {"library": by_lightgbm, "c": by_lightgbm_c}[library](model, rows)
    return {"library": by_xgboost, "in-place": by_xgboost_in_place, "c": by_xgboost_c}[library](model, rows)


@functools.lru_cache(maxsize=None)
def golden(folder):
    """Rows and the model's file, as JSON."""
    return json.loads((folder / "rows.json").read_text())


def file(folder):
    """The model's file."""
    return folder / golden(folder)["model"]


@functools.lru_cache(maxsize=None)
def all_rows(folder):
    """The rows, as people hand them over."""
    rows = golden(folder)["cases"]["plain"]["input"]
    if "columns" in rows:
        of = lambda column: [float(x) for x in column["data"]] if column["dtype"] == "float64" else column["data"]
        return pd.DataFrame({column["name"]: of(column) for column in rows["columns"]})
    if rows["dtype"] == "str":
        return rows["data"]
    return np.array(rows["data"], dtype=np.float64).reshape(rows["shape"])


def load(path):
    """Opens a file."""
    if path.suffix == ".joblib":
        return joblib.load(path)
    if path.suffix == ".txt":
        return lightgbm.Booster(model_file=path)
    return xgboost.Booster({"nthread": 1}, model_file=path)


@functools.lru_cache(maxsize=None)
def kept(path):
    """The opened file, with one job."""
    model = load(path)
    if hasattr(model, "get_params") and "n_jobs" in model.get_params(deep=False):
        model.set_params(n_jobs=1)
    return model


def by_xgboost(booster, rows):
    """As Seldon Core's server does."""
    return lambda: booster.predict(xgboost.DMatrix(rows, nthread=1))


def by_xgboost_in_place(booster, rows):
    """Without a DMatrix."""
    return lambda: booster.inplace_predict(rows)


def by_xgboost_c(booster, rows):
    """`XGBoosterPredictFromDense`."""
    from xgboost.core import _LIB as library

    fact = {"data": [rows.ctypes.data, True], "shape": rows.shape, "typestr": "<f8", "version": 3}
    how = {"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0, "missing": float("nan")}
    how |= {"strict_shape": False, "cache_id": 0}
    shape, n_axes = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
    answers = ctypes.POINTER(ctypes.c_float)()
    given = (booster.handle, json.dumps(fact).encode(), json.dumps(how).encode(), None)
    gets = (ctypes.byref(shape), ctypes.byref(n_axes), ctypes.byref(answers))
    call = lambda: library.XGBoosterPredictFromDense(*given, *gets)
    assert call() == 0
    expected = booster.inplace_predict(rows)
    np.testing.assert_array_equal(np.ctypeslib.as_array(answers, expected.shape), expected)
    # The rows must outlive the call.
    return lambda rows=rows: call()


def by_lightgbm(booster, rows):
    """As MLServer does."""
    return lambda: booster.predict(rows, num_threads=1)


def by_lightgbm_c(booster, rows):
    """`LGBM_BoosterPredictForMatSingleRowFast` for a row, `LGBM_BoosterPredictForMat` for several."""
    from lightgbm.basic import _C_API_DTYPE_FLOAT64 as doubles
    from lightgbm.basic import _C_API_PREDICT_NORMAL as normal
    from lightgbm.basic import _LIB as library

    n_rows, n_columns = rows.shape
    n_answers, answers = ctypes.c_int64(), np.empty(n_rows)
    given = rows.ctypes.data_as(ctypes.c_void_p)
    gets = (ctypes.byref(n_answers), answers.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    rounds = (ctypes.c_int(0), ctypes.c_int(-1))
    options = ctypes.c_char_p(b"num_threads=1")
    if n_rows == 1:
        config = ctypes.c_void_p()
        library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, normal, *rounds, doubles, ctypes.c_int32(n_columns), options, ctypes.byref(config)
        )
        call = lambda: library.LGBM_BoosterPredictForMatSingleRowFast(config, given, *gets)
    else:
        size = (ctypes.c_int32(n_rows), ctypes.c_int32(n_columns), ctypes.c_int(1))
        how = (booster._handle, given, ctypes.c_int(doubles), *size, ctypes.c_int(normal), *rounds, options)
        call = lambda: library.LGBM_BoosterPredictForMat(*how, *gets)
    assert call() == 0
    np.testing.assert_array_equal(answers, booster.predict(rows))
    return lambda rows=rows: call()


def by_tl2cgen(folder, rows):
    """The matrix is made before."""
    import tl2cgen

    predictor = tl2cgen.Predictor(str(folder / "tl2cgen.so"), nthread=1)
    matrix = tl2cgen.DMatrix(rows.astype(np.float32))
    return lambda: predictor.predict(matrix)


if __name__ == "__main__":
    serve(libraries, prepare)
