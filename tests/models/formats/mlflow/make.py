#!/usr/bin/env python3
"""Writes MLflow model folders of each flavour, and what MLflow's own scoring server answers about them.

Run it with mlflow 3.17, scikit-learn 1.9.1, xgboost, lightgbm, onnx, onnxruntime, skops, httpx.
The answers come from the application that `mlflow models serve` runs, asked in this process.
"""
import json
import logging
import os
import shutil
import sys
import warnings

import lightgbm
import mlflow
import numpy as np
import onnx
import pandas as pd
import xgboost
from fastapi.testclient import TestClient
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc.scoring_server import init
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bodies import COMMON, bodies

HERE = os.path.dirname(os.path.abspath(__file__))
ONNX = os.path.join(HERE, "..", "..", "iris", "model.onnx")


class Own(mlflow.pyfunc.PythonModel):
    """Python code as a model: to be refused."""

    def predict(self, context, model_input, params=None):
        return model_input.sum(axis=1)


def table():
    """A small table of every column type."""
    draw = np.random.RandomState(5)
    frame = pd.DataFrame({"age": draw.normal(40, 9, 40).round(1), "visits": draw.randint(0, 9, 40), "colour": draw.choice(["red", "green", "blue"], 40), "member": draw.rand(40) < 0.5})
    return frame, ((frame.age > 40) ^ (frame.colour == "red")).astype(int)


def sklearn_folders(save, rows, labels):
    """The sklearn flavour in its three file kinds and with each kind of signature."""
    line = LogisticRegression(max_iter=500).fit(rows, labels)
    columns = infer_signature(rows, line.predict(rows))
    keep = mlflow.sklearn.save_model
    save("sk_default", keep, line, signature=columns, input_example=rows.iloc[:2])
    for kind in ("pickle", "cloudpickle"):
        save("sk_" + kind, keep, line, signature=columns, serialization_format=kind)
    save("sk_no_signature", keep, line)
    save("sk_probabilities", keep, line, signature=columns, pyfunc_predict_fn="predict_proba")
    named = LogisticRegression(max_iter=500).fit(rows, np.array(["ant", "bee", "cicada"])[labels])
    save("sk_text_labels", keep, named, signature=infer_signature(rows, named.predict(rows)))
    out = Schema([TensorSpec(np.dtype(np.int64), (-1,))])
    plain = LogisticRegression(max_iter=500).fit(rows.values, labels)
    for name, spec in (("sk_tensor_named", TensorSpec(np.dtype(np.float32), (-1, 4), "x")), ("sk_tensor", TensorSpec(np.dtype(np.float64), (-1, 4)))):
        save(name, keep, plain, signature=ModelSignature(inputs=Schema([spec]), outputs=out), **({} if "named" in name else {"input_example": rows.values[:2]}))
    forest = RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0).fit(rows, labels)
    save("sk_forest", keep, forest, signature=infer_signature(rows, forest.predict(rows)), skops_trusted_types=["sklearn.tree._tree.Tree"])
    frame, flags = table()
    split = ColumnTransformer([("numbers", StandardScaler(), ["age", "visits"]), ("words", OneHotEncoder(handle_unknown="ignore"), ["colour"])], remainder="passthrough")
    mixed = Pipeline([("columns", split), ("model", LogisticRegression())]).fit(frame, flags)
    save("sk_mixed", keep, mixed, signature=infer_signature(frame, mixed.predict(frame)), input_example=frame.iloc[:2])
    specs = [ColSpec("float", "a"), ColSpec("integer", "b"), ColSpec("double", "c", required=False), ColSpec("long", "d")]
    few = LinearRegression().fit(pd.DataFrame(rows.values, columns=list("abcd")), labels)
    optional = ModelSignature(inputs=Schema(specs), outputs=Schema([ColSpec("double")]), params=ParamSchema([ParamSpec("top", "integer", 3)]))
    save("sk_narrow_types", keep, few, signature=optional)
    return columns


