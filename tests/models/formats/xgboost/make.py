"""Trains small XGBoost models in every form and writes them with the library's own answers.

usage: python make.py OUTDIR    (with xgboost 0.82, 1.4.2, 1.7.6, 2.1.4 or 3.2.0 installed)

OUTDIR gets a file for each model and form, and answers.json: inputs by name (double precision, null
is missing) and for each model what `Booster.predict` (`predict`, `margin`) and scikit-learn's
wrapper (`wrapper`, `proba`) answer. All numbers are written so that they are read back exactly.
"""
import json
import os
import sys
import warnings

import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:2])
rng = np.random.RandomState(0)
N, F = 300, 6

X = rng.randn(N, F).astype(np.float32)
X[rng.rand(N, F) < 0.15] = np.nan
Z = np.nan_to_num(X).astype(np.float64)
s = Z[:, 0] + Z[:, 1] * Z[:, 2] - Z[:, 3] + 0.3 * rng.randn(N)
binary, classes = (s > 0).astype(int), np.digitize(s, [-1, 0.5])
number, count, positive = s * 3 + 20, rng.poisson(np.exp(np.clip(s, -2, 2))), np.exp(s / 2) + 0.1
# Labels that are wrong for some rows: a model that learns them by heart gets worse on these.
wrong = rng.rand(N) < 0.25
noisy, noisy_classes = np.where(wrong, 1 - binary, binary), np.where(wrong, classes[::-1], classes)
CODES = [-1, -0.5, 0, 3.7, 11, 12, 31, 32, 63, 64, 300, 1e7, 2.0 ** 24, 1e9]


def new_rows():
    """Rows of training, whose values are thresholds' neighbours, and rows of double precision."""
    new = np.vstack([X[:8].astype(np.float64), rng.randn(16, F)])
    new[rng.rand(*new.shape) < 0.1] = np.nan
    new[0] = np.nan
    new[9:12, 0] = [0.0, -0.0, 1e-40]
    new[12, 1] = 3.0e38
    return new


INPUTS = {"plain": new_rows(), "codes": new_rows(), "frame": new_rows()}
INPUTS["codes"][:14, 0] = CODES
INPUTS["codes"][14:20, 0] = [1, 2, 4, 5, 7, np.nan]
INPUTS["frame"][:, 0] = np.arange(24) % 5
INPUTS["frame"][3, 0] = np.nan
INPUTS["zeros"] = np.nan_to_num(INPUTS["plain"])
MODELS = []
BASE = dict(max_depth=3, eta=0.3, seed=1, nthread=1)
BASE.update(dict(verbosity=0) if VERSION >= (1, 0) else dict(silent=1))


def model(name, y, objective, rounds=3, options=None, **parameters):
    if VERSION < (0, 90) and objective == "reg:squarederror":
        objective = "reg:linear"  # its name then
    MODELS.append((name, y, dict(BASE, objective=objective, **parameters), rounds, options or {}))


model("binary_logistic", binary, "binary:logistic")
model("binary_logitraw", binary, "binary:logitraw")
model("binary_hinge", binary, "binary:hinge")
model("reg_logistic", binary, "reg:logistic")
model("binary_base", binary, "binary:logistic", base_score=0.2)
model("logitraw_base", binary, "binary:logitraw", base_score=0.2)
model("softprob", classes, "multi:softprob", num_class=3)
model("softprob_base", classes, "multi:softprob", 2, num_class=3, base_score=0.3)
model("softmax", classes, "multi:softmax", 2, num_class=3)
model("squared", number, "reg:squarederror")
model("squared_base", number, "reg:squarederror", base_score=3.25)
model("linear_old", number, "reg:linear", 1)
model("poisson", count, "count:poisson")
model("gamma", positive, "reg:gamma")
model("gamma_base", positive, "reg:gamma", base_score=1.7)
model("tweedie", positive, "reg:tweedie")
model("cox", positive, "survival:cox")
model("rank_pairwise", classes, "rank:pairwise", 2, dict(group=True))
model("rank_ndcg", classes, "rank:ndcg", 2, dict(group=True))
model("rank_map", binary, "rank:map", 2, dict(group=True))
DART = dict(booster="dart", rate_drop=0.3)
model("dart_binary", binary, "binary:logistic", 6, **DART)
model("dart_base", number, "reg:squarederror", 6, base_score=3.3, **DART)
model("dart_multi", classes, "multi:softprob", 4, num_class=3, **DART)
model("linear", number, "reg:squarederror", booster="gblinear")
model("linear_base", number, "reg:squarederror", booster="gblinear", base_score=3.3)
model("linear_multi", classes, "multi:softprob", booster="gblinear", num_class=3)
model("linear_binary", binary, "binary:logistic", booster="gblinear")
model("lossguide", binary, "binary:logistic", tree_method="hist", grow_policy="lossguide",
      max_leaves=9)
