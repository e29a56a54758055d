"""Trains small CatBoost models and writes them as JSON with the library's own answers.

usage: python make.py OUTDIR   (with catboost 1.2 installed)

OUTDIR gets a JSON file for each model, and answers.json: inputs by name (double precision, null is
missing) and for each model what `predict` answers for each type of prediction: `raw`, `proba`,
`predict`. All numbers are written so that they are read back exactly.
"""
import json
import os
import sys
import warnings

import catboost
import numpy as np

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
rng = np.random.RandomState(0)
N, F = 300, 6
X = rng.randn(N, F).astype(np.float32)
X[rng.rand(N, F) < 0.1] = np.nan
Z = np.nan_to_num(X).astype(np.float64)
s = Z[:, 0] + Z[:, 1] * Z[:, 2] - Z[:, 3] + 0.3 * rng.randn(N)
binary, classes, number = (s > 0).astype(int), np.digitize(s, [-1, 0.5]), s * 3 + 20
count = rng.poisson(np.exp(np.clip(s, -2, 2)))
texts = np.array(["no", "yes"])[binary]
ROWS = np.vstack([X[:8].astype(np.float64), rng.randn(16, F)])
ROWS[rng.rand(*ROWS.shape) < 0.1] = np.nan
ROWS[0] = np.nan
ROWS[9, 0], ROWS[10, 1], ROWS[11, 2] = np.inf, -np.inf, -0.0
SMALL = dict(iterations=4, depth=3, border_count=16, verbose=0, thread_count=1,
             allow_writing_files=False, random_seed=1)


def plain(values):
    """Numbers that are read back exactly; null is missing, texts stay texts."""
    values = np.asarray(values)
    if values.dtype.kind in "OUS":
        return dict(shape=list(values.shape), values=[str(v) for v in values.ravel()])
    flat = values.astype(np.float64).ravel().tolist()
    words = {float("inf"): "inf", float("-inf"): "-inf"}
    return dict(shape=list(values.shape), values=[None if v != v else words.get(v, v) for v in flat])


def classifier(**parameters):
    return catboost.CatBoostClassifier(**dict(SMALL, **parameters))


def regressor(**parameters):
    return catboost.CatBoostRegressor(**dict(SMALL, **parameters))


CASES = [
    ("binary", classifier(), binary),
    ("binary_text", classifier(), texts),
    ("binary_nan_max", classifier(nan_mode="Max"), binary),
    ("cross_entropy", classifier(loss_function="CrossEntropy"), binary),
    ("multi", classifier(), classes),
    ("multi_one_vs_all", classifier(loss_function="MultiClassOneVsAll"), classes),
    ("squared", regressor(), number),
    ("absolute", regressor(loss_function="MAE"), number),
    ("quantile", regressor(loss_function="Quantile:alpha=0.3"), number),
    ("poisson", regressor(loss_function="Poisson"), count),
    ("multi_squared", regressor(loss_function="MultiRMSE"), np.column_stack([number, s])),
    ("depthwise", classifier(grow_policy="Depthwise"), binary),
    ("lossguide_multi", classifier(grow_policy="Lossguide", max_leaves=6), classes),
    ("lossguide", regressor(grow_policy="Lossguide", max_leaves=9), number),
]


def main():
    records = {}
    for name, estimator, y in CASES:
        estimator.fit(X, y)
        estimator.save_model("%s/%s.json" % (OUT, name), format="json")
        record = dict(forms=["json"], input="plain")
        record["raw"] = plain(estimator.predict(ROWS, prediction_type="RawFormulaVal"))
        record["predict"] = plain(estimator.predict(ROWS))
        if hasattr(estimator, "predict_proba"):
            record["proba"] = plain(estimator.predict_proba(ROWS))
        records[name] = record
    import pandas

    frame = pandas.DataFrame({"a": Z[:, 0], "b": np.array(list("xyz"))[classes]})
    model = catboost.CatBoostClassifier(**dict(SMALL, cat_features=["b"], iterations=2))
    model.fit(frame, binary).save_model(OUT + "/category.json", format="json")
    with open(OUT + "/answers.json", "w") as file:
        made = dict(library="catboost", version=catboost.__version__)
        json.dump(dict(made, inputs={"plain": plain(ROWS)}, models=records), file,
                  separators=(",", ":"))
        file.write("\n")
    print(catboost.__version__, len(records))


main()
