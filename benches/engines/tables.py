"""Estimators on tables: linear ones, small pipelines, text, and forests of three libraries.

The forests are made twice, as regressors and as binary classifiers, on 20 columns of noise of which
four matter.
"""

import functools

import joblib
import numpy as np
import onnxruntime
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

OPSETS = {"": 17, "ai.onnx.ml": 3}
SMALL = [1, 8, 64]
TREES = [1, 64, 1024]

update_registered_converter(
    XGBClassifier,
    "XGBoostXGBClassifier",
    calculate_linear_classifier_output_shapes,
    convert_xgboost,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)
update_registered_converter(
    XGBRegressor, "XGBoostXGBRegressor", calculate_linear_regressor_output_shapes, convert_xgboost
)
update_registered_converter(
    LGBMClassifier,
    "LightGbmLGBMClassifier",
    calculate_linear_classifier_output_shapes,
    convert_lightgbm,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)
update_registered_converter(
    LGBMRegressor,
    "LightGbmLGBMRegressor",
    calculate_linear_regressor_output_shapes,
    convert_lightgbm,
    options={"split": None},
)


def makers(compiled):
    """Functions that make an estimator and its inputs, by name; those in `compiled` for tl2cgen too."""
    boosted = {"n_jobs": 1, "learning_rate": 0.1, "max_depth": 6}
    leaves = {"n_estimators": 200, "num_leaves": 31, "n_jobs": 1, "verbose": -1}
    trees = {"n_estimators": 100, "n_jobs": 1, "random_state": 0}
    forests = {
        "xgb100": XGBRegressor(n_estimators=100, **boosted),
        "xgb500": XGBRegressor(n_estimators=500, **boosted),
        "lgb200": LGBMRegressor(**leaves),
        "rf100": RandomForestRegressor(**trees),
        "xgb100-binary": XGBClassifier(n_estimators=100, **boosted),
        "xgb500-binary": XGBClassifier(n_estimators=500, **boosted),
        "lgb200-binary": LGBMClassifier(**leaves),
        "rf100-binary": RandomForestClassifier(**trees),
    }
    return {
        "iris": iris,
        "logreg30": cancer(LogisticRegression()),
        "rf10": cancer(RandomForestClassifier(n_estimators=10, random_state=0)),
        "tfidf": text,
    } | {
        name: functools.partial(forest, estimator, name in compiled)
        for name, estimator in forests.items()
    }


def iris(folder):
    """Logistic regression on four columns, converted with the defaults, ZipMap included."""
    flowers, species = load_iris(return_X_y=True)
    flowers = flowers.astype(np.float32)
    estimator = LogisticRegression(max_iter=1000).fit(flowers, species)
    return finish(folder, estimator, flowers, SMALL)


def cancer(estimator):
    """A scaler and an estimator on 30 columns."""

    def make(folder):
        columns, labels = load_breast_cancer(return_X_y=True)
        columns = columns.astype(np.float32)
        pipeline = make_pipeline(StandardScaler(), estimator).fit(columns, labels)
        return finish(folder, pipeline, columns, SMALL)

    return make


def text(folder):
    """Weights of words and logistic regression, on twenty words a row."""
    random = np.random.RandomState(3)
    words = np.array([f"word{index:03}" for index in range(500)])
    rows = np.array([" ".join(random.choice(words, 20)) for _ in range(600)])
    labels = np.array([row.count("word0") > 4 for row in rows], dtype=np.int64)
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(rows, labels)
    return finish(folder, estimator, rows.reshape(-1, 1).astype(object), SMALL)


def forest(estimator, is_compiled, folder):
    """A forest on 20 columns."""
    random = np.random.RandomState(1)
    columns = random.randn(6000, 20).astype(np.float32)
    target = columns[:, 0] * columns[:, 1] + np.sin(3 * columns[:, 2]) + columns[:, 3] ** 2
    target = target.astype(np.float64) + 0.3 * random.randn(len(columns))
    if hasattr(estimator, "predict_proba"):
        target = (target > np.median(target)).astype(np.int64)
    estimator.fit(columns, target)
    rows = random.randn(1024, 20).astype(np.float32)
    if is_compiled:
        compile_forest(folder, estimator, rows)
    return finish(folder, estimator, rows, TREES)


def finish(folder, estimator, rows, batches):
    """Keeps the estimator for its own library; gives the model and rows for each batch."""
    if isinstance(estimator, (XGBRegressor, XGBClassifier)):
        estimator.get_booster().save_model(folder / "xgboost.ubj")
    elif isinstance(estimator, (LGBMRegressor, LGBMClassifier)):
        estimator.booster_.save_model(folder / "lightgbm.txt")
    else:
        joblib.dump(estimator, folder / "sklearn.joblib")
    is_text = rows.dtype == object
    kind = StringTensorType([None, 1]) if is_text else FloatTensorType([None, rows.shape[1]])
    model = convert_sklearn(estimator, initial_types=[("X", kind)], target_opset=OPSETS)
    check(model, estimator, rows)
    return model, {n: {"X": rows[:n]} for n in batches}


def check(model, estimator, rows):
    """Holds ONNX Runtime's answers against the library's."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = session.run(None, {"X": rows})[-1]
    if hasattr(estimator, "predict_proba"):
        asked = rows.ravel() if rows.dtype == object else rows
        expected = estimator.predict_proba(asked)
        # A ZipMap's rows are maps from class to probability.
        given = [list(row.values()) if isinstance(row, dict) else row for row in given]
    else:
        expected = estimator.predict(rows).reshape(-1, 1)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)


def compile_forest(folder, estimator, rows):
    """Turns a forest into C and that into a library, which takes gcc seconds to minutes."""
    import tl2cgen
    import treelite

    if isinstance(estimator, (XGBRegressor, XGBClassifier)):
        model = treelite.frontend.from_xgboost(estimator.get_booster())
    elif isinstance(estimator, (LGBMRegressor, LGBMClassifier)):
        model = treelite.frontend.from_lightgbm(estimator.booster_)
    else:
        model = treelite.sklearn.import_model(estimator)
    library = str(folder / "tl2cgen.so")
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 8})
    given = tl2cgen.Predictor(library, nthread=1).predict(tl2cgen.DMatrix(rows)).ravel()
    has_classes = hasattr(estimator, "predict_proba")
    expected = estimator.predict_proba(rows)[:, 1] if has_classes else estimator.predict(rows)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)