model("pruned", binary, "binary:logistic", tree_method="exact", gamma=3.0)
model("constant", number, "reg:squarederror", min_child_weight=1e9)
FOREST = dict(num_parallel_tree=3, subsample=0.7)
model("forest", binary, "binary:logistic", 2, **FOREST)
model("forest_multi", classes, "multi:softprob", 2, num_class=3, **FOREST)
model("early", binary, "binary:logistic", 60, dict(early=True))
model("early_forest_multi", classes, "multi:softprob", 12, dict(early=True, y=noisy_classes),
      num_class=3, num_parallel_tree=2, subsample=0.7, max_depth=2, eta=1.0)
model("missing_zero", number, "reg:squarederror", options=dict(missing=0.0))
if VERSION >= (1, 0):
    model("squared_log", positive, "reg:squaredlogerror")
    model("pseudo_huber", number, "reg:pseudohubererror")
if VERSION >= (1, 7):
    HIST = dict(tree_method="hist")
    model("absolute", number, "reg:absoluteerror", **HIST)
    model("aft", positive, "survival:aft", options=dict(bounds=True))
    model("multi_label", np.column_stack([binary, 1 - binary, classes > 0]).astype(int),
          "binary:logistic", 2)
    model("multi_target", np.column_stack([number, s]), "reg:squarederror", **HIST)
    model("category", binary, "binary:logistic", options=dict(codes=True), max_cat_to_onehot=1,
          **HIST)
    model("category_one_hot", binary, "binary:logistic", options=dict(codes=True),
          max_cat_to_onehot=100, **HIST)
    model("category_frame", binary, "binary:logistic", options=dict(frame=True),
          max_cat_to_onehot=1, **HIST)
