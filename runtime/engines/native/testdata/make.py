"""Writes the models of this folder and the answers that onnxruntime gives for them.

    pip install onnx==1.23.2 skl2onnx==1.20.0 scikit-learn==1.9.1 onnxruntime==1.32.0
    python make.py

Each case is `<name>.onnx` and `<name>.json`: what went in and what came out, in the form of
`tests/models/*/expected.json`, with null where a number is none. A ZipMap's maps are written as
their matrix.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC

HERE = Path(__file__).parent
DTYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "object": "BYTES"}
ELEMENTS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}


def tensor(value):
    if isinstance(value, list):
        value = np.array([list(row.values()) for row in value], dtype=np.float32)
    values = value.reshape(-1).tolist()
    values = [None if isinstance(v, float) and not np.isfinite(v) else v for v in values]
    return {"dtype": DTYPES[value.dtype.name], "shape": list(value.shape), "values": values}


def save(name, model, rows):
    data = model.SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: rows}
    outputs = zip((output.name for output in session.get_outputs()), session.run(None, inputs))
    case = {
        "inputs": {key: tensor(value) for key, value in inputs.items()},
        "outputs": {key: tensor(value) for key, value in outputs},
    }
    (HERE / f"{name}.onnx").write_bytes(data)
    (HERE / f"{name}.json").write_text(json.dumps(case) + "\n")


def pipelines():
    iris, diabetes, cancer = load_iris(), load_diabetes(), load_breast_cancer()
    names = iris.target_names[iris.target]
    missing = iris.data.copy()
    missing[np.random.RandomState(0).rand(*missing.shape) < 0.2] = np.nan
    logistic = lambda: LogisticRegression(max_iter=500)
    cases = [
        ("linear_regression", LinearRegression(), diabetes.data, diabetes.target, {}),
        ("elastic_net_robust", make_pipeline(RobustScaler(), ElasticNet(alpha=0.01)), diabetes.data, diabetes.target, {}),
        ("ridge_min_max", make_pipeline(MinMaxScaler(), Ridge()), diabetes.data, diabetes.target, {}),
        ("logistic_binary", make_pipeline(StandardScaler(), logistic()), cancer.data, cancer.target, {"zipmap": False}),
        ("logistic_binary_names", logistic(), iris.data[:100], names[:100], {}),
        ("logistic_imputed", make_pipeline(SimpleImputer(), StandardScaler(), logistic()), missing, iris.target, {}),
        ("logistic_l2", make_pipeline(Normalizer("l2"), logistic()), iris.data, iris.target, {}),
        ("logistic_pca", make_pipeline(PCA(2), logistic()), iris.data, iris.target, {}),
        ("logistic_selected", make_pipeline(SelectKBest(k=2), logistic()), iris.data, iris.target, {"zipmap": False}),
        ("one_vs_rest", OneVsRestClassifier(logistic()), iris.data, iris.target, {}),
        ("sgd", make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)), iris.data, iris.target, {}),
        ("linear_svc", LinearSVC(), iris.data, names, {}),
        ("mlp", make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=500, random_state=0)), iris.data, iris.target, {"zipmap": False}),
    ]
    for name, model, data, target, options in cases:
        model.fit(data, target)
        data = data.astype(np.float32)[::17][:9]
        types = [("X", FloatTensorType([None, data.shape[1]]))]
        opset = {"": 16, "ai.onnx.ml": 1}
        options = {"options": {id(model): options}} if options else {}
        save(name, to_onnx(model, initial_types=types, target_opset=opset, **options), data)


ROWS = np.array(
    [[1, -2, 3], [0, 0, 0], [-1, -2, -5], [np.nan, 1, 2], [1e-30, 1e-30, 0], [0.7, 0.1, 12.3], [0, -1, 0]],
    dtype=np.float32,
)


def operators():
    three = dict(coefficients=[0.5, -0.25, 1.5], intercepts=[0.1])
    nine = dict(
        coefficients=[0.5, -0.25, 1.5, 0.3, 0.9, -0.7, 0.01, 0.2, -1.1], intercepts=[0.1, -0.2, 0.3]
    )
    cases = [("normalizer_" + norm.lower(), "Normalizer", dict(norm=norm)) for norm in ("MAX", "L1", "L2")]
    cases += [
        ("scaler_one", "Scaler", dict(offset=[0.1], scale=[0.3])),
        ("scaler_each", "Scaler", dict(offset=[0.1, 0.2, 0.3], scale=[0.3, 2.0, 0.7])),
        ("imputer_zero", "Imputer", dict(imputed_value_floats=[9.0, 8.0, 7.0], replaced_value_float=0.0)),
        ("imputer_nan", "Imputer", dict(imputed_value_floats=[9.0], replaced_value_float=float("nan"))),
        ("regressor_two", "LinearRegressor", dict(coefficients=nine["coefficients"][:6], intercepts=[0.1, 0.2], targets=2)),
        ("regressor_plain", "LinearRegressor", dict(coefficients=three["coefficients"])),
    ]
    for post in ("NONE", "LOGISTIC", "SOFTMAX"):
        name = post.lower()
        cases += [
            ("classifier_one_" + name, "LinearClassifier", dict(**three, post_transform=post, classlabels_ints=[7, 9])),
            ("classifier_three_" + name, "LinearClassifier", dict(**nine, post_transform=post, classlabels_strings=["a", "b", "ç"])),
        ]
    for name, op_type, attributes in cases:
        outputs = {"y": TensorProto.FLOAT}
        if op_type == "LinearClassifier":
            labels = TensorProto.STRING if "classlabels_strings" in attributes else TensorProto.INT64
            outputs = {"label": labels, "scores": TensorProto.FLOAT}
        operator(name, op_type, outputs, ROWS, **attributes)
    operator("classifier_ints", "LinearClassifier", {"label": TensorProto.INT64, "scores": TensorProto.FLOAT},
             np.array([[1, 2, -3], [4, 5, 6]]), **nine, classlabels_ints=[1, 2, 3], post_transform="SOFTMAX")
    operator("classifier_one_row", "LinearClassifier", {"label": TensorProto.INT64, "scores": TensorProto.FLOAT},
             ROWS[0], **nine, classlabels_ints=[1, 2, 3], post_transform="SOFTMAX")


def operator(name, op_type, outputs, rows, **attributes):
    node = helper.make_node(op_type, ["x"], list(outputs), domain="ai.onnx.ml", **attributes)
    columns = [] if rows.ndim == 1 else [rows.shape[1]]
    dims = [rows.shape[0]] if rows.ndim == 1 else [None, *columns]
    rank = lambda key: [None] if key == "label" else [None, None]
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("x", ELEMENTS[rows.dtype.name], dims)],
        [helper.make_tensor_value_info(key, element, rank(key)) for key, element in outputs.items()],
    )
    opsets = [helper.make_opsetid("", 16), helper.make_opsetid("ai.onnx.ml", 1)]
    save(name, helper.make_model(graph, opset_imports=opsets, ir_version=8), rows)


if __name__ == "__main__":
    pipelines()
    operators()
