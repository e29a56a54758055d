"""Further questions to a trained model: other dtypes, missing values, exact thresholds."""
import numpy as np

import data


def _with_nan(_, asked):
    return data.holes(asked, 21, 0.3)


def _infinite(_, asked):
    asked = np.array(asked, dtype=np.float64)[:3]
    asked[0, 0], asked[1, 1], asked[2, 0] = np.inf, -np.inf, 1e300
    return asked


def _edges(model, asked):
    """Rows made of the trees' own thresholds and their neighbours, zeros of both signs, tiny numbers."""
    cuts = sorted(thresholds(model, set()))[:12] or [0.0]
    cuts = np.array(cuts, dtype=np.float64)
    near32 = cuts.astype(np.float32)
    up = np.nextafter(near32, np.float32(np.inf)).astype(np.float64)
    down = np.nextafter(near32, np.float32(-np.inf)).astype(np.float64)
    values = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf), up, down,
                             [0.0, -0.0, 1e-40, -1e-40, 1e-310, 3e38]])
    width = np.shape(asked)[1]
    return np.resize(values, (12, width)) if len(values) <= 12 * width else values[: 12 * width].reshape(12, width)


def thresholds(model, found, depth=0):
    """Thresholds of all trees inside a model."""
    if depth > 5 or len(found) > 40:
        return found
    if hasattr(model, "tree_"):
        tree = model.tree_
        found.update(float(cut) for cut, left in zip(tree.threshold, tree.children_left) if left != -1)
    elif hasattr(model, "nodes"):
        name = "num_threshold" if "num_threshold" in model.nodes.dtype.names else "threshold"
        found.update(float(node[name]) for node in model.nodes if not node["is_leaf"] and np.isfinite(node[name]))
    elif isinstance(model, (list, tuple, np.ndarray)):
        for part in model:
            thresholds(part, found, depth + 1)
    else:
        for name in ("estimators_", "_predictors"):
            if hasattr(model, name):
                thresholds(getattr(model, name), found, depth + 1)
    return found


def _odd_codes(_, asked):
    """Codes in column 1 that are too large, broken, negative or missing."""
    codes = [20, 25, 276, 281, 24.9, 20.5, -1, -5, 255, 256, np.nan, 1e6]
    rows = np.resize(np.array(asked, dtype=np.float64)[:, [2, 0, 1, 3]], (len(codes), 4))
    rows[:, 1] = codes
    return rows


def _inner(edges, asked):
    """Values that stand exactly on the edges, and their neighbours."""
    columns = []
    for column in edges:
        values = np.concatenate([column, np.nextafter(column, np.inf), np.nextafter(column, -np.inf)])
        columns.append(np.resize(values, len(asked)))
    return np.column_stack(columns)


CASES = {
    "float32": lambda _, asked: np.asarray(asked, dtype=np.float32),
    "int64": lambda _, asked: np.asarray(asked).round().astype(np.int64),
    "bool": lambda _, asked: np.asarray(asked) > 0,
    "nan": _with_nan,
    "infinite": _infinite,
    "edges": _edges,
    "one_row": lambda _, asked: asked[:1],
    "narrow": lambda _, asked: asked[:2, :-1],
    "text_numbers": lambda _, asked: np.asarray(asked)[:3].astype(str),
    "object_numbers": lambda _, asked: np.asarray(asked)[:3].astype(str).astype(object),
    "by_position": lambda _, asked: asked.to_numpy(dtype=object),
    "reordered": lambda _, asked: asked[list(asked.columns)[::-1]],
    "extra": lambda _, asked: asked.assign(surplus=1.0),
    "odd_codes": _odd_codes,
    "seen_edges": lambda model, asked: _inner(model.bin_edges_, asked),
    "seen_quantiles": lambda model, asked: _inner(list(model.quantiles_.T), asked),
    "text_gaps": lambda *_: np.array([["a", "x"], [None, "yy"], ["c", None]], dtype=object),
    "unseen_text": lambda *_: np.array([["a", "x"], ["q", "yy"], ["c", "new"]], dtype=object),
    "unseen_codes": lambda *_: np.array([[1, 2], [77, 3], [2, -4]]),
    "codes_as_floats": lambda *_: np.array([[1.0, 2.0], [3.0, 5.0], [2.5, 1.0]]),
    "codes_with_nan": lambda *_: np.array([[1.0, 2.0], [np.nan, 5.0], [2.0, np.nan]]),
    "mixed_table": lambda *_: np.array([["a", 1], ["c", 2], ["d", 1]], dtype=object),
    "labels": lambda *_: np.array(["bee", "ant", "cicada", "bee"]),
    "iris": lambda *_: np.array([[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5], [0.966, 1.168, 1.6, 0.9]]),
    "numbers_of_table": lambda _, asked: asked[["age", "income", "visits"]].fillna(1.0),
    "coded_table": lambda _, asked: asked[["age", "visits", "colour"]].assign(colour=asked.colour.astype("category")),
    "inside": lambda _, asked: asked[(asked > 0.5) & (asked < 4.6)],
}