if VERSION >= (2, 0):
    VECTOR = dict(multi_strategy="multi_output_tree", **HIST)
    model("quantile", number, "reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], **HIST)
    model("multi_target_vector", np.column_stack([number, s, count]), "reg:squarederror", **VECTOR)
    model("multi_label_vector", np.column_stack([binary, 1 - binary]), "binary:logistic", **VECTOR)
    model("softprob_vector", classes, "multi:softprob", num_class=3, **VECTOR)


def matrix(values, options, **more):
    if options.get("frame"):
        import pandas

        frame = pandas.DataFrame(values.astype(np.float32), columns=list("abcdef"))
        codes = np.nan_to_num(values[:, 0], nan=-1).astype(int)
        frame["a"] = pandas.Categorical.from_codes(codes, ["v", "w", "x", "y", "z"])
        return xgb.DMatrix(frame, enable_categorical=True, **more)
    if options.get("codes"):
        types = ["c"] + ["q"] * (F - 1)
        return xgb.DMatrix(values, feature_types=types, enable_categorical=True, **more)
    if "missing" in options:
        return xgb.DMatrix(np.nan_to_num(values), missing=options["missing"], **more)
    return xgb.DMatrix(values, missing=np.nan, **more)


def plain(values):
    """Numbers that are read back exactly: single precision as the double precision that it is."""
    values = np.asarray(values)
    flat = values.astype(np.float64).ravel()
    return dict(shape=list(values.shape), values=[None if v != v else v for v in flat.tolist()])


def train(y, parameters, rounds, options):
    values = X.astype(np.float64).copy()
    if options.get("codes") or options.get("frame"):
        top = 12 if options.get("codes") else 5
        values[:, 0] = rng.randint(0, top, N)
        y = ((values[:, 0] % 3 == 0) ^ (Z[:, 1] > 0)).astype(int)
    data = matrix(values, options, label=None if options.get("bounds") else y)
    if options.get("group"):
        data.set_group([20] * (N // 20))
    if options.get("bounds"):
        data.set_float_info("label_lower_bound", y)
        data.set_float_info("label_upper_bound", y * 1.5)
    more = {}
    if options.get("early"):
        held_out = xgb.DMatrix(X[:90], label=options.get("y", noisy)[:90])
        more = dict(evals=[(held_out, "e")], early_stopping_rounds=3, verbose_eval=False)
    return xgb.train(parameters, data, rounds, **more)


def all_trees(rounds=0):
    """No limit; 0.82 drops trees of dart at random where it is told none."""
    return dict(iteration_range=(0, 0)) if VERSION >= (1, 4) else dict(ntree_limit=rounds)


def save(booster, name):
    forms = []
    for form in ("json", "ubj", "bst"):
        if form == "json" and VERSION < (1, 0) or form == "ubj" and VERSION < (1, 6):
            continue
        if form == "bst" and VERSION >= (2, 0) and name != "binary_logistic":
            continue
        try:
            booster.save_model("%s/%s.%s" % (OUT, name, form))
            forms.append(form)
        except xgb.core.XGBoostError:
            os.remove("%s/%s.%s" % (OUT, name, form))
    if name in ("binary_logistic", "softprob", "dart_binary", "linear", "early"):
        with open("%s/%s.snapshot" % (OUT, name), "wb") as file:
            file.write(bytes(booster.__getstate__()["handle"]))
        forms.append("snapshot")
    return forms


def answers(booster, options, name, forms, rounds=0):
    kind = next((kind for kind in ("codes", "frame") if options.get(kind)), "plain")
    kind = "zeros" if "missing" in options else kind
    data = matrix(INPUTS[kind], options)
    loaded = xgb.Booster({"nthread": 1}, model_file="%s/%s.%s" % (OUT, name, forms[0]))
    record = dict(forms=forms, input=kind, missing=options.get("missing"))
    limit = all_trees(rounds if "dart" in name else 0)
    record["predict"] = plain(loaded.predict(data, **limit))
    record["margin"] = plain(loaded.predict(data, output_margin=True, **limit))
    if VERSION >= (1, 4):
        default = loaded.predict(data)
        assert np.array_equal(default, loaded.predict(data, **all_trees())), name
    if options.get("early"):
        best = booster.best_iteration
        record["best_iteration"] = int(best)
        limit = dict(iteration_range=(0, best + 1)) if VERSION >= (1, 4) else dict(
            ntree_limit=(best + 1) * (2 if "forest" in name else 1))
        # Not the loaded one: 1.4.2 forgets how many trees a round has.
        record["wrapper"] = plain(booster.predict(data, **limit))
    return record


def wrappers():
    """Estimators of the scikit-learn interface, saved by themselves."""
    held_out = [(X[:90], noisy[:90])]
    early = dict(early_stopping_rounds=3)
    at_fit = {} if VERSION >= (1, 6) else early
    at_init = early if VERSION >= (1, 6) else {}
    cases = [
        ("classifier", xgb.XGBClassifier(n_estimators=3, max_depth=3), binary, {}),
        ("classifier_multi", xgb.XGBClassifier(n_estimators=2, max_depth=3), classes, {}),
        ("classifier_early", xgb.XGBClassifier(n_estimators=60, max_depth=3, **at_init), binary,
         dict(eval_set=held_out, verbose=False, **at_fit)),
        ("classifier_missing", xgb.XGBClassifier(n_estimators=3, max_depth=3, missing=0.0), binary,
         {}),
        ("regressor", xgb.XGBRegressor(n_estimators=3, max_depth=3), number, {}),
    ]
    if VERSION >= (1, 0):
        forest = xgb.XGBRFClassifier(n_estimators=4, max_depth=3, random_state=1)
        cases.append(("forest_classifier", forest, classes, {}))
        logistic = xgb.XGBRegressor(n_estimators=2, max_depth=3, objective="reg:logistic")
        cases.append(("regressor_logistic", logistic, binary, {}))
        hinge = xgb.XGBClassifier(n_estimators=2, max_depth=3, objective="binary:hinge")
        cases.append(("classifier_hinge", hinge, binary, {}))
    if VERSION >= (1, 7):
        labels = np.column_stack([binary, 1 - binary, classes > 0]).astype(int)
        several = xgb.XGBClassifier(n_estimators=2, max_depth=3, tree_method="hist")
        cases.append(("classifier_multi_label", several, labels, {}))
    records = {}
    for name, estimator, y, more in cases:
        zeros = "missing" in name
        trained = np.nan_to_num(X) if zeros else X
        rows = INPUTS["zeros" if zeros else "plain"]
        estimator.fit(trained, y, **more)
        booster = estimator.get_booster()
        if VERSION >= (1, 0):
            forms = ["json"] + (["ubj"] if VERSION >= (1, 6) else [])
            for form in forms:
                estimator.save_model("%s/%s.%s" % (OUT, name, form))
        else:
            forms = ["bst"]
            booster.save_model("%s/%s.bst" % (OUT, name))
        record = dict(forms=forms, input="zeros" if zeros else "plain",
                      missing=0.0 if zeros else None)
        record["wrapper"] = plain(estimator.predict(rows))
        if hasattr(estimator, "predict_proba"):
            record["proba"] = plain(estimator.predict_proba(rows))
        data = xgb.DMatrix(rows, missing=0.0 if zeros else np.nan)
        record["predict"] = plain(booster.predict(data, **all_trees()))
        records[name] = record
    return records


def main():
    records = {}
    for name, y, parameters, rounds, options in MODELS:
        try:
            booster = train(y, parameters, rounds, options)
            forms = save(booster, name)
            records[name] = answers(booster, options, name, forms, rounds)
        except (xgb.core.XGBoostError, ValueError) as error:
            print("left out", name, repr(error)[:300])
    records.update(wrappers())
    inputs = {name: plain(values) for name, values in INPUTS.items()}
    with open(OUT + "/answers.json", "w") as file:
        json.dump(dict(library="xgboost", version=xgb.__version__, inputs=inputs, models=records),
                  file, separators=(",", ":"))
        file.write("\n")
    print(xgb.__version__, len(records))


main()
