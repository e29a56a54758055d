"""What the scoring server is asked: (what, method, path, content type, body)."""
import json

IRIS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW, OTHER = [5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]
JSON = "application/json"
THOROUGH = ("sk_default", "sk_no_signature", "sk_tensor", "sk_tensor_named", "xgb_classifier", "lgb_booster")
BRIEF = ("split of two rows", "split reordered and more", "split with null", "records", "records missing a column", "instances rows", "instances dicts", "inputs rows", "inputs by column", "bare list")
COMMON = [
    ("ping", "GET", "/ping", None, None), ("health", "GET", "/health", None, None), ("version", "GET", "/version", None, None),
    ("wrong method", "GET", "/invocations", None, None), ("unknown path", "POST", "/predict", JSON, "{}"),
    ("post ping", "POST", "/ping", JSON, "{}"),
    ("csv", "POST", "/invocations", "text/csv", ",".join(IRIS) + "\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n"),
    ("csv with charset", "POST", "/invocations", "text/csv; charset=utf-8", ",".join(IRIS) + "\n5.1,3.5,1.4,0.2\n"),
    ("csv reordered", "POST", "/invocations", "text/csv", ",".join(IRIS[::-1]) + "\n0.2,1.4,3.5,5.1\n"),
    ("csv with a hole", "POST", "/invocations", "text/csv", ",".join(IRIS) + "\n5.1,,1.4,0.2\n"),
    ("csv with other columns", "POST", "/invocations", "text/csv", "a,b\n1,2\n"),
    ("csv with quotes", "POST", "/invocations", "text/csv", ",".join('"%s"' % name for name in IRIS) + '\n"5.1",3.5,1.4,0.2\n'),
    ("csv that is empty", "POST", "/invocations", "text/csv", ""),
    ("csv with a ragged row", "POST", "/invocations", "text/csv", ",".join(IRIS) + "\n5.1,3.5,1.4,0.2,9\n5.1,3.5\n"),
    ("plain text", "POST", "/invocations", "text/plain", "x"), ("no content type", "POST", "/invocations", None, "{}"),
    ("latin-1", "POST", "/invocations", "application/json; charset=latin-1", json.dumps({"instances": [ROW]})),
    ("utf-8 in capitals", "POST", "/invocations", "application/json; charset=UTF-8", json.dumps({"dataframe_split": {"columns": IRIS, "data": [ROW]}})),
    ("no JSON", "POST", "/invocations", JSON, "{"), ("empty body", "POST", "/invocations", JSON, ""), ("JSON null", "POST", "/invocations", JSON, "null"),
    ("JSON number", "POST", "/invocations", JSON, "3"), ("JSON text", "POST", "/invocations", JSON, '"x"'), ("no field", "POST", "/invocations", JSON, "{}"),
    ("unknown field", "POST", "/invocations", JSON, json.dumps({"data": [ROW]})),
    ("NaN literal", "POST", "/invocations", JSON, '{"dataframe_split": {"columns": %s, "data": [[NaN, 3.5, 1.4, 0.2]]}}' % json.dumps(IRIS)),
]


def bodies(folder):
    """Questions for one folder."""
    if folder == "sk_mixed":
        forms = mixed()
    elif folder == "sk_narrow_types":
        forms = narrow()
    elif folder == "onnx":
        forms = {"inputs by name": {"inputs": {"float_input": [ROW, OTHER]}}, "inputs rows": {"inputs": [ROW]}, "instances by name": {"instances": [{"float_input": ROW}]},
                 "split": {"dataframe_split": {"columns": IRIS, "data": [ROW]}}, "wrong width": {"inputs": {"float_input": [[1.0, 2.0]]}}}
    else:
        forms = usual()
        if folder not in THOROUGH:
            forms = {what: body for what, body in forms.items() if what in BRIEF}
    return [(what, "POST", "/invocations", JSON, json.dumps(body)) for what, body in forms.items()]


