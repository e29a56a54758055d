"""XGBoost and LightGBM, converted alone by onnxmltools and inside pipelines by skl2onnx."""

import lightgbm as lgb
import numpy as np
import onnxmltools
import xgboost as xgb
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import data
from pipeline import numeric

OPSET = {"": 15, "ai.onnx.ml": 3}
SMALL = {"n_estimators": 6, "max_depth": 3, "random_state": 0}
LIGHT = {"n_estimators": 6, "num_leaves": 7, "random_state": 0, "verbose": -1, "n_jobs": 1}


def register():
    """Tells skl2onnx of the converters that onnxmltools has, as its documentation shows."""
    forms = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    classifier = calculate_linear_classifier_output_shapes
    regressor = calculate_linear_regressor_output_shapes
    for library, kind, shape, convert, options in [
        (xgb, "XGBClassifier", classifier, convert_xgboost, forms),
        (xgb, "XGBRegressor", regressor, convert_xgboost, None),
        (xgb, "XGBRFClassifier", classifier, convert_xgboost, forms),
        (xgb, "XGBRFRegressor", regressor, convert_xgboost, None),
        (lgb, "LGBMClassifier", classifier, convert_lightgbm, forms),
        (lgb, "LGBMRegressor", regressor, convert_lightgbm, {"split": None}),
    ]:
        name = ("XGBoost" if library is xgb else "LightGbm") + kind
        update_registered_converter(getattr(library, kind), name, shape, convert, options=options)


register()


def with_onnxmltools(opset=15, **keywords):
    """A conversion of the model alone, as in the documentation of onnxmltools."""

    def convert(trained, types):
        width = types[0][1].shape[1]
        types = [("X", FloatTensorType([None, width]))]
        module = type(trained).__module__
        if module.startswith("xgboost"):
            return onnxmltools.convert_xgboost(
                trained, initial_types=types, target_opset=opset, **keywords
            )
        return onnxmltools.convert_lightgbm(
            trained, initial_types=types, target_opset=opset, **keywords
        )

    return convert


def pipelines():
    """XGBoost, then LightGBM."""
    yield from xgboost_classifiers()
    yield from xgboost_regressors()
    yield from lightgbm_classifiers()
    yield from lightgbm_regressors()


def xgboost_classifiers():
    """Two and three classes, missing values, early stopping."""
    iris, cancer = data.iris(), data.cancer()
    rows, kinds = iris
    gappy = data.with_gaps(rows)
    yield numeric("xgb_multi", xgb.XGBClassifier(**SMALL), *iris, target_opset=OPSET)
    yield numeric("xgb_binary", xgb.XGBClassifier(**SMALL), *cancer, target_opset=OPSET)
    yield numeric("xgb_multi_alone", xgb.XGBClassifier(**SMALL), *iris, convert=with_onnxmltools())
    yield numeric(
        "xgb_binary_alone", xgb.XGBClassifier(**SMALL), *cancer, convert=with_onnxmltools()
    )
    yield numeric("xgb_missing", xgb.XGBClassifier(**SMALL), gappy, kinds, target_opset=OPSET)
    sentinel = np.where(np.isnan(gappy), np.float32(-1), gappy)
    marked = xgb.XGBClassifier(missing=-1.0, **SMALL)
    yield numeric("xgb_missing_mark", marked, sentinel, kinds, target_opset=OPSET)
    base = xgb.XGBClassifier(base_score=0.3, **SMALL)
    yield numeric("xgb_binary_base_score", base, *cancer, convert=with_onnxmltools())
    scaled = make_pipeline(StandardScaler(), xgb.XGBClassifier(**SMALL))
    yield numeric("xgb_scaled", scaled, *iris, target_opset=OPSET, options={"zipmap": False})
    stopped = xgb.XGBClassifier(
        n_estimators=40, max_depth=3, learning_rate=1.0, early_stopping_rounds=2, random_state=0
    )
    held_out = {"eval_set": [(cancer[0][::3], 1 - cancer[1][::3])], "verbose": False}
    yield numeric("xgb_early_stopping", stopped, *cancer, convert=with_onnxmltools(), fit=held_out)
    forest = xgb.XGBRFClassifier(**SMALL)
    yield numeric("xgb_forest", forest, *iris, target_opset=OPSET)
    dart = xgb.XGBClassifier(booster="dart", rate_drop=0.3, **SMALL)
    yield numeric("xgb_dart", dart, *cancer, target_opset=OPSET)
    hinge = xgb.XGBClassifier(objective="binary:hinge", **SMALL)
    yield numeric("xgb_hinge", hinge, *cancer, convert=with_onnxmltools())
    names = make_pipeline(StandardScaler(), xgb.XGBClassifier(**SMALL))
    yield numeric("xgb_columns", names, *iris, target_opset=OPSET, options={"zipmap": "columns"})


