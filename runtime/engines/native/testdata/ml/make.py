"""Writes cases.jsonl: one-node graphs and the answers that onnxruntime gives for them.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python make.py

A line is a case: the node with its attributes, what goes in and what comes out. Floats that are no
number or infinite are text. StringNormalizer needs the locale `en_US.UTF-8` on the machine.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import AttributeProto, TensorProto, helper, numpy_helper

ELEMENTS = {"float32": 1, "float64": 11, "int64": 7, "int32": 6, "int16": 5, "bool": 9, "object": 8}
DTYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "int16": "INT16",
          "bool": "BOOL", "uint32": "UINT32", "object": "BYTES"}
POSTS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
CASES = []

onnxruntime.set_default_logger_severity(4)


def plain(value):
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return float(f"{value:.9g}") if isinstance(value, float) else value


def tensor(value):
    if isinstance(value, dict):
        keys = np.array(list(value), dtype=object if isinstance(next(iter(value)), str) else np.int64)
        return {"keys": tensor(keys), "values": tensor(np.array(list(value.values()), dtype=np.float32))}
    return {"dtype": DTYPES[value.dtype.name], "shape": list(value.shape),
            "values": [plain(v) for v in value.reshape(-1).tolist()]}


def texts(*values):
    return np.array(values, dtype=object)


def f32(*values):
    return np.array(values, dtype=np.float32)


def attribute(name, value):
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            value = helper.make_tensor(name, TensorProto.STRING, value.shape, [v.encode() for v in value.reshape(-1)])
        else:
            value = numpy_helper.from_array(value, name)
    if value == []:
        return helper.make_attribute(name, value, attr_type=AttributeProto.FLOATS)
    return helper.make_attribute(name, value)


def described(value):
    if isinstance(value, np.ndarray):
        return ["TENSOR", tensor(value)]
    if isinstance(value, list):
        kind = {int: "INTS", float: "FLOATS", str: "STRINGS"}[type(value[0])] if value else "FLOATS"
        return [kind, [plain(v) for v in value]]
    return [{int: "INT", float: "FLOAT", str: "STRING"}[type(value)], plain(value)]


def value_info(name, value):
    if isinstance(value, dict):
        key = TensorProto.STRING if isinstance(next(iter(value)), str) else TensorProto.INT64
        return helper.make_value_info(name, helper.make_map_type_proto(key, helper.make_tensor_type_proto(TensorProto.FLOAT, [])))
    return helper.make_tensor_value_info(name, ELEMENTS[value.dtype.name], value.shape)


def case(operator, inputs, outputs, domain="ai.onnx.ml", opset=3, **attributes):
    inputs = inputs if isinstance(inputs, list) else [inputs]
    inputs = {f"x{at}": value for at, value in enumerate(inputs)}
    names = [f"y{at}" for at in range(len(outputs))]
    node = helper.make_node(operator, list(inputs), names, domain=domain)
    node.attribute.extend(attribute(name, value) for name, value in attributes.items())
    graph = helper.make_graph(
        [node], "case",
        [value_info(name, value) for name, value in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, outputs)],
    )
    versions = {"": 20, "ai.onnx.ml": 3, "com.microsoft": 1, domain: opset}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*pair) for pair in versions.items()], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = session.run(None, inputs)
    CASES.append({
        "operator": operator, "domain": domain, "opset": opset,
        "attributes": {name: described(value) for name, value in attributes.items()},
        "inputs": {name: tensor(value) for name, value in inputs.items()},
        "outputs": {name: tensor(np.asarray(value)) for name, value in zip(names, answers)},
    })


F, D, I, S, B = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL
RNG = np.random.default_rng(7)
ROWS = f32([1.0, 2.0], [-3.0, 0.5], [0.0, 0.0], [0.25, -0.75], [np.nan, 1.0])
FINITE = ROWS[:4]


def whole(dtype):
    return np.array([[1, 2], [-3, 4], [0, 0], [5, -2]], dtype=dtype)


def rows():
    for norm, dtype in itertools.product(["MAX", "L1", "L2"], ["float32", "float64", "int64", "int32"]):
        case("Normalizer", whole(dtype), [F], norm=norm)
    for norm in ["MAX", "L1", "L2"]:
        case("Normalizer", RNG.normal(size=(3, 5)).astype("float32"), [F], norm=norm)
        case("Normalizer", RNG.normal(size=(2, 5)), [F], norm=norm)
        case("Normalizer", ROWS[1], [F], norm=norm)
        case("Normalizer", f32([-1.0, -2.0], [0.0, -3.0]), [F], norm=norm)
    case("Normalizer", FINITE, [F])
    for dtype in ["float32", "float64", "int64", "int32"]:
        case("Scaler", whole(dtype), [F], offset=[0.1, -2.5], scale=[3.0, 0.3])
        case("Scaler", whole(dtype), [F], offset=[0.1], scale=[0.3])
    case("Scaler", RNG.normal(size=(3, 2)) * 1e6, [F], offset=[999999.0, 1e6], scale=[3.0, 0.3])
    case("Scaler", ROWS[0], [F], offset=[0.1, -2.5], scale=[3.0, 0.3])
    case("Scaler", ROWS[:4].reshape(2, 2, 2), [F], offset=[0.5], scale=[0.3])
    case("Binarizer", FINITE, [F])
    case("Binarizer", FINITE, [F], threshold=0.5)
    case("Binarizer", FINITE.reshape(2, 2, 2), [F], threshold=-0.75)
    for replaced in [0.0, float("nan"), 1.0]:
        case("Imputer", ROWS, [F], imputed_value_floats=[7.0, 8.0], replaced_value_float=replaced)
        case("Imputer", ROWS, [F], imputed_value_floats=[7.0], replaced_value_float=replaced)
    case("Imputer", f32([np.inf, 1.0], [-np.inf, np.nan]), [F], imputed_value_floats=[7.0, 8.0], replaced_value_float=float("inf"))
    case("Imputer", ROWS, [F], imputed_value_floats=[7.0, 8.0])
    case("Imputer", ROWS[2], [F], imputed_value_floats=[7.0, 8.0])
    case("Imputer", whole("int64"), [I], imputed_value_int64s=[7, 8], replaced_value_int64=-3)
    case("Imputer", whole("int64"), [I], imputed_value_int64s=[7])
    for dtype in ["float32", "float64", "int64", "int32"]:
        kind = ELEMENTS[np.dtype(dtype).name]
        case("ArrayFeatureExtractor", [whole(dtype), np.array([1, 0, 1])], [kind])
        case("ArrayFeatureExtractor", [whole(dtype).reshape(2, 2, 2), np.array([[1]])], [kind])
    case("ArrayFeatureExtractor", [texts("a", "b", "c"), np.array([2, 0])], [S])
    case("ArrayFeatureExtractor", [texts("a", "b", "c", "d").reshape(2, 2), np.array([[1]])], [S])
    for dtype in ["float32", "float64", "int64", "int32"]:
        case("FeatureVectorizer", [whole(dtype), whole(dtype)], [F], inputdimensions=[2, 2])
    case("FeatureVectorizer", [whole("float32"), whole("float32")[:, :1]], [F], inputdimensions=[3, 1])
    case("FeatureVectorizer", [whole("float32"), whole("float32")], [F], inputdimensions=[1, 2])
    case("FeatureVectorizer", [ROWS[0], ROWS[1]], [F], inputdimensions=[2, 2])
    case("FeatureVectorizer", ROWS[:4].reshape(2, 2, 2), [F], inputdimensions=[4])


def tables():
    case("LabelEncoder", texts("a", "b", "z"), [I], opset=1, classes_strings=["a", "b", "a"])
    case("LabelEncoder", np.array([[0, 1], [5, -1]]), [S], opset=1, classes_strings=["a", "b"], default_string="?")
    keys = {"floats": [1.0, -0.0, 2.5, 1.0], "int64s": [1, 0, -7, 1], "strings": ["a", "", "é", "a"]}
    asked = {"floats": f32([1.0, 0.0], [2.5, 9.0]), "int64s": np.array([[1, 0], [-7, 9]]), "strings": texts("a", "", "é", "q").reshape(2, 2)}
    values = {"floats": ([0.5, float("nan"), -1.0, 7.0], F), "int64s": ([4, 5, 6, 7], I), "strings": (["x", "", "ü", "w"], S)}
    defaults = {"floats": ("default_float", 42.5), "int64s": ("default_int64", 42), "strings": ("default_string", "none")}
    pairs = [p for p in itertools.product(keys, values) if p not in [("floats", "floats"), ("int64s", "int64s"), ("strings", "strings")]]
    for opset, (key, value) in itertools.product([2, 4], pairs):
        attributes = {f"keys_{key}": keys[key], f"values_{value}": values[value][0]}
        case("LabelEncoder", asked[key], [values[value][1]], opset=opset, **attributes)
        case("LabelEncoder", asked[key], [values[value][1]], opset=opset, **attributes, **dict([defaults[value]]))
    for kind in keys:
        case("LabelEncoder", asked[kind], [values[kind][1]], opset=4, **{f"keys_{kind}": keys[kind], f"values_{kind}": values[kind][0]})
    for opset in [2, 4]:
        case("LabelEncoder", f32(np.nan, 1.0, -np.inf), [S], opset=opset, keys_floats=[1.0, float("nan")], values_strings=["one", "none"])
    case("LabelEncoder", texts("a", "q"), [TensorProto.INT16], opset=4, keys_tensor=texts("a", "b"), values_tensor=np.array([1, 2], "int16"), default_tensor=np.array([42], "int16"))
    case("LabelEncoder", texts("a", "q"), [TensorProto.INT16], opset=4, keys_strings=["a"], values_tensor=np.array([1], "int16"))
    case("LabelEncoder", np.array([1.0, np.nan, 7.0]), [D], opset=4, keys_tensor=np.array([1.0, np.nan]), values_tensor=np.array([1.5, 2.5]), default_tensor=np.array([42.0]))
    case("LabelEncoder", np.array([1.0, 7.0]), [D], opset=4, keys_tensor=np.array([1.0]), values_tensor=np.array([1.5]))
    case("LabelEncoder", texts("a", "b"), [I], opset=4, keys_strings=["a"], values_int64s=[5], default_int64=4, default_tensor=np.array([9]))
    case("CategoryMapper", texts("a", "q", "b"), [I], cats_strings=["a", "b", "a"], cats_int64s=[1, 2, 3])
    case("CategoryMapper", np.array([[1, 2], [9, 1]]), [S], cats_strings=["a", "b", "c"], cats_int64s=[1, 2, 1], default_string="?")
    case("CategoryMapper", texts("q"), [I], cats_strings=["a"], cats_int64s=[1], default_int64=9)
    for dtype in ["float32", "float64", "int64"]:
        case("OneHotEncoder", whole(dtype), [F], cats_int64s=[1, -3, 2])
        case("OneHotEncoder", np.array([1, 3], dtype), [F], cats_int64s=[1, 3], zeros=0)
    case("OneHotEncoder", f32(1.9, -1.2, 3.0, 0.0, -0.5), [F], cats_int64s=[1, -1, 2, 0])
    case("OneHotEncoder", texts("a", "z", "b").reshape(3, 1), [F], cats_strings=["a", "b", "c"])
    case("OneHotEncoder", texts("b", "a"), [F], cats_strings=["a", "b", "a"], zeros=0)
    case("OneHotEncoder", np.array([[[1], [2]]]), [F], cats_int64s=[1, 2])


def maps():
    # The Python package gives maps to floats only.
    case("DictVectorizer", {"a": 1.5, "z": 2.0}, [F], string_vocabulary=["b", "a", "a"])
    case("DictVectorizer", {7: 1.5, -1: 2.0}, [F], int64_vocabulary=[3, -1, 7])
    for to, kind in [("TO_FLOAT", F), ("TO_INT64", I), ("TO_STRING", S)]:
        case("CastMap", {5: 1.5, -7: -2.75, 2: 1e10}, [kind], cast_to=to)
    for to, kind in [("TO_FLOAT", F), ("TO_INT64", I)]:
        case("CastMap", {5: 1.5, 0: -2.75, 2: 0.25}, [kind], cast_to=to, map_form="SPARSE", max_map=4)
    case("CastMap", {1: float("nan"), 2: float("inf"), 3: 0.1, 4: 1e20}, [S], cast_to="TO_STRING")
    case("CastMap", {1: 1.0}, [F])


def linear():
    weights = [0.5, 0.25, -0.3, 0.1, 0.2, 0.05]
    for post, (n, labels) in itertools.product(POSTS, [(1, [5, 7]), (1, None), (2, [5, 7]), (3, [5, 7, 9])]):
        if (post, n, labels) != ("PROBIT", 1, [5, 7]):
            attributes = {"classlabels_ints": labels} if labels else {}
            case("LinearClassifier", ROWS, [I, F], coefficients=weights[:2 * n], intercepts=[0.1, -0.2, 0.3][:n], post_transform=post, multi_class=1, **attributes)
    for dtype in ["float64", "int64", "int32"]:
        case("LinearClassifier", whole(dtype), [S, F], coefficients=weights, intercepts=[0.1, -0.2, 0.3], classlabels_strings=["a", "b", "c"])
    case("LinearClassifier", ROWS[0], [S, F], coefficients=weights[:2], intercepts=[0.1], classlabels_strings=["a", "b"])
    for post, n in itertools.product(POSTS, [1, 3]):
        case("LinearRegressor", ROWS, [F], coefficients=weights[:2 * n], intercepts=[0.1, 0.2, 0.3][:n], targets=n, post_transform=post)
    case("LinearRegressor", ROWS, [F], coefficients=weights[:4], targets=2)


def machines():
    vectors = [1.0, 2.0, -1.0, 0.5, 0.3, -0.7, 2.0, 0.0]
    kernels = [("LINEAR", [0.0, 0.0, 0.0]), ("POLY", [0.5, 0.1, 3.0]), ("POLY", [0.25, 1.0, 2.0]), ("POLY", [0.1, 2.0, 2.5]),
               ("RBF", [0.5, 0.1, 3.0]), ("SIGMOID", [0.5, 0.1, 3.0])]
    two = dict(coefficients=[0.5, -0.25, 0.3, -0.1], rho=[0.2], vectors_per_class=[2, 2], classlabels_ints=[3, 4])
    positive = two | dict(coefficients=[0.5, 0.25, 0.3, 0.1], rho=[-0.5])
    two_probable = two | dict(prob_a=[-1.0], prob_b=[0.1])
    three = dict(coefficients=[0.5, -0.25, 0.3, -0.1, 0.4, 0.5, -0.6, 0.2], rho=[0.2, -0.1, 0.05], vectors_per_class=[2, 1, 1], classlabels_strings=["a", "b", "c"])
    three_probable = three | dict(prob_a=[-1.0, -0.5, -2.0], prob_b=[0.1, 0.2, -0.3])
    for kernel, params in kernels:
        common = dict(kernel_type=kernel, kernel_params=params, support_vectors=vectors)
        case("SVMRegressor", ROWS, [F], n_supports=4, coefficients=[0.5, -0.25, 0.3, 0.1], rho=[0.2], **common)
        for one in [two, positive, two_probable]:
            case("SVMClassifier", ROWS, [I, F], **one, **common)
        for one in [three, three_probable]:
            case("SVMClassifier", ROWS, [S, F], **one, **common)
    common = dict(kernel_type="RBF", kernel_params=[0.5, 0.1, 3.0], support_vectors=vectors)
    for post in POSTS[1:]:
        if post != "PROBIT":
            case("SVMClassifier", FINITE, [I, F], post_transform=post, **two, **common)
        case("SVMClassifier", FINITE, [I, F], post_transform=post, **two_probable, **common)
        case("SVMClassifier", FINITE, [S, F], post_transform=post, **three, **common)
        case("SVMClassifier", FINITE, [S, F], post_transform=post, **three_probable, **common)
    for dtype in ["float64", "int64", "int32"]:
        case("SVMClassifier", whole(dtype), [I, F], **two, **common)
    case("SVMClassifier", ROWS[0], [S, F], **three, **common)
    case("SVMClassifier", ROWS, [I, F], **(two | dict(vectors_per_class=[4, 0])), **common)
    case("SVMRegressor", FINITE, [F], n_supports=4, coefficients=[0.5, -0.25, 0.3, 0.1], rho=[-0.2], one_class=1, **common)
    case("SVMRegressor", FINITE[0], [F], n_supports=4, coefficients=[0.5, -0.25, 0.3, 0.1], rho=[-0.2], **common)
    case("SVMRegressor", FINITE, [F], kernel_type="RBF", kernel_params=[0.5, 0.1, 3.0], coefficients=[0.5, -0.25], rho=[0.2])
    case("SVMRegressor", FINITE, [F], kernel_params=[], coefficients=[0.5, -0.25], rho=[0.2], one_class=1)
    weights = [0.5, -0.25, 0.3, -0.1, 0.3, -0.4]
    for post in POSTS:
        for n, labels in [(1, [3]), (2, [3, 4]), (3, [3, 4, 7])]:
            case("SVMClassifier", FINITE, [I, F], kernel_params=[], coefficients=weights[:2 * n], rho=[-0.3], classlabels_ints=labels, post_transform=post)
    for coefficients, rho in itertools.product([[0.5, 0.25, 0.3, 0.1], [0.5, -0.25, 0.3, -0.1]], [-0.4, 0.0, 0.2]):
        case("SVMClassifier", FINITE, [I, F], kernel_params=[], coefficients=coefficients, rho=[rho], classlabels_ints=[3, 4])
    case("SVMClassifier", FINITE, [I, F], kernel_params=[], coefficients=weights[:4], rho=[0.2], classlabels_ints=[3, 4], prob_a=[-1.0], prob_b=[0.1])
    many = dict(coefficients=[float(v) for v in RNG.normal(size=4 * 20).astype("f4")], rho=[float(v) for v in RNG.normal(size=10).astype("f4")],
                vectors_per_class=[3, 5, 4, 6, 2], classlabels_ints=[9, 8, 7, 6, 5],
                support_vectors=[float(v) for v in RNG.normal(size=20 * 3).astype("f4")])
    inputs = RNG.normal(size=(17, 3)).astype("float32")
    probable = dict(prob_a=[float(v) for v in -RNG.uniform(0.2, 3, size=10).astype("f4")], prob_b=[float(v) for v in RNG.normal(size=10).astype("f4") / 4])
    for kernel, params in [kernels[1], kernels[4]]:
        common = dict(kernel_type=kernel, kernel_params=[params[0], abs(params[1]) + 3.0, params[2]])
        case("SVMClassifier", inputs, [I, F], **many, **common)
        case("SVMClassifier", inputs, [I, F], **many, **common, **probable)


def strings():
    words = texts("Monday", "tuesday", "MONDAY", "Ünï", "Straße İ ᾳ ǰ")
    for action, sensitive, stop in itertools.product(["LOWER", "UPPER", "NONE"], [0, 1], [None, ["monday", "ÜNÏ"]]):
        attributes = {"stopwords": stop} if stop else {}
        case("StringNormalizer", words, [S], domain="", opset=10, case_change_action=action, is_case_sensitive=sensitive, **attributes)
    case("StringNormalizer", words.reshape(1, 5), [S], domain="", opset=10, is_case_sensitive=1, stopwords=["Monday"])
    case("StringNormalizer", texts("a", "A"), [S], domain="", opset=10, stopwords=["a"])
    case("StringNormalizer", texts("a").reshape(1, 1), [S], domain="", opset=10, stopwords=["a"])
    case("StringNormalizer", texts("I"), [S], domain="", opset=10, locale="en_US.UTF-8", case_change_action="LOWER")
    base = dict(domain="", opset=9, mode="TF", min_gram_length=1, max_gram_length=2, max_skip_count=0, ngram_counts=[0, 3],
                ngram_indexes=[0, 1, 2, 3, 4], pool_int64s=[2, 3, 5, 2, 3, 3, 5])
    tokens, weights = np.array([2, 3, 5, 3, 5, 2]), [0.1, 0.2, 0.3, 0.4, 0.5]
    changes = [dict(ngram_indexes=[4, 3, 2, 1, 0]), dict(ngram_indexes=[0, 0, 0, 1, 1]), dict(ngram_indexes=[0, 1, 2, 3, 7]), dict(max_skip_count=1),
               dict(max_skip_count=9), dict(max_skip_count=2, min_gram_length=2), dict(max_skip_count=3, max_gram_length=1), dict(min_gram_length=2, pool_int64s=[2, 2, 5, 2, 3, 3, 5]),
               dict(ngram_counts=[0, 3, 7], pool_int64s=[2, 3, 5, 2, 3, 3, 5, 5, 3, 5], ngram_indexes=[0, 1, 2, 3, 4, 5], max_gram_length=3, max_skip_count=1)]
    for mode, change in itertools.product(["TF", "IDF", "TFIDF"], changes):
        case("TfIdfVectorizer", tokens, [F], **(base | change | dict(mode=mode)))
        grams = len((base | change)["ngram_indexes"])
        if (mode, change) != ("IDF", changes[1]):
            case("TfIdfVectorizer", tokens, [F], weights=[0.1 * (at + 1) for at in range(grams)], **(base | change | dict(mode=mode)))
    case("TfIdfVectorizer", np.stack([tokens, tokens[::-1], tokens * 0]).astype("int32"), [F], **base)
    case("TfIdfVectorizer", tokens[:0], [F], **base)
    case("TfIdfVectorizer", np.zeros([2, 0], np.int64), [F], **base)
    case("TfIdfVectorizer", np.resize(tokens, 600), [F], weights=weights, **(base | dict(mode="TFIDF")))
    del base["pool_int64s"]
    base |= dict(pool_strings=["a", "é", "a", "é", "é", "a"], ngram_counts=[0, 2], ngram_indexes=[0, 1, 2, 3])
    case("TfIdfVectorizer", texts("a", "é", "c", "a", "é").reshape(1, 5), [F], **base)
    case("TfIdfVectorizer", texts("é", "a", "é", "x"), [F], **(base | dict(max_skip_count=1)))
    for a, b in [(texts("a", "b"), texts("x")), (texts("a", "b"), texts("x", "y").reshape(2, 1)), (np.array("q", dtype=object), texts("a", "")), (texts("é", "b").reshape(2, 1, 1), texts("x", "y", "z", "w").reshape(2, 2))]:
        case("StringConcat", [a, b], [S], domain="", opset=20)
    split = dict(domain="", opset=20)
    for words, attributes in [
        (texts("a b  c", " x ", ""), {}), (texts("a b  c", " x ", ""), dict(maxsplit=1)), (texts("a,b,,c", ",", ""), dict(delimiter=",")), (texts("a,b,,c"), dict(delimiter=",", maxsplit=1)),
        (texts("a,b"), dict(delimiter=",", maxsplit=0)), (texts(" a b "), dict(maxsplit=0)), (texts("aXXbXXc", "aXXX"), dict(delimiter="XX")), (texts(""), {}), (np.array("a b", dtype=object), {}),
        (texts("a b c   d "), dict(maxsplit=2)), (texts("a b", "c").reshape(2, 1), dict(delimiter="")), (texts("", ""), dict(delimiter=",")), (texts(" "), {}), (texts("a b"), dict(maxsplit=-1)),
    ]:
        case("StringSplit", words, [S, I], **split, **attributes)


def hashes():
    microsoft = dict(domain="com.microsoft", opset=1)
    for positive, kind in [(0, TensorProto.INT32), (1, TensorProto.UINT32)]:
        words = texts("", "a", "ab", "abc", "abcd", "abcde", "é", "The quick brown fox jumps over the lazy dog")
        case("MurmurHash3", words, [kind], positive=positive, seed=0, **microsoft)
    case("MurmurHash3", texts("a", "ab").reshape(2, 1), [TensorProto.INT32], positive=0, seed=5, **microsoft)
    for dtype in ["float32", "float64", "int64", "int32"]:
        case("MurmurHash3", whole(dtype), [TensorProto.INT32], positive=0, **microsoft)
    for metric, dtype in itertools.product(["euclidean", "sqeuclidean"], ["float32", "float64"]):
        case("CDist", [whole(dtype), whole(dtype)[1:]], [ELEMENTS[dtype]], metric=metric, **microsoft)
    for n in [1, 3, 4, 6, 8, 13, 19]:
        case("CDist", [RNG.normal(size=(3, n)).astype("float32"), RNG.normal(size=(2, n)).astype("float32")], [F], **microsoft)


def tokens():
    def tokenize(words, **attributes):
        case("Tokenizer", words, [S], domain="com.microsoft", opset=1, **(dict(mark=0, pad_value="#", mincharnum=1) | attributes))

    for mark in [0, 1]:
        tokenize(texts("ab", "é猫x", ""), separators=[""], mark=mark)
        tokenize(texts("", ""), separators=[""], mark=mark)
        tokenize(texts("a b,c", "x", " "), separators=[" ", ","], mark=mark)
        tokenize(texts("the cat", "a", "1"), tokenexp="[a-z]+", mark=mark)
        tokenize(texts("123", "4"), tokenexp="[a-z]+", mark=mark, pad_value="")
        tokenize(texts("a\nb é"), tokenexp=".", mark=mark)
    for words, separators, least in [
        (texts("a12b3", "x"), ["[0-9]+"], 1), (texts("aabbabc"), ["a|ab"], 1), (texts("abc de f", "ghi", "q"), [" "], 2), (texts("  a  "), [" "], 1), (texts("aéb"), ["x*"], 1), (texts("aéb"), ["x*|b"], 1),
        (texts("a,b;c,d"), [";", ","], 1), (texts(",", ","), [","], 1), (texts("a\nb", "ab\nc"), ["\n."], 1), (texts("aaa"), ["^a"], 1), (texts("a.b"), ["."], 1), (texts("ab cd e fg"), [" ", "d"], 2),
        (texts("ééé è", "éé"), [" "], 3), (texts("foo-bar--baz"), ["-+"], 1), (texts("x1x2x"), ["x", "1"], 1),
    ]:
        tokenize(words, separators=separators, mincharnum=least)
    for words, expression, least in [
        (texts("aab abc"), "a|ab|abc", 1), (texts("aaa"), "a+?", 1), (texts("abcd xyz"), "ab|bcd", 3), (texts("a bc def g"), "[a-z]+", 2), (texts("ab1c", "1"), "[a-z]*", 1), (texts("aéb"), "[ab]*", 1),
        (texts("über_1 straße"), r"\w+", 1), (texts("über_1 straße"), r"\W+", 1), (texts("１２ 12"), r"\d+", 1), (texts("a\x0bb c"), r"[^\s]+", 1), (texts("über a"), r"\b[a-z]+\b", 1), (texts("aaa"), "^a", 1),
        (texts("aaa"), "a$", 1), (texts("abab"), r"ab\b|ab", 1), (texts("Straße KK ſ"), "(?i)k+|s+", 1), (texts("a\nb é"), "(.)", 1), (texts("ab\nc"), ".*", 1), (texts("a\nb"), "(?m)^.", 1), (texts("aab"), "(aa)?(aab)?", 1),
        (texts("don't e-mail"), r"[a-z]+(?:['-][a-z]+)*", 1), (texts("a1b22"), r"[a-z]|\d\d?", 1),
    ]:
        tokenize(words, tokenexp=expression, mincharnum=least)
    tokenize(texts("a b", "c").reshape(2, 1), tokenexp="[a-z]+")
    subjects = texts("a", "aa", "b", "é", "A", "\u212a", "k", "B", "ab", "a\n", " ", "\n", "1", "z", "&", "~", "-", "[", "]", "{", "}", "_", "x", "\x07", "1z", "a{", "α", "猫", "ß", "ẞ", "{a", "a}", "12", "", "ſ", "s", "a.b", "\\", "\x0b", "0", "a{,2}")
    for pattern in [
        r"\_", r"\a", r"\A", r"\z", r"\x41", r"\x{41}", r"\pN", r"\PL", r"\p{^Lu}", r"\p{Lu}", r"[^\pL]+", "[[:^alpha:]]", "[[:word:]]", "(?P<n>a)", "(?<n>a)", "(?U)a+", "(?m)a$", "[a-z&&[aeiou]]+", "[a~~b]+", "[]a]", "[^]a]",
        "{a", "a{", "a}", "a]", r"\ ", r"\&", r"[\d]+", r"[\D]+", r"[\s\S]", r"\/", r"\v", "(?i)ß", "(?i)[k]", r"(?i)\w", r"(?i)[^\W]", r"[\d-z]+", "(?:a)", "(?i:A)b", "(?i)(?-i)A", "()", "|a", "a||b", "a{,2}", r"\d{2}", r"\p{Greek}",
        r"\p{Han}", r"\p{L}", r"[\pL\d_]+", "(?s-i:a.)", "(?is)A.", "a??", "a*?", "a{1,2}?", r"\Qa.b\E", r"[a\]]+", r"[^\n]", r"\<", r"\-", r"\[", r"a\.b", "(a|ab)(c|bcd)?", r"\\", "[[]", "[a-]+", "[-a]+", r"\S+", r"\W", r"[[:punct:]]", ".", "", "(?i)S",
    ]:
        case("RegexFullMatch", subjects, [B], domain="", opset=20, pattern=pattern)


for write in [rows, tables, maps, linear, machines, strings, hashes, tokens]:
    write()
with (Path(__file__).parent / "cases.jsonl").open("w") as file:
    for line in CASES:
        file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
print(len(CASES), "cases")
