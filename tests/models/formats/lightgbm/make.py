"""Trains small LightGBM models in every form and writes them with the library's own answers.

usage: python make.py OUTDIR   (with lightgbm 2.3.1, 3.2.1, 3.3.5, 4.3.0 or 4.7.0 installed)

OUTDIR gets a text file for each model, and answers.json: inputs by name (double precision, null is
missing) and for each model what `Booster.predict` (`predict`, `raw`) and scikit-learn's wrapper
(`wrapper`, `proba`) answer. All numbers are written so that they are read back exactly.
"""
import json
import os
import sys
import warnings

import lightgbm as lgb
import numpy as np

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
VERSION = tuple(int(part) for part in lgb.__version__.split(".")[:2])
rng = np.random.RandomState(0)
N, F = 400, 6

X = rng.randn(N, F)
X[rng.rand(N, F) < 0.12] = np.nan
X[rng.rand(N, F) < 0.1] = 0.0
Z = np.nan_to_num(X)
s = Z[:, 0] + Z[:, 1] * Z[:, 2] - Z[:, 3] + 0.3 * rng.randn(N)
binary, classes = (s > 0).astype(int), np.digitize(s, [-1, 0.5])
number, positive = s * 3 + 20, np.exp(s / 2) + 0.1
count = rng.poisson(np.exp(np.clip(s, -2, 2))).astype(float)
wrong = rng.rand(N) < 0.25
noisy = np.where(wrong, 1 - binary, binary)


def new_rows():
    """Rows of training, whose values are thresholds' neighbours, and others."""
    new = np.vstack([X[:8], rng.randn(16, F)])
    new[rng.rand(*new.shape) < 0.1] = np.nan
    new[0] = np.nan
    new[8] = 0.0
    new[9:15, 0] = [-0.0, 1e-36, -1e-35, float(np.float32(1e-35)), 1.1e-35, np.inf]
    new[9:15, 3] = [1.1e-35, 1e-35, -1e-36, float(np.float32(1e-35)), np.inf, -np.inf]
    new[15, 1] = -np.inf
    return new


INPUTS = {"plain": new_rows(), "codes": new_rows(), "frame": new_rows(), "finite": new_rows()}
INPUTS["codes"][:, 0] = [-1, -0.5, -1.5, 0, 0.5, 3.7, 11, 12, 31, 32, 39, 40, 63, 64, 300, 1e7, 3e9,
                         1e10, np.nan, np.inf, -np.inf, 1, 2, 5]
INPUTS["codes"][:, 1] = rng.randint(-1, 60, 24)
INPUTS["frame"][:, 0] = np.arange(24) % 4
INPUTS["frame"][3, 0] = np.nan
INPUTS["finite"][np.isinf(INPUTS["finite"])] = 7.5
BASE = dict(num_leaves=7, learning_rate=0.2, verbose=-1, num_threads=1, seed=1, deterministic=True,
            force_row_wise=True, min_data_in_leaf=5)
MODELS = []


def model(name, y, objective, rounds=3, options=None, **parameters):
    MODELS.append((name, y, dict(BASE, objective=objective, **parameters), rounds, options or {}))


model("binary", binary, "binary")
model("binary_sigmoid", binary, "binary", sigmoid=2.5)
model("multiclass", classes, "multiclass", num_class=3)
model("one_versus_all", classes, "multiclassova", num_class=3)
model("l2", number, "regression")
model("l1", number, "regression_l1")
model("l2_sqrt", number, "regression", reg_sqrt=True)
model("huber", number, "huber")
model("fair", number, "fair")
model("quantile", number, "quantile", alpha=0.7)
model("mape", number, "mape")
model("poisson", count, "poisson")
model("gamma", positive, "gamma")
model("tweedie", positive, "tweedie")
model("cross_entropy", binary.astype(float), "cross_entropy")
model("cross_entropy_lambda", binary.astype(float), "cross_entropy_lambda")
FOREST = dict(boosting="rf", bagging_fraction=0.6, bagging_freq=1)
model("forest", binary, "binary", 4, **FOREST)
model("forest_multi", classes, "multiclass", num_class=3, **FOREST)
model("forest_l2", number, "regression", **FOREST)
model("dart", binary, "binary", 6, boosting="dart", drop_rate=0.5)
model("goss", binary, "binary", boosting="goss")
model("lambda_rank", classes, "lambdarank", options=dict(group=True))
model("xe_ndcg", classes, "rank_xendcg", options=dict(group=True))
model("zero_missing", binary, "binary", zero_as_missing=True)
model("no_missing", binary, "binary", use_missing=False)
CATEGORY = dict(min_data_per_group=1, cat_smooth=1)
model("category", binary, "binary", options=dict(codes=[0, 1]), max_cat_to_onehot=1, **CATEGORY)
model("category_one_hot", binary, "binary", options=dict(codes=[0]), max_cat_to_onehot=100,
      **CATEGORY)