def xgboost_regressors():
    """Objectives, linear boosting, ranking."""
    diabetes = data.diabetes()
    rows, progress = diabetes
    gappy = data.with_gaps(rows)
    yield numeric("xgb_regressor", xgb.XGBRegressor(**SMALL), *diabetes, target_opset=OPSET)
    yield numeric(
        "xgb_regressor_alone", xgb.XGBRegressor(**SMALL), *diabetes, convert=with_onnxmltools()
    )
    yield numeric(
        "xgb_regressor_missing", xgb.XGBRegressor(**SMALL), gappy, progress, target_opset=OPSET
    )
    for name, objective in {
        "poisson": "count:poisson",
        "gamma": "reg:gamma",
        "tweedie": "reg:tweedie",
        "absolute": "reg:absoluteerror",
        "logistic": "reg:logistic",
    }.items():
        target = progress / 400 if name == "logistic" else progress
        model = xgb.XGBRegressor(objective=objective, **SMALL)
        yield numeric(f"xgb_regressor_{name}", model, rows, target, convert=with_onnxmltools())
    base = xgb.XGBRegressor(base_score=100.0, **SMALL)
    yield numeric("xgb_regressor_base_score", base, *diabetes, convert=with_onnxmltools())
    linear = xgb.XGBRegressor(booster="gblinear", n_estimators=6, random_state=0)
    yield numeric("xgb_linear", linear, *diabetes, convert=with_onnxmltools())
    forest = xgb.XGBRFRegressor(**SMALL)
    yield numeric("xgb_forest_regressor", forest, *diabetes, target_opset=OPSET)
    ranker = xgb.XGBRanker(objective="rank:pairwise", **SMALL)
    groups = {"group": [20] * 7}
    yield numeric(
        "xgb_ranker",
        ranker,
        rows[:140],
        (progress[:140] > 150).astype(int),
        convert=with_onnxmltools(),
        fit=groups,
    )


def lightgbm_classifiers():
    """Two and three classes, missing values, categories."""
    iris, cancer = data.iris(), data.cancer()
    rows, kinds = iris
    gappy = data.with_gaps(rows)
    yield numeric("lgb_multi", lgb.LGBMClassifier(**LIGHT), *iris, target_opset=OPSET)
    yield numeric("lgb_binary", lgb.LGBMClassifier(**LIGHT), *cancer, target_opset=OPSET)
    yield numeric("lgb_names", lgb.LGBMClassifier(**LIGHT), *data.iris_names(), target_opset=OPSET)
    yield numeric("lgb_multi_alone", lgb.LGBMClassifier(**LIGHT), *iris, convert=with_onnxmltools())
    yield numeric(
        "lgb_binary_alone",
        lgb.LGBMClassifier(**LIGHT),
        *cancer,
        convert=with_onnxmltools(zipmap=False),
    )
    yield numeric("lgb_missing", lgb.LGBMClassifier(**LIGHT), gappy, kinds, target_opset=OPSET)
    zero = lgb.LGBMClassifier(zero_as_missing=True, **LIGHT)
    holes = np.where(np.isnan(gappy), np.float32(0), gappy)
    yield numeric("lgb_zero_missing", zero, holes, kinds, target_opset=OPSET)
    scaled = make_pipeline(StandardScaler(), lgb.LGBMClassifier(**LIGHT))
    yield numeric("lgb_scaled", scaled, *iris, target_opset=OPSET, options={"zipmap": False})
    numbers, classes = data.categories_as_numbers()
    singles = numbers.astype(np.float32)
    strange = np.concatenate(
        [singles[:30], np.array([[7, 0, -1, 2], [0, np.nan, 1, 1]], dtype=np.float32)]
    )
    categories = lgb.LGBMClassifier(
        min_child_samples=2, min_data_per_group=2, cat_smooth=1, **LIGHT
    )
    columns = {"categorical_feature": [0, 1]}
    yield numeric(
        "lgb_categories",
        categories,
        singles,
        classes,
        rows=strange,
        convert=with_onnxmltools(),
        fit=columns,
    )
    forest = lgb.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, **LIGHT)
    yield numeric("lgb_forest", forest, *cancer, convert=with_onnxmltools())
    dart = lgb.LGBMClassifier(boosting_type="dart", **LIGHT)
    yield numeric("lgb_dart", dart, *cancer, convert=with_onnxmltools())
    each = lgb.LGBMClassifier(objective="multiclassova", **LIGHT)
    yield numeric("lgb_one_vs_all", each, *iris, convert=with_onnxmltools())


def lightgbm_regressors():
    """Objectives, the split option, ranking."""
    diabetes = data.diabetes()
    rows, progress = diabetes
    gappy = data.with_gaps(rows)
    yield numeric("lgb_regressor", lgb.LGBMRegressor(**LIGHT), *diabetes, target_opset=OPSET)
    yield numeric(
        "lgb_regressor_alone", lgb.LGBMRegressor(**LIGHT), *diabetes, convert=with_onnxmltools()
    )
    yield numeric(
        "lgb_regressor_missing", lgb.LGBMRegressor(**LIGHT), gappy, progress, target_opset=OPSET
    )
    split = {**LIGHT, "n_estimators": 12}
    yield numeric(
        "lgb_regressor_split",
        lgb.LGBMRegressor(**split),
        *diabetes,
        target_opset=OPSET,
        options={"split": 5},
    )
    for objective in ["poisson", "quantile", "gamma", "tweedie", "huber", "mape"]:
        model = lgb.LGBMRegressor(objective=objective, **LIGHT)
        yield numeric(f"lgb_regressor_{objective}", model, *diabetes, convert=with_onnxmltools())
    stopped = lgb.LGBMRegressor(
        early_stopping_round=2, learning_rate=1.0, **{**LIGHT, "n_estimators": 40}
    )
    held_out = {"eval_set": [(rows[::3], progress[::3][::-1])]}
    yield numeric(
        "lgb_early_stopping", stopped, *diabetes, convert=with_onnxmltools(), fit=held_out
    )
    ranker = lgb.LGBMRanker(min_child_samples=5, **LIGHT)
    yield numeric(
        "lgb_ranker",
        ranker,
        rows[:140],
        (progress[:140] > 150).astype(int),
        convert=with_onnxmltools(),
        fit={"group": [20] * 7},
    )