def usual():
    """Four iris columns in every form."""
    def split(columns, *data, **more):
        return {"dataframe_split": dict({"columns": columns, "data": list(data)}, **more)}

    by_name = dict(zip(IRIS, ROW))
    return {
        "split": split(IRIS, ROW), "split of two rows": split(IRIS, ROW, OTHER), "split with an index": split(IRIS, ROW, OTHER, index=[7, 3]),
        "split reordered and more": split(["zz"] + IRIS[::-1], [9] + ROW[::-1]), "split without columns": {"dataframe_split": {"data": [ROW]}},
        "split with other names": split(list("abcd"), ROW), "split of whole numbers": split(IRIS, [5, 3, 1, 0]), "split with text": split(IRIS, ["a", 3, 1, 0]),
        "split with numbers as text": split(IRIS, ["5.1", "3.5", "1.4", "0.2"]), "split with null": split(IRIS, [None, 3.5, 1.4, 0.2]), "split with booleans": split(IRIS, [True, False, True, False]),
        "split missing a column": split(IRIS[:3], ROW[:3]), "split without rows": split(IRIS), "split ragged": split(IRIS, ROW, ROW[:3]), "split is a list": {"dataframe_split": [ROW]},
        "records": {"dataframe_records": [by_name, dict(zip(IRIS, OTHER))]}, "records missing a column": {"dataframe_records": [dict(zip(IRIS[:3], ROW))]},
        "records with more": {"dataframe_records": [dict(by_name, zz=1)]}, "records uneven": {"dataframe_records": [by_name, dict(zip(IRIS[:3], OTHER))]},
        "records is an object": {"dataframe_records": by_name}, "records empty": {"dataframe_records": []},
        "instances rows": {"instances": [ROW, OTHER]}, "instances dicts": {"instances": [by_name, dict(zip(IRIS, OTHER))]}, "instances one row": {"instances": ROW},
        "instances narrow": {"instances": [ROW[:3]]}, "instances ragged": {"instances": [ROW, ROW[:3]]}, "instances text": {"instances": [["a", 1, 2, 3]]}, "instances null": {"instances": None},
        "inputs rows": {"inputs": [ROW, OTHER]}, "inputs whole numbers": {"inputs": [[5, 3, 1, 0]]}, "inputs by column": {"inputs": {name: [value] for name, value in by_name.items()}},
        "inputs x": {"inputs": {"x": [ROW]}}, "inputs with null": {"inputs": [[None, 3.5, 1.4, 0.2]]},
        "two fields": {"inputs": [ROW], "instances": [ROW]}, "bare list": [ROW], "parameters": dict(split(IRIS, ROW), params={"top": 1}), "signature_name": {"signature_name": "serving_default", "instances": [ROW]},
    }


def mixed():
    """Numbers, whole numbers, text, booleans."""
    names, row = ["age", "visits", "colour", "member"], [41.5, 3, "red", True]
    forms = {
        "split": [row], "whole number for double": [[41, 3, "red", True]], "double for long": [[41.5, 3.5, "red", True]], "whole double for long": [[41.5, 3.0, "red", True]],
        "number for text": [[41.5, 3, 7, True]], "number for boolean": [[41.5, 3, "red", 1]], "text for boolean": [[41.5, 3, "red", "true"]], "null text": [[41.5, 3, None, True]],
        "null long": [[41.5, None, "red", True]], "unseen text": [[41.5, 3, "violet", False]], "two rows": [row, [30.0, 1, "blue", False]],
    }
    out = {what: {"dataframe_split": {"columns": names, "data": data}} for what, data in forms.items()}
    out["records"] = {"dataframe_records": [dict(zip(names, row))]}
    out["instances dicts"] = {"instances": [dict(zip(names, row))]}
    out["inputs by column"] = {"inputs": {name: [value] for name, value in zip(names, row)}}
    return out


def narrow():
    """float, integer, an optional double, long; one parameter."""
    names = list("abcd")
    forms = {"all": ([1.5, 2, 3.5, 4], names), "optional left out": ([1.5, 2, 4], ["a", "b", "d"]), "optional null": ([1.5, 2, None, 4], names), "too large for integer": ([1.5, 3000000000, 3.5, 4], names),
             "too precise for float": ([0.1, 2, 3.5, 4], names), "double for integer": ([1.5, 2.5, 3.5, 4], names), "required left out": ([1.5, 2, 3.5], ["a", "b", "c"])}
    out = {what: {"dataframe_split": {"columns": columns, "data": [row]}} for what, (row, columns) in forms.items()}
    out["parameter"] = dict(out["all"], params={"top": 5})
    out["parameter of another type"] = dict(out["all"], params={"top": "five"})
    out["unknown parameter"] = dict(out["all"], params={"bottom": 5})
    return out
