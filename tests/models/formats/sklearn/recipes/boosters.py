"""XGBoost and LightGBM inside scikit-learn's files: wrappers, bare boosters, pipelines around them."""
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

try:
    import lightgbm
    import xgboost
except ImportError:
    lightgbm = xgboost = None

XGB = {"n_estimators": 3, "max_depth": 2, "n_jobs": 1, "random_state": 0}
LGB = {"n_estimators": 3, "num_leaves": 4, "min_child_samples": 4, "n_jobs": 1, "random_state": 0, "verbose": -1}
ASK = ("nan", "float32", "int64", "narrow")


def fill(book):
    """Adds the family where both libraries are installed."""
    if xgboost is None:
        return
    trees(book)
    leaves(book)
    around(book)


def trees(book):
    """XGBoost's wrappers and its booster."""
    def classifier(**more):
        return lambda: xgboost.XGBClassifier(**dict(XGB, **more))

    book.add("xgb_two", classifier(), "two", cases=ASK)
    book.add("xgb_three", classifier(), "three", cases=ASK)
    book.add("xgb_labels_str", classifier(), "three", labels="str")
    book.add("xgb_labels_bool", classifier(), "two", labels="bool")
    book.add("xgb_holes", classifier(), "holes")
    book.add("xgb_missing", classifier(missing=0.0), "counts3", note="zero means missing")
    if not xgboost.__version__.startswith("0."):  # those drop trees at random when they predict, too
        book.add("xgb_dart", classifier(booster="dart", rate_drop=0.5), "three")
    book.add("xgb_linear", classifier(booster="gblinear"), "three")
    book.add("xgb_regressor", lambda: xgboost.XGBRegressor(**XGB), "reg", "bits", cases=ASK)
    book.add("xgb_regressor_count", lambda: xgboost.XGBRegressor(objective="count:poisson", **XGB), "positive")
    book.add("xgb_random_forest", lambda: xgboost.XGBRFClassifier(**XGB), "three")
    book.add("xgb_random_forest_regressor", lambda: xgboost.XGBRFRegressor(**XGB), "reg", "bits")
    book.add("xgb_early_stop", lambda: xgboost.XGBRegressor(**dict(XGB, n_estimators=12, learning_rate=0.9)), "reg", "bits", fit=stopped)
    book.add("xgb_booster", xgboost.XGBClassifier, "two", fit=lambda model, rows, target: xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, xgboost.DMatrix(rows, target), 3), note="asked through a DMatrix")
    book.add("xgb_booster_margin", xgboost.XGBRegressor, "reg", "bits", fit=lambda model, rows, target: xgboost.train(
        {"max_depth": 2, "nthread": 1}, xgboost.DMatrix(rows, target), 3), note="asked through a DMatrix")


def stopped(model, rows, target):
    """Stops on the last rows; the keyword moved from fit to the constructor."""
    part = {"eval_set": [(rows[-10:], target[-10:])], "verbose": False}
    if "early_stopping_rounds" in model.get_params():
        return model.set_params(early_stopping_rounds=1).fit(rows[:-10], target[:-10], **part)
    return model.fit(rows[:-10], target[:-10], early_stopping_rounds=1, **part)


def leaves(book):
    """LightGBM's wrappers and its booster."""
    def classifier(**more):
        return lambda: lightgbm.LGBMClassifier(**dict(LGB, **more))

    book.add("lgb_two", classifier(), "two", cases=ASK)
    book.add("lgb_three", classifier(), "three", cases=ASK)
    book.add("lgb_labels_str", classifier(), "three", labels="str")
    book.add("lgb_labels_gaps_two", classifier(), "two", labels="signs")
    book.add("lgb_holes", classifier(), "holes")
    book.add("lgb_dart", classifier(boosting_type="dart"), "two")
    book.add("lgb_forest", classifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7), "two")
    book.add("lgb_regressor", lambda: lightgbm.LGBMRegressor(**LGB), "reg", "bits", cases=ASK)
    book.add("lgb_regressor_count", lambda: lightgbm.LGBMRegressor(objective="poisson", **LGB), "positive")
    book.add("lgb_booster", lightgbm.LGBMClassifier, "two", fit=lambda model, rows, target: lightgbm.train(
        {"objective": "binary", "num_leaves": 4, "min_data_in_leaf": 4, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(rows, target), 3))

    def coded(model, rows, target):
        rows = rows[["age", "visits", "colour"]].assign(colour=rows.colour.astype("category"))
        return model.fit(rows, target)

    book.add("lgb_pandas_categories", classifier(), "table", fit=coded, ask="coded_table")


def around(book):
    """What people put around them."""
    names, words = ["age", "income", "visits"], ["colour", "plan"]
    for kind, make in (("xgb", lambda: xgboost.XGBClassifier(**XGB)), ("lgb", lambda: lightgbm.LGBMClassifier(**LGB))):
        book.add(kind + "_pipe", lambda make=make: Pipeline([("scale", StandardScaler()), ("model", make())]), "three", cases=("nan", "float32"))
        book.add(kind + "_columns", lambda make=make: Pipeline([("columns", ColumnTransformer([("same", "passthrough", names), ("words", OneHotEncoder(handle_unknown="ignore"), words)])), ("model", make())]), "table", cases=("reordered",))
        book.add(kind + "_search", lambda make=make: GridSearchCV(make(), {"max_depth": [1, 2]}, cv=2), "two")
        book.add(kind + "_calibrated", lambda make=make: CalibratedClassifierCV(make(), cv=2), "two")
        book.add(kind + "_voting", lambda make=make: VotingClassifier([("trees", make()), ("bayes", GaussianNB())], voting="soft"), "three")
