"""The iris model as a class for Seldon Core's Python microservice: numpy and nothing else.

Its coefficients are those of `tests/models/iris/model.onnx` (`make.py` copies them), so that both
servers have the same arithmetic to do. A pickled scikit-learn model would cost more.
"""

import json
from pathlib import Path

import numpy as np


class Iris:
    """Multinomial logistic regression on four lengths."""

    def __init__(self):
        model = json.loads(Path(__file__).with_name("iris.json").read_text())
        self.coefficients = np.array(model["coefficients"], dtype=np.float32).T
        self.intercepts = np.array(model["intercepts"], dtype=np.float32)

    def predict(self, X, names, meta=None):
        """rows: [n_rows, 4] of any numbers; gives the probabilities [n_rows, 3]."""
        scores = np.asarray(X, dtype=np.float32) @ self.coefficients + self.intercepts
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
