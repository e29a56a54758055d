"""Writes models of trees and what onnxruntime answers, for the tests of the native engine.

Usage: make.py [FOLDER [ROWS [ESTIMATORS]]]. What the repository has comes without arguments; more
rows and larger forests are for a thorough comparison elsewhere. Needs scikit-learn, xgboost,
lightgbm, onnx, onnxruntime, skl2onnx and onnxmltools. onnxruntime runs on one thread: with more, it
adds votes in another order. Rows are random, with thresholds of the model and their neighbours, and
what is no number where the kind of model knows that.
"""

import json
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxruntime
import xgboost
from onnx import TensorProto, helper
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn import ensemble, tree

warnings.filterwarnings("ignore")
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent)
N_ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
N_ESTIMATORS = int(sys.argv[3]) if len(sys.argv) > 3 else 4
N_FEATURES = 4
TYPES = {
    TensorProto.FLOAT: (np.float32, "FP32", FloatTensorType),
    TensorProto.DOUBLE: (np.float64, "FP64", DoubleTensorType),
    TensorProto.INT64: (np.int64, "INT64", Int64TensorType),
    TensorProto.INT32: (np.int32, "INT32", None),
}
NAN = float("nan")

for kind, convert, shapes in [
    (xgboost.XGBClassifier, convert_xgboost, calculate_linear_classifier_output_shapes),
    (xgboost.XGBRegressor, convert_xgboost, calculate_linear_regressor_output_shapes),
    (lightgbm.LGBMClassifier, convert_lightgbm, calculate_linear_classifier_output_shapes),
    (lightgbm.LGBMRegressor, convert_lightgbm, calculate_linear_regressor_output_shapes),
]:
    classifier = kind.__name__.endswith("Classifier")
    options = {"nocl": [True, False], "zipmap": [True, False, "columns"], "split": None}
    options = {k: options[k] for k in (("nocl", "zipmap") if classifier else ("split",))}
    update_registered_converter(kind, f"Own{kind.__name__}", shapes, convert, options=options)


def values(array):
    """An array as the test reads it.

    Singles that are no number are null, and infinite ones overflow; doubles are text.
    """
    if array.dtype.kind in "OU":
        return [str(v) for v in array.ravel()]
    if array.dtype == np.float64:
        return [repr(v) for v in array.ravel().tolist()]
    if array.dtype.kind != "f":
        return array.ravel().tolist()
    large = {np.inf: 1e300, -np.inf: -1e300}
    numbers = array.ravel().tolist()
    return [None if np.isnan(v) else large.get(v, v) for v in numbers]


def tensors(named):
    names = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32"}
    return {
        name: {
            "dtype": names.get(array.dtype.name, "BYTES"),
            "shape": list(array.shape),
            "values": values(array),
        }
        for name, array in named.items()
    }


