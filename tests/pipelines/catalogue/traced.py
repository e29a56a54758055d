"""Graphs that Hummingbird writes: trees as tensor operators, without ai.onnx.ml.

Hummingbird needs PyTorch (`requirements-hummingbird.txt`). Without it these pipelines are left as
they are. It asks PyTorch for its new exporter, which refuses Hummingbird's arguments, so the older
one is put in its place.
"""

import functools
import importlib.util

from sklearn import ensemble as en
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

import data
from pipeline import numeric

PREFIX = "traced_"
STRATEGIES = ["gemm", "tree_trav", "perf_tree_trav"]


def is_available():
    """Whether Hummingbird and PyTorch are installed."""
    return all(importlib.util.find_spec(name) for name in ("hummingbird", "torch"))


def traced(strategy=None):
    """A conversion by Hummingbird; `strategy` is how it walks trees."""

    def convert(trained, types):
        import torch
        from hummingbird import ml

        export = torch.onnx.export
        torch.onnx.export = functools.partial(export, dynamo=False)
        try:
            config = {"tree_implementation": strategy} if strategy else {}
            sample = data.generator().rand(3, types[0][1].shape[1]).astype("float32")
            return named(ml.convert(trained, "onnx", sample, extra_config=config).model)
        finally:
            torch.onnx.export = export

    return convert


def named(model):
    """The model with its one input named `X`, as the others' is."""
    old = model.graph.input[0].name
    model.graph.input[0].name = "X"
    for node in model.graph.node:
        for at, name in enumerate(node.input):
            if name == old:
                node.input[at] = "X"
    return model


def pipelines():
    """Each way to walk trees, then models without trees."""
    if not is_available():
        return
    iris, cancer, diabetes = data.iris(), data.cancer(), data.diabetes()
    small = {"n_estimators": 4, "max_depth": 3, "random_state": 0}
    for strategy in STRATEGIES:
        convert = traced(strategy)
        forest = en.RandomForestClassifier(**small)
        yield numeric(f"{PREFIX}forest_{strategy}", forest, *iris, convert=convert)
        boosted = en.GradientBoostingClassifier(**small)
        yield numeric(f"{PREFIX}boosted_{strategy}", boosted, *cancer, convert=convert)
        tree = DecisionTreeRegressor(max_depth=4, random_state=0)
        yield numeric(f"{PREFIX}tree_{strategy}", tree, *diabetes, convert=convert)
    for name, model in {
        "scaled_logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "min_max_network": make_pipeline(
            MinMaxScaler(), MLPClassifier((6,), max_iter=50, random_state=0)
        ),
        "bayes": GaussianNB(),
        "vectors": SVC(random_state=0),
    }.items():
        yield numeric(f"{PREFIX}{name}", model, *iris, convert=traced())
