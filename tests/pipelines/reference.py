"""What onnxruntime and the library itself answer, and how that is written."""

import json
import re

import numpy as np
import onnx
import onnxruntime

DTYPES = {
    "float32": "FP32",
    "float64": "FP64",
    "int64": "INT64",
    "int32": "INT32",
    "bool": "BOOL",
    "object": "BYTES",
}
# Two answers of onnxruntime this close, relative to the larger, count as one.
SAME = 1e-6
# A difference is measured against the number, or against this share of the largest number.
NOISE = 1e-3
ADDRESS = re.compile(r"_\d{10,}_")


class Answer:
    """One output: an array, with the names of its columns where the graph gives maps.

    A sequence of tensors is kept as `items`; then there is no array.
    """

    def __init__(self, value):
        self.classes, self.items, self.values = None, None, None
        if not isinstance(value, list):
            self.values = of_objects(np.asarray(value))
        elif isinstance(value[0], dict):
            self.classes = [str(key) for key in value[0]]
            self.values = np.array([list(row.values()) for row in value], dtype=np.float32)
        else:
            self.items = [of_objects(np.asarray(item)) for item in value]

    def document(self):
        """The answer as JSON has it."""
        if self.items is not None:
            return {"dtype": "SEQUENCE", "items": [tensor(item) for item in self.items]}
        return tensor(self.values) | ({"classes": self.classes} if self.classes else {})


def of_objects(values):
    """Strings of any width as objects, everything else as it is."""
    return values.astype(object) if values.dtype.kind in "OU" else values