def booster_folders(save, rows, labels, columns):
    """XGBoost and LightGBM, as boosters and as scikit-learn wrappers."""
    trees = xgboost.XGBClassifier(n_estimators=2, max_depth=2).fit(rows, labels)
    keep = mlflow.xgboost.save_model
    save("xgb_classifier", keep, trees, signature=columns)
    save("xgb_classifier_json", keep, trees, model_format="json")
    save("xgb_booster", keep, trees.get_booster(), signature=columns)
    save("xgb_booster_json", keep, trees.get_booster(), model_format="json", signature=columns)
    line = xgboost.XGBRegressor(n_estimators=2, max_depth=2).fit(rows, labels)
    save("xgb_regressor", keep, line, signature=infer_signature(rows, line.predict(rows)))
    leaves = lightgbm.LGBMClassifier(n_estimators=2, num_leaves=3, verbose=-1).fit(rows, labels)
    keep = mlflow.lightgbm.save_model
    save("lgb_booster", keep, leaves.booster_, signature=columns)
    save("lgb_classifier", keep, leaves, signature=columns)
    save("lgb_classifier_pickle", keep, leaves, serialization_format="pickle")


def main():
    """Writes the folders, then asks each."""
    warnings.filterwarnings("ignore")
    logging.disable(50)
    failures = []

    def save(name, how, model, **options):
        shutil.rmtree(os.path.join(HERE, name), ignore_errors=True)
        try:
            how(model, os.path.join(HERE, name), pip_requirements=[], **options)
        except Exception as error:  # noqa: BLE001
            failures.append((name, repr(error)[:300]))

    rows, labels = load_iris(return_X_y=True, as_frame=True)
    columns = sklearn_folders(save, rows, labels)
    booster_folders(save, rows, labels, columns)
    save("onnx", mlflow.onnx.save_model, onnx.load(ONNX), signature=ModelSignature(inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, 4), "float_input")])))
    # What travels with a class: no path of this machine.
    globals()["__file__"] = "own.py"
    for part in (Own.predict, getattr(Own.predict, "__wrapped__", Own.predict)):
        part.__code__ = part.__code__.replace(co_filename="own.py")
    shutil.rmtree(os.path.join(HERE, "python_model"), ignore_errors=True)
    mlflow.pyfunc.save_model(os.path.join(HERE, "python_model"), python_model=Own(), pip_requirements=[])
    for name in sorted(os.listdir(HERE)):
        if os.path.exists(os.path.join(HERE, name, "MLmodel")) and name != "python_model":
            ask(name, failures)
    for failure in failures:
        print("FAILED", *failure)
    sys.exit(1 if failures else 0)


def ask(name, failures):
    """Writes <name>.answers.json."""
    try:
        model = mlflow.pyfunc.load_model(os.path.join(HERE, name))
    except Exception as error:  # noqa: BLE001
        failures.append((name, "load " + repr(error)[:300]))
        return
    client = TestClient(init(model), raise_server_exceptions=False)
    asked = []
    for what, method, path, kind, body in bodies(name) + (COMMON if name == "sk_default" else []):
        headers = {"content-type": kind} if kind else {}
        got = client.request(method, path, content=body, headers=headers)
        asked.append(dict({"what": what, "method": method, "path": path, "content_type": kind, "body": body, "status": got.status_code,
                           "response_content_type": got.headers.get("content-type")}, **content(got)))
    with open(os.path.join(HERE, name + ".answers.json"), "w", encoding="utf-8") as out:
        json.dump({"mlflow": mlflow.__version__, "folder": name, "answers": asked}, out, indent=1, ensure_ascii=False)
        out.write("\n")


def content(got):
    """The body as it is; of an MLflow error its members, the message cut and the stack trace left out."""
    try:
        error = got.json()
    except ValueError:
        error = None
    if got.status_code == 200 or not isinstance(error, dict) or "message" not in error:
        return {"response": got.text}
    error.pop("stack_trace", None)
    return {"error": dict(error, message=error["message"][:600])}


if __name__ == "__main__":
    main()