def save(name, model, rows):
    """Writes a model and what onnxruntime answers for the rows."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = {session.get_inputs()[0].name: rows}
    answers = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
    model.producer_name, model.doc_string = "", ""
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())
    case = {"inputs": tensors(inputs), "outputs": tensors(answers)}
    (FOLDER / f"{name}.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")


def thresholds(model):
    """The numbers that each feature is compared with."""
    found = {}
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        numbers = attributes.get("nodes_values") or attributes.get("nodes_splits")
        tensor = attributes.get("nodes_values_as_tensor", numbers)
        if isinstance(tensor, TensorProto):
            numbers = onnx.numpy_helper.to_array(tensor).tolist()
        for feature, number in zip(attributes.get("nodes_featureids", []), numbers or []):
            found.setdefault(feature, set()).add(number)
    return {feature: sorted(numbers) for feature, numbers in found.items()}


def near(rows, model, seed, with_nan=False):
    """The rows, with some features at a threshold or next to it, or missing."""
    rng = np.random.RandomState(seed)
    found = thresholds(model)
    for row in rows:
        for feature in range(rows.shape[1]):
            choice = rng.randint(10)
            if choice < 4 and found.get(feature):
                at = rows.dtype.type(found[feature][rng.randint(len(found[feature]))])
                if rows.dtype.kind == "f":
                    toward = rows.dtype.type([-np.inf, np.inf, at][rng.randint(3)])
                    at = np.nextafter(at, toward)
                row[feature] = at
            elif choice == 4 and with_nan:
                row[feature] = NAN
    return rows


def fitted(name, estimator, kind, options=None, with_nan=False, elem=TensorProto.FLOAT):
    """A model of random data: `kind` tells the number of classes or targets."""
    rng = np.random.RandomState(7)
    x = rng.randn(600, N_FEATURES).astype(np.float32)
    score = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3]
    if kind == "binary":
        y = (score > 0.3).astype(np.int64)
    elif kind == "names":
        y = np.array(["no", "perhaps", "yes"])[np.digitize(score, [-0.5, 0.7])]
    elif kind == "classes":
        y = np.digitize(score, [-0.5, 0.7]) * 10 if "xgb" not in name else np.digitize(score, [-0.5, 0.7])
    elif kind == "targets":
        y = np.column_stack([score, x[:, 0] ** 2])
    elif kind == "counts":
        y = np.clip(np.exp(score / 2), 0.01, 50)
    else:
        y = score
    dtype, _, declared = TYPES[elem]
    if elem == TensorProto.INT64:
        x = np.round(x * 3)
    if with_nan:
        x[rng.rand(*x.shape) < 0.15] = NAN
    estimator.fit(x, y)
    model = convert_sklearn(
        estimator,
        initial_types=[("X", declared([None, N_FEATURES]))],
        target_opset={"": 17, "ai.onnx.ml": 3},
        options={id(estimator): {"zipmap": False}} if hasattr(estimator, "classes_") else None,
    )
    if elem == TensorProto.DOUBLE and kind in ("one", "targets"):
        # The converter declares double, and the operator gives single precision.
        model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    rows = (np.random.RandomState(3).randn(N_ROWS, N_FEATURES) * 2).astype(dtype)
    save(name, model, near(rows, model, 5, with_nan))


def fit_all():
    n = {"n_estimators": N_ESTIMATORS, "random_state": 0}
    small = {"max_depth": 4 if N_ESTIMATORS < 10 else 9}
    double = {"elem": TensorProto.DOUBLE}
    e, quiet = ensemble, {"verbose": -1, "num_leaves": 8, "min_child_samples": 5}
    fitted("tree_binary", tree.DecisionTreeClassifier(**small), "binary")
    fitted("tree_classes", tree.DecisionTreeClassifier(**small), "classes")
    fitted("tree_targets", tree.DecisionTreeRegressor(**small), "targets")
    fitted("rf_binary", e.RandomForestClassifier(**n, **small), "binary")
    fitted("rf_names", e.RandomForestClassifier(**n, **small), "names")
    fitted("rf_names_double", e.RandomForestClassifier(**n, **small), "names", **double)
    fitted("rf_binary_double", e.RandomForestClassifier(**n, **small), "binary", **double)
    fitted("rf_binary_int64", e.RandomForestClassifier(**n, **small), "binary", elem=TensorProto.INT64)
    fitted("rf_regression", e.RandomForestRegressor(**n, **small), "one")
    fitted("rf_targets", e.RandomForestRegressor(**n, **small), "targets")
    fitted("rf_regression_double", e.RandomForestRegressor(**n, **small), "one", **double)
    fitted("extra_trees_classes", e.ExtraTreesClassifier(**n, **small), "classes")
    fitted("extra_trees_regression", e.ExtraTreesRegressor(**n, **small), "one")
    fitted("boosting_binary", e.GradientBoostingClassifier(**n), "binary")
    fitted("boosting_classes", e.GradientBoostingClassifier(**n), "classes")
    fitted("boosting_regression", e.GradientBoostingRegressor(**n), "one")
    fitted("xgb_binary", xgboost.XGBClassifier(**n, max_depth=3), "binary")
    fitted("xgb_binary_nan", xgboost.XGBClassifier(**n, max_depth=3), "binary", with_nan=True)
    fitted("xgb_classes", xgboost.XGBClassifier(**n, max_depth=3), "classes")
    fitted("xgb_regression_nan", xgboost.XGBRegressor(**n, max_depth=4), "one", with_nan=True)
    fitted("xgb_counts", xgboost.XGBRegressor(**n, objective="count:poisson"), "counts")
    fitted("lgb_binary", lightgbm.LGBMClassifier(**n, **quiet), "binary")
    fitted("lgb_binary_nan", lightgbm.LGBMClassifier(**n, **quiet), "binary", with_nan=True)
    fitted("lgb_names_nan", lightgbm.LGBMClassifier(**n, **quiet), "names", with_nan=True)
    fitted("lgb_regression_nan", lightgbm.LGBMRegressor(**n, **quiet), "one", with_nan=True)
    fitted("lgb_regression_double", lightgbm.LGBMRegressor(**n, **quiet), "one", **double)


def fit_categories():
    """LightGBM with a categorical feature, whose splits become chains of equalities."""
    rng = np.random.RandomState(0)
    x = np.column_stack([rng.randint(0, 12, 900), rng.randn(900)]).astype(np.float32)
    y = np.isin(x[:, 0], [1, 4, 7, 9]) * 2 + x[:, 1]
    estimator = lightgbm.LGBMRegressor(n_estimators=N_ESTIMATORS, num_leaves=8, verbose=-1)
    estimator.fit(x, y, categorical_feature=[0])
    model = convert_sklearn(
        estimator,
        initial_types=[("X", FloatTensorType([None, 2]))],
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    rows = np.column_stack([rng.randint(-1, 14, N_ROWS), rng.randn(N_ROWS)]).astype(np.float32)
    rows[::7, 0] = NAN
    rows[1::5, 1] = NAN
    save("lgb_categories_nan", model, rows)


def graph(name, node, elem, n_columns, outputs, opset):
    """A model of one node."""
    rows = helper.make_tensor_value_info("X", elem, [None, n_columns])
    made = helper.make_graph([node], "g", [rows], outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", opset)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def table(rng, modes, n_outputs, kind, ids=None, only_positive=False, tracked=False, n_trees=5):
    """Random trees of depth two as attributes."""
    names = "treeids nodeids featureids modes values truenodeids falsenodeids".split()
    nodes, votes = {k: [] for k in names}, {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
    tracks = []
    for t in range(n_trees):
        for i in range(7):
            inner = i < 3
            mode = modes[rng.randint(len(modes))] if inner else "LEAF"
            row = [t, i, rng.randint(N_FEATURES), mode, rng.randint(-4, 5) / 2, 2 * i + 1, 2 * i + 2]
            row = row if inner else [t, i, 0, mode, 0.0, 0, 0]
            for k, v in zip(names, row):
                nodes[k].append(v)
            tracks.append(int(rng.randint(2)) if inner else 0)
            for output in (range(n_outputs) if ids is None else ids) if not inner else ():
                weight = rng.randint(1, 1000) / 999 / n_trees if only_positive else rng.randn()
                for k, v in zip(votes, (t, i, output, weight)):
                    votes[k].append(v)
    attributes = {f"nodes_{k}": v for k, v in nodes.items()}
    attributes |= {f"{kind}_{k}": v for k, v in votes.items()}
    return attributes | ({"nodes_missing_value_tracks_true": tracks} if tracked else {})


def hand_rows(elem, seed=1):
    rng = np.random.RandomState(seed)
    rows = (rng.randint(-6, 7, (N_ROWS, N_FEATURES)) / 2).astype(TYPES[elem][0])
    if rows.dtype.kind == "f":
        rows[rng.rand(*rows.shape) < 0.1] = NAN
        rows[0, 0], rows[1, 1] = np.inf, -np.inf
    return rows


def doubles(attributes, *names):
    """The attributes, some as tensors in double precision."""
    for name in names:
        numbers = [v + 1e-9 for v in attributes.pop(name)]
        tensor = helper.make_tensor(name, TensorProto.DOUBLE, [len(numbers)], numbers)
        attributes[f"{name}_as_tensor"] = tensor
    return attributes


def regressor(name, n=1, elem=TensorProto.FLOAT, modes=("BRANCH_LEQ",), opset=3, **attributes):
    rng = np.random.RandomState(len(name))
    ids = attributes.pop("ids", None)
    double = attributes.pop("double", False)
    made = table(rng, modes, n, "target", ids, attributes.pop("positive", False), attributes.pop("tracked", False))
    made |= attributes
    if double:
        base = ["base_values"] if "base_values" in made else []
        made = doubles(made, "nodes_values", "target_weights", *base)
    node = helper.make_node("TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=n, **made)
    outputs = [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, n])]
    save(f"hand_{name}", graph(name, node, elem, N_FEATURES, outputs, opset), hand_rows(elem))


def classifier(name, labels, elem=TensorProto.FLOAT, opset=3, **attributes):
    rng = np.random.RandomState(len(name))
    ids, double = attributes.pop("ids", None), attributes.pop("double", False)
    made = table(rng, ("BRANCH_LEQ",), len(labels), "class", ids, attributes.pop("positive", False))
    made |= attributes
    if double:
        base = ["base_values"] if "base_values" in made else []
        made = doubles(made, "nodes_values", "class_weights", *base)
    strings = isinstance(labels[0], str)
    made["classlabels_strings" if strings else "classlabels_int64s"] = labels
    node = helper.make_node("TreeEnsembleClassifier", ["X"], ["L", "Z"], domain="ai.onnx.ml", **made)
    kind = TensorProto.STRING if strings else TensorProto.INT64
    outputs = [
        helper.make_tensor_value_info("L", kind, [None]),
        helper.make_tensor_value_info("Z", TensorProto.FLOAT, [None, len(labels)]),
    ]
    save(f"hand_{name}", graph(name, node, elem, N_FEATURES, outputs, opset), hand_rows(elem))


def hand_made():
    modes = [f"BRANCH_{mode}" for mode in ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ")]
    transforms = ("LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT")
    for mode in modes:
        regressor(f"{mode.lower()}", modes=[mode])
        regressor(f"{mode.lower()}_tracked", modes=[mode], tracked=True)
    regressor("modes_mixed", modes=modes, tracked=True, n=2)
    regressor("modes_inequal", modes=modes[:4], tracked=True, elem=TensorProto.DOUBLE)
    for function in ("SUM", "AVERAGE", "MIN", "MAX"):
        name = function.lower()
        regressor(f"{name}", aggregate_function=function, base_values=[0.7])
        regressor(f"{name}_three", 3, aggregate_function=function, base_values=[0.7, -1.5, 3.25])
        regressor(f"{name}_double", aggregate_function=function, double=True, elem=TensorProto.DOUBLE)
    for post in transforms:
        regressor(f"{post.lower()}_targets", 3, post_transform=post, positive=True)
        regressor(f"{post.lower()}_mixed", 2, post_transform=post)
        regressor(f"{post.lower()}_unseen", 3, post_transform=post, ids=[0, 2])
        classifier(f"{post.lower()}_classes", [4, 5, 6], post_transform=post)
        classifier(f"{post.lower()}_second", [4, 5], post_transform=post, ids=[1])
    regressor("probit_one", post_transform="PROBIT", positive=True)
    regressor("double_base", 2, elem=TensorProto.DOUBLE, double=True, base_values=[0.1, 0.2])
    regressor("ml1", opset=1)
    for ids, which in (([0], "first"), ([1], "second")):
        for positive in (False, True):
            name = f"binary_{which}_{'positive' if positive else 'mixed'}"
            for post in ("NONE", "LOGISTIC"):
                given = {"ids": ids, "positive": positive, "post_transform": post}
                classifier(f"{name}_{post.lower()}", [10, 20], **given)
            if which == "first":
                classifier(f"{name}_base", ["a", "b"], ids=ids, positive=positive, base_values=[0.1])
            given = {"elem": TensorProto.DOUBLE, "double": True}
            classifier(f"{name}_double", [10, 20], ids=ids, positive=positive, **given)
    classifier("names", ["a", "b", "c"], base_values=[0.1, 0.2, 0.3])
    classifier("unseen", ["a", "b", "c"], ids=[0, 2])
    classifier("unseen_base", ["a", "b", "c"], ids=[0, 2], base_values=[0.1, 3.0, 0.3])
    classifier("int64", [1, 2, 3], elem=TensorProto.INT64, post_transform="SOFTMAX")
    classifier("int32", [1, 2, 3], elem=TensorProto.INT32)
    classifier("double", [1, 2, 3], elem=TensorProto.DOUBLE, double=True, base_values=[0.1, 0.2, 0.3])
    classifier("ml1", [1, 2, 3], opset=1)


def lists(name, modes, n=1, elem=TensorProto.FLOAT, **attributes):
    """A TreeEnsemble: trees of three inner nodes and four leaves."""
    rng = np.random.RandomState(len(name))
    n_trees = 4
    made = {
        "nodes_featureids": [rng.randint(N_FEATURES) for _ in range(3 * n_trees)],
        "nodes_truenodeids": [v for t in range(n_trees) for v in (3 * t + 1, 4 * t, 4 * t + 2)],
        "nodes_falsenodeids": [v for t in range(n_trees) for v in (3 * t + 2, 4 * t + 1, 4 * t + 3)],
        "nodes_trueleafs": [0, 1, 1] * n_trees,
        "nodes_falseleafs": [0, 1, 1] * n_trees,
        "nodes_missing_value_tracks_true": [int(v) for v in rng.randint(0, 2, 3 * n_trees)],
        "leaf_targetids": [i % n for i in range(4 * n_trees)],
        "tree_roots": [3 * t for t in range(n_trees)],
        "n_targets": n,
    }
    chosen = [modes[rng.randint(len(modes))] for _ in range(3 * n_trees)]
    made["nodes_modes"] = helper.make_tensor("m", TensorProto.UINT8, [len(chosen)], chosen)
    for key, numbers in (
        ("nodes_splits", rng.randint(-4, 5, 3 * n_trees) / 2),
        ("leaf_weights", rng.randint(1, 1000, 4 * n_trees) / 4000),
    ):
        made[key] = helper.make_tensor(key, elem, [len(numbers)], numbers.tolist())
    if 6 in chosen:
        sets = [v for m in chosen if m == 6 for v in [*rng.permutation(range(-3, 4))[:3], NAN]]
        made["membership_values"] = helper.make_tensor("s", elem, [len(sets)], sets)
    node = helper.make_node("TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", **made | attributes)
    outputs = [helper.make_tensor_value_info("Y", elem, [None, n])]
    model = graph(name, node, elem, N_FEATURES, outputs, 5)
    rows = hand_rows(elem)
    if 6 in chosen:
        # onnxruntime finds some fractions in sets of whole numbers, so there are none.
        rows = np.round(rows)
    save(f"ml5_{name}", model, rows)


def ml5():
    for function in range(4):
        lists(f"aggregate_{function}", [0], aggregate_function=function)
    lists("modes", [0, 1, 2, 3, 4, 5], 3)
    lists("inequalities", [0, 1, 2, 3], 3, TensorProto.DOUBLE)
    lists("sets", [0, 6], 2)
    lists("sets_double", [6], 1, TensorProto.DOUBLE)
    lists("softmax_zero", [0], 2, post_transform=3)
    lists("probit", [0], post_transform=4)
    lists("probit_double", [0], 1, TensorProto.DOUBLE, post_transform=4)
    bare = {"nodes_truenodeids": [2], "nodes_falsenodeids": [2], "tree_roots": [0]}
    bare |= {"nodes_featureids": [0], "nodes_trueleafs": [1], "nodes_falseleafs": [1]}
    bare |= {"nodes_missing_value_tracks_true": [0]}
    for key, elem, numbers in (("nodes_modes", TensorProto.UINT8, [0]), ("nodes_splits", TensorProto.FLOAT, [0.0])):
        bare[key] = helper.make_tensor(key, elem, [1], numbers)
    lists("bare", [0], **bare)


fit_all()
fit_categories()
hand_made()
ml5()
