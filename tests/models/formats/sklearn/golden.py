"""Writes what a model answered as one JSON file that gives every number back bit by bit."""
import json

import numpy as np
import pandas as pd

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")


def number(value):
    """Shortest text that reads back to the same f64; NaN and infinities as strings."""
    value = float(value)
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value


def cell(value):
    """One cell of an object array: JSON null is None, {"float": "nan"} is a float NaN."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.str_):
        return str(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        value = number(value)
        return {"float": value} if isinstance(value, str) else value
    raise TypeError("cell of type %r" % type(value))


def array(values):
    """An array as dtype, shape and flat row-major data."""
    if hasattr(values, "toarray"):
        record = array(values.toarray())
        record["sparse"] = True
        return record
    values = np.asarray(values)
    kind = values.dtype.kind
    flat = values.ravel(order="C")
    if kind == "f":
        data = [number(value) for value in flat]
    elif kind in "iu":
        data = [int(value) for value in flat]
    elif kind == "b":
        data = [bool(value) for value in flat]
    elif kind in "UO":
        data = [cell(value) for value in flat]
    else:
        raise TypeError("array of dtype %s" % values.dtype)
    dtype = {"U": "str", "O": "object"}.get(kind, values.dtype.name)
    return {"dtype": dtype, "shape": list(values.shape), "data": data}


def rows(values):
    """Question rows: an array, or columns with a dtype each."""
    if isinstance(values, pd.DataFrame):
        columns = []
        for name in values.columns:
            coded = values[name].dtype.name == "category"
            column = array(values[name].astype(object).to_numpy() if coded else values[name].to_numpy())
            if coded:
                column["dtype"] = "category"
            del column["shape"]
            columns.append(dict(name=name, **column))
        return {"columns": columns}
    if isinstance(values, list):
        return {"dtype": "str", "shape": [len(values)], "data": values}
    return array(values)


def answer(model, method, asked):
    """What the method gives: an array, a list of arrays, or the error that it raises."""
    try:
        if type(model).__module__ == "xgboost.core":
            import xgboost
            asked = xgboost.DMatrix(asked)
        got = getattr(model, method)(asked)
    except Exception as error:  # noqa: BLE001 (whatever is raised is the answer)
        return {"error": type(error).__name__, "message": str(error)[:300]}
    if isinstance(got, list):
        return {"list": [array(part) for part in got]}
    return array(got)


def has(model, method):
    """Whether the model offers the method; some old properties raise other errors than AttributeError."""
    try:
        return hasattr(model, method)
    except Exception:  # noqa: BLE001
        return False


def answers(model, asked, methods=METHODS):
    """Answers of all methods that the model has."""
    return {method: answer(model, method, asked) for method in methods if has(model, method)}


def classes(model):
    """The class labels as an array, a list of arrays, or None."""
    try:
        got = model.classes_
    except Exception:  # noqa: BLE001
        return None
    return [array(part) for part in got] if isinstance(got, list) else array(got)


def write(path, record):
    """One line per leaf array, so that a difference shows as a line."""
    with open(path, "w", encoding="utf-8") as out:
        out.write(_text(record, 0) + "\n")


def _text(value, depth):
    nested = isinstance(value, dict) and any(isinstance(part, (dict, list)) for part in value.values())
    if isinstance(value, dict) and (nested or depth == 0) and "data" not in value:
        lines = ["%s: %s" % (json.dumps(key), _text(part, depth + 1)) for key, part in value.items()]
        return "{\n" + ",\n".join(" " * (depth + 1) + line for line in lines) + "\n" + " " * depth + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        lines = [_text(part, depth + 1) for part in value]
        return "[\n" + ",\n".join(" " * (depth + 1) + line for line in lines) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
