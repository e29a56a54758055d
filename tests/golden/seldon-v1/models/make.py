"""Trains the XGBoost models that were served when `rest.jsonl` and `grpc.jsonl` were recorded.

python make.py OUTDIR

With xgboost 3.2.0 and scikit-learn 1.9.1, whose iris rows these are: the files come out byte for
byte as they lie here.
"""

import sys
from pathlib import Path

import xgboost
from sklearn.datasets import load_iris

ROUNDS = 5


def save(name: str, booster: xgboost.Booster) -> None:
    folder = Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bst").write_bytes(booster.save_raw("ubj"))


rows, classes = load_iris(return_X_y=True)
parameters = {"objective": "multi:softprob", "num_class": 3}
save("xgb", xgboost.train(parameters, xgboost.DMatrix(rows, classes), ROUNDS))
two = classes < 2
parameters = {"objective": "binary:logistic"}
save("xgbbin", xgboost.train(parameters, xgboost.DMatrix(rows[two], classes[two]), ROUNDS))
