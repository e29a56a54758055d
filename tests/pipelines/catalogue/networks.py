"""Perceptrons of several layers."""

from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import data
from pipeline import numeric

ACTIVATIONS = ["relu", "logistic", "tanh", "identity"]


def pipelines():
    """Each activation as a classifier and as a regressor."""
    iris, cancer, diabetes = data.iris(), data.cancer(), data.diabetes()
    small = {"hidden_layer_sizes": (8,), "max_iter": 100, "random_state": 0}
    for activation in ACTIVATIONS:
        model = MLPClassifier(activation=activation, **small)
        yield numeric(f"mlp_{activation}", make_pipeline(StandardScaler(), model), *iris)
        model = MLPRegressor(activation=activation, **small)
        yield numeric(
            f"mlp_regressor_{activation}", make_pipeline(StandardScaler(), model), *diabetes
        )
    model = make_pipeline(StandardScaler(), MLPClassifier(**small))
    yield numeric("mlp_binary", model, *cancer)
    model = make_pipeline(StandardScaler(), MLPClassifier(**small))
    yield numeric("mlp_names", model, *data.iris_names())
    yield numeric("mlp_tags", MLPClassifier(**small), *data.tags())
    yield numeric("mlp_regressor_two", MLPRegressor(**small), *data.two_targets())