model("category_frame", binary, "binary", options=dict(frame=True), max_cat_to_onehot=1, **CATEGORY)
model("constant", binary, "binary", min_data_in_leaf=10000)
model("early", noisy, "binary", 60, dict(early=True))
model("custom", number, "none", options=dict(custom=True))
if VERSION >= (3, 2):
    model("linear", number, "regression", options=dict(input="finite"), linear_tree=True)
    model("linear_binary", binary, "binary", options=dict(input="plain"), linear_tree=True)
    model("linear_multi", classes, "multiclass", 2, num_class=3, linear_tree=True)


def plain(values):
    """Numbers that are read back exactly; null is missing, texts are infinities."""
    values = np.asarray(values)
    flat = values.astype(np.float64).ravel().tolist()
    words = {float("inf"): "inf", float("-inf"): "-inf"}
    flat = [None if v != v else words.get(v, v) for v in flat]
    return dict(shape=list(values.shape), values=flat)


def frame(values):
    import pandas

    made = pandas.DataFrame(values, columns=list("abcdef"))
    codes = np.nan_to_num(values[:, 0], nan=-1).astype(int)
    made["a"] = pandas.Categorical.from_codes(codes, ["w", "x", "y z", "ü"])
    return made


def squares(predicted, data):
    return predicted - data.get_label(), np.ones_like(predicted)


def train(y, parameters, rounds, options):
    values, more = X.copy(), {}
    if options.get("codes"):
        for column in options["codes"]:
            values[:, column] = rng.randint(0, 40, N)
        y = ((values[:, 0] % 3 == 0) ^ (Z[:, 2] > 0)).astype(int)
        more["categorical_feature"] = options["codes"]
    if options.get("frame"):
        values[:, 0] = rng.randint(0, 4, N)
        y = ((values[:, 0] % 3 == 0) ^ (Z[:, 2] > 0)).astype(int)
        values = frame(values)
    if parameters.get("linear_tree"):
        values = Z.copy()
    if options.get("group"):
        more["group"] = [20] * (N // 20)
    data = lgb.Dataset(values, y, params=parameters, **more)
    more = {}
    if options.get("early"):
        held_out = lgb.Dataset(X[:100], binary[:100], params=parameters, reference=data)
        more["valid_sets"] = [held_out]
        if VERSION >= (3, 3):
            more["callbacks"] = [lgb.early_stopping(2, verbose=False)]
        else:
            more.update(early_stopping_rounds=2, verbose_eval=False)
    if options.get("custom"):
        if VERSION >= (4, 0):
            parameters = dict(parameters, objective=squares)
        else:
            more["fobj"] = squares
    return lgb.train(parameters, data, rounds, **more)


def wrappers():
    """Estimators of the scikit-learn interface: their boosters' texts and their own answers."""
    small = dict(n_estimators=3, num_leaves=5, verbose=-1, n_jobs=1)
    cases = [
        ("classifier", lgb.LGBMClassifier(**small), binary),
        ("classifier_multi", lgb.LGBMClassifier(**small), classes),
        ("classifier_ova", lgb.LGBMClassifier(objective="multiclassova", **small), classes),
        ("regressor", lgb.LGBMRegressor(**small), number),
        ("regressor_poisson", lgb.LGBMRegressor(objective="poisson", **small), count),
    ]
    records = {}
    for name, estimator, y in cases:
        estimator.fit(X, y)
        estimator.booster_.save_model("%s/%s.txt" % (OUT, name))
        rows = INPUTS["finite"]
        record = dict(forms=["txt"], input="finite")
        record["wrapper"] = plain(estimator.predict(rows))
        if hasattr(estimator, "predict_proba"):
            record["proba"] = plain(estimator.predict_proba(rows))
        records[name] = record
    return records


def main():
    records = {}
    for name, y, parameters, rounds, options in MODELS:
        try:
            train(y, parameters, rounds, options).save_model("%s/%s.txt" % (OUT, name))
            loaded = lgb.Booster(model_file="%s/%s.txt" % (OUT, name))
            kind = next((kind for kind in ("codes", "frame") if options.get(kind)), "plain")
            kind = options.get("input", kind)
            rows = INPUTS[kind]
            record = dict(forms=["txt"], input=kind)
            record["predict"] = plain(loaded.predict(rows))
            record["raw"] = plain(loaded.predict(rows, raw_score=True))
            if kind == "frame":
                assert np.array_equal(loaded.predict(frame(rows)), loaded.predict(rows))
            records[name] = record
        except (lgb.basic.LightGBMError, ValueError, TypeError) as error:
            print("left out", name, repr(error)[:300])
    records.update(wrappers())
    inputs = {name: plain(values) for name, values in INPUTS.items()}
    with open(OUT + "/answers.json", "w") as file:
        json.dump(dict(library="lightgbm", version=lgb.__version__, inputs=inputs, models=records),
                  file, separators=(",", ":"))
        file.write("\n")
    print(lgb.__version__, len(records))


main()