def session(model):
    """A session on one thread of a CPU."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    graph = model.SerializeToString()
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def together(running, feeds):
    """The answers to all rows at once, by output."""
    names = [output.name for output in running.get_outputs()]
    values = running.run(names, feeds)
    return {name: Answer(value) for name, value in zip(names, values, strict=True)}


def alone(running, feeds, answers):
    """Where rows that come alone get other answers than `answers`, by output.

    `moved` is the largest distance relative to the larger number; `differ` lists flat index and
    value where that is more than `SAME`. An output that has no row per row is left out. `refused`
    has onnxruntime's words where the graph takes no single row.
    """
    n_rows = len(next(iter(feeds.values())))
    try:
        single = [
            together(running, {name: rows[row : row + 1] for name, rows in feeds.items()})
            for row in range(n_rows)
        ]
    except Exception as error:
        return {"refused": " ".join(str(error).split())}
    found = {}
    for name, answer in answers.items():
        batch = answer.values
        if batch is None or batch.ndim == 0 or len(batch) != n_rows:
            continue
        rows = np.concatenate([answer[name].values for answer in single])
        assert rows.shape == batch.shape, f"{name}: {rows.shape} alone, {batch.shape} together"
        rows, batch = rows.reshape(-1), batch.reshape(-1)
        apart = distances(rows, batch)
        if apart.any():
            found[name] = {"moved": rounded(apart.max())}
            differ = [[int(at), number(rows[at])] for at in np.flatnonzero(apart > SAME)]
            if differ:
                found[name]["differ"] = differ
    return found


def takes_no_rows(running, feeds):
    """Whether onnxruntime answers a request of no rows at all."""
    names = [output.name for output in running.get_outputs()]
    try:
        running.run(names, {name: rows[:0] for name, rows in feeds.items()})
    except Exception:
        return False
    return True


def distances(left, right):
    """Relative distances; 1 for labels that differ, and for a number against none."""
    if left.dtype.kind != "f":
        return (left != right).astype(float)
    left, right = left.astype(np.float64), right.astype(np.float64)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(all="ignore"):
        relative = np.abs(left - right) / np.maximum(np.abs(left), np.abs(right))
    relative = np.where(np.isfinite(relative), np.minimum(relative, 1.0), 1.0)
    return np.where(same, 0.0, relative)


def own_answers(trained, rows, answers):
    """What the library answers, for those outputs whose meaning is known by their name."""
    wanted = {}
    for name, answer in answers.items():
        if answer.values is None:
            continue
        for method in methods(name, answer.values):
            own = asked(trained, method, rows)
            if own is not None and own.size == answer.values.size:
                wanted[name] = own.reshape(answer.values.shape)
                break
    return wanted


def asked(trained, method, rows):
    """What a method of the library answers, as an array, or nothing."""
    try:
        own = getattr(trained, method)(rows)
        own = own.toarray() if hasattr(own, "toarray") else own
        return None if isinstance(own, tuple) else np.asarray(own)
    except (AttributeError, ValueError, TypeError):
        return None


def methods(name, values):
    """The methods whose answer an output of this name may be."""
    if "label" in name and "class_labels" not in name:
        return ["predict"]
    if "score_samples" in name:
        return ["score_samples"]
    if "prob" in name or "scores" in name:
        return ["predict_proba", "decision_function", "transform", "score_samples"]
    if name in ("variable", "union", "transformed_column", "X_out", "shape_tensor", "output"):
        return (
            ["predict", "transform"]
            if values.ndim < 2 or values.shape[1] == 1
            else ["transform", "predict"]
        )
    return []


def compared(own, answers, n_plain):
    """How far onnxruntime is from the library, by output.

    `labels_differ` lists rows; `apart` is the largest distance on the first `n_plain` rows and
    `apart_at_thresholds` that on the others.
    """
    found = {}
    for name, wanted in own.items():
        values = answers[name].values
        if values.dtype.kind == "f" and wanted.dtype.kind in "fib":
            apart = numbers_apart(values.astype(float), wanted.astype(float))
            found[name] = {"apart": rounded(np.max(apart[:n_plain], initial=0.0))}
            if len(apart) > n_plain:
                found[name]["apart_at_thresholds"] = rounded(np.max(apart[n_plain:], initial=0.0))
        elif (values.dtype.kind == "i") == (wanted.dtype.kind in "fib"):
            differ = values.astype(str) != as_text(wanted, values)
            rows = np.flatnonzero(differ.reshape(len(values), -1).any(axis=1))
            found[name] = {"labels_differ": [int(row) for row in rows]}
    return found


def numbers_apart(values, wanted):
    """Distances relative to the numbers or a share of the largest; 1 for one against none."""
    usual = np.abs(wanted[np.isfinite(wanted)])
    floor = max(1e-30, NOISE * usual.max(initial=0.0))
    same = (values == wanted) | (np.isnan(values) & np.isnan(wanted))
    with np.errstate(all="ignore"):
        apart = np.abs(values - wanted) / np.maximum(np.abs(wanted), floor)
    return np.where(same, 0.0, np.where(np.isfinite(apart), apart, 1.0))


def as_text(wanted, values):
    """Labels of the library in the form that the graph has them."""
    if values.dtype.kind == "i" and wanted.dtype.kind in "fib":
        wanted = wanted.astype(np.int64)
    return wanted.astype(str)


def rounded(value):
    """A measure to two digits."""
    return float(f"{value:.2g}")


def number(value):
    """One value as JSON has it: shortest text that reads back the same, null for NaN."""
    if isinstance(value, (str, bool, np.bool_)):
        return str(value) if isinstance(value, str) else bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if np.isnan(value):
        return None
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    shortest = float(str(value))
    assert value.dtype.type(shortest) == value, value
    return shortest


def tensor(values):
    """A tensor as JSON has it."""
    return {
        "dtype": DTYPES[values.dtype.name],
        "shape": list(values.shape),
        "values": [number(value) for value in values.reshape(-1)],
    }


def write(path, document):
    """Writes JSON with one line for each tensor."""

    def lines(value, indent):
        inner = " " * (indent + 1)
        if isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
            items = [
                f"{inner}{json.dumps(key)}: {lines(item, indent + 1)}"
                for key, item in value.items()
            ]
            return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    path.write_text(lines(document, 0) + "\n", encoding="utf-8")


def name_graphs(model, name):
    """Gives the graph and those inside it this name, and takes addresses out of inner names.

    The converters name graphs at random, and values after the addresses of Python's objects.
    """
    model.graph.name = name
    for node in operators(model):
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                attribute.g.name = name
                steady(attribute.g)


def steady(graph):
    """Takes addresses out of the names in a graph."""
    for node in graph.node:
        node.name = ADDRESS.sub("_", node.name)
        for names in (node.input, node.output):
            names[:] = [ADDRESS.sub("_", value) for value in names]
    for value in [*graph.input, *graph.output, *graph.initializer, *graph.value_info]:
        value.name = ADDRESS.sub("_", value.name)


def operators(model):
    """Every node of a graph and of the graphs and functions inside it."""
    pending = [model.graph, *model.functions]
    while pending:
        for node in pending.pop().node:
            yield node
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    pending.append(attribute.g)
