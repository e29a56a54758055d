"""One pipeline of the corpus: what is trained on what, how it is converted, what it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

import data

TYPES = {
    "float32": FloatTensorType,
    "float64": DoubleTensorType,
    "int64": Int64TensorType,
    "bool": BooleanTensorType,
    "object": StringTensorType,
}


@dataclass
class Pipeline:
    """A pipeline before training.

    `rows` is what it is asked, in the form that its `predict` takes; `feeds` the same as the
    graph's inputs. `convert` is called with the trained estimator and the inputs' types.
    """

    name: str
    estimator: object
    train: object
    target: object
    rows: object
    feeds: dict
    convert: Callable
    fit: dict = field(default_factory=dict)

    def types(self):
        """The graph's inputs, each with a free number of rows."""
        return [
            (name, TYPES[values.dtype.name]([None, *values.shape[1:]]))
            for name, values in self.feeds.items()
        ]

    def trained(self):
        """The estimator, fitted."""
        if self.target is None:
            return self.estimator.fit(self.train, **self.fit)
        return self.estimator.fit(self.train, self.target, **self.fit)


def with_skl2onnx(**keywords):
    """A conversion by skl2onnx; `options` may hold plain options of the last estimator."""

    def convert(trained, types):
        options = keywords.get("options")
        rest = {key: value for key, value in keywords.items() if key != "options"}
        if options and all(isinstance(key, str) for key in options):
            options = {id(trained): options}
        return convert_sklearn(trained, initial_types=types, options=options, **rest)

    return convert


def numeric(name, estimator, train, target=None, *, rows=None, convert=None, fit=None, **keywords):
    """A pipeline that takes one matrix, `X`; `convert` or the keywords say how it converts."""
    rows = data.asked(train) if rows is None else rows
    convert = convert or with_skl2onnx(**keywords)
    return Pipeline(name, estimator, train, target, rows, {"X": rows}, convert, fit or {})


def textual(name, estimator, target=True, **keywords):
    """A pipeline that takes one column of sentences, named `text`."""
    sentences, animals = data.texts()
    rows = data.asked_texts()
    feeds = {"text": rows.reshape(-1, 1)}
    target = animals if target else None
    return Pipeline(name, estimator, sentences, target, rows, feeds, with_skl2onnx(**keywords))


def tabular(name, estimator, columns, *, target=None, unknown=True, n_rows=data.N_ROWS, **keywords):
    """A pipeline that takes a DataFrame: one input for each of the columns."""
    frame, kinds = data.table()
    rows = data.asked_table(frame, unknown, n_rows)[columns]
    feeds = {column: as_feed(rows[column]) for column in columns}
    target = kinds if target is None else target
    return Pipeline(name, estimator, frame[columns], target, rows, feeds, with_skl2onnx(**keywords))


def as_feed(column: pd.Series):
    """A column as `[n_rows, 1]`, text as Python strings."""
    values = column.to_numpy()
    if values.dtype.kind not in "fib":
        values = np.array([str(value) for value in values], dtype=object)
    return values.reshape(-1, 1)
