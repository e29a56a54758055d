"""Rows at the edges of decisions: a number exactly at a threshold of a tree, and beside it."""

import numpy as np
from onnx import helper

import reference

N_THRESHOLDS = 5


def with_thresholds(model, pipeline):
    """The pipeline's rows and feeds, with rows at thresholds where its trees read the input."""
    found = thresholds(model)
    values = pipeline.feeds.get("X")
    if not found or values is None or values.ndim != 2 or values.dtype.kind != "f":
        return pipeline.rows, pipeline.feeds
    rows = []
    for at, (column, threshold) in enumerate(found):
        for moved in (threshold, np.nextafter(threshold, np.float32(np.inf))):
            row = values[at % len(values)].copy()
            row[column] = moved
            rows.append(row)
    rows = np.concatenate([values, np.array(rows, dtype=values.dtype)])
    return rows, {"X": rows}


def thresholds(model):
    """Some thresholds of trees that read the graph's input: (column, number)."""
    found = []
    for node in reference.operators(model):
        if not node.op_type.startswith("TreeEnsemble") or node.input[0] != "X":
            continue
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        modes = attributes.get("nodes_modes", [])
        splits = attributes.get("nodes_values", [])
        if len(splits) == len(modes):
            columns = attributes["nodes_featureids"]
            inner = [at for at, mode in enumerate(modes) if mode != b"LEAF"]
            found += [(columns[at], np.float32(splits[at])) for at in inner]
    step = max(1, len(found) // N_THRESHOLDS)
    return found[::step][:N_THRESHOLDS]
