"""Transformers that change values column by column: scalers, encoders, imputers."""
import numpy as np
from sklearn import impute
from sklearn import preprocessing as pp

from recipe import VERSION

SCALED = ("nan", "float32", "int64", "infinite", "narrow")


def fill(book):
    """Adds the family."""
    scalers(book)
    shapes(book)
    imputers(book)
    encoders(book)
    functions(book)


def scalers(book):
    """Two roundings per value; on f32 rows each version has its own lane."""
    plain = {
        "standard": lambda: pp.StandardScaler(), "standard_no_mean": lambda: pp.StandardScaler(with_mean=False), "standard_no_std": lambda: pp.StandardScaler(with_std=False),
        "standard_neither": lambda: pp.StandardScaler(with_mean=False, with_std=False), "min_max": lambda: pp.MinMaxScaler(),
        "min_max_range": lambda: pp.MinMaxScaler(feature_range=(-3, 2.5)), "min_max_clip": lambda: pp.MinMaxScaler(clip=True), "max_abs": lambda: pp.MaxAbsScaler(),
        "max_abs_clip": lambda: pp.MaxAbsScaler(clip=True), "robust": lambda: pp.RobustScaler(), "robust_no_centre": lambda: pp.RobustScaler(with_centering=False),
        "robust_no_scale": lambda: pp.RobustScaler(with_scaling=False), "robust_wide": lambda: pp.RobustScaler(quantile_range=(10, 80)),
        "robust_unit_variance": lambda: pp.RobustScaler(unit_variance=True),
    }
    for name, make in plain.items():
        cases = SCALED if name in ("standard", "min_max", "max_abs", "robust", "min_max_clip") else ("float32",)
        book.add("scale_" + name, make, "three", "bits", cases=cases + (("text_numbers",) if name == "standard" else ()))
    for name in ("standard", "min_max", "max_abs", "robust"):
        book.add("scale_%s_float32" % name, plain[name], "three", "bits", train=np.float32, cases=("float32",))

    def flat(model, rows, target):
        rows = rows.copy()
        rows[:, 1] = 3.0
        return model.fit(rows, target)

    for name in ("standard", "min_max", "robust", "max_abs"):
        book.add("scale_%s_flat_column" % name, plain[name], "three", "bits", fit=flat, note="one column was constant in training")
    for norm in ("l1", "l2", "max"):
        book.add("normalise_" + norm, lambda norm=norm: pp.Normalizer(norm), "three", "bits" if norm == "max" else "dot", cases=("float32",))
    book.add("binarise", lambda: pp.Binarizer(threshold=0.4), "three", "bits", cases=("float32", "nan"))


def shapes(book):
    """Polynomials, bins, powers, quantiles."""
    for degree, more in ((2, {}), (3, {}), (5, {}), (2, {"include_bias": False}), (3, {"interaction_only": True}), (2, {"order": "F"}), ((2, 3), {}), ((0, 2), {"include_bias": False})):
        name = "polynomial_%s%s" % (str(degree).strip("()").replace(", ", "_to_"), "".join("_" + key for key in more))
        book.add(name, lambda degree=degree, more=more: pp.PolynomialFeatures(degree, **more), "three", "bits", cases=("float32", "int64") if name == "polynomial_3" else ())
    for encode in ("onehot", "onehot-dense", "ordinal"):
        for strategy in ("uniform", "quantile", "kmeans"):
            name = "bins_%s_%s" % (encode.replace("-", "_"), strategy)
            book.add(name, lambda encode=encode, strategy=strategy: pp.KBinsDiscretizer(4, encode=encode, strategy=strategy), "three", "bits",
                     cases=("seen_edges", "float32") if strategy == "quantile" and encode == "ordinal" else ("seen_edges",) if encode == "ordinal" else ())
    book.add("bins_uneven", lambda: pp.KBinsDiscretizer([2, 3, 4, 2], encode="onehot-dense", strategy="quantile"), "three", "bits")
    for method, rows in (("yeo-johnson", "three"), ("box-cox", "abs")):
        for standardize in (True, False):
            name = "power_%s%s" % (method.replace("-", "_"), "" if standardize else "_plain")
            book.add(name, lambda method=method, standardize=standardize: pp.PowerTransformer(method, standardize=standardize), rows,
                     cases=("nan",) if standardize else ())
    for output in ("uniform", "normal"):
        book.add("quantile_" + output, lambda output=output: pp.QuantileTransformer(n_quantiles=12, output_distribution=output, random_state=0), "three",
                 "bits" if output == "uniform" else "dot", cases=("nan", "seen_quantiles"))
    book.add("quantile_counts", lambda: pp.QuantileTransformer(n_quantiles=20, random_state=0), "counts3", "bits", note="repeated quantiles")


def imputers(book):
    """Missing values replaced; columns without a statistic vanish."""
    for strategy in ("mean", "median", "most_frequent", "constant"):
        book.add("impute_" + strategy, lambda strategy=strategy: impute.SimpleImputer(strategy=strategy), "holes", "bits", cases=("float32",) if strategy == "mean" else ())
    book.add("impute_fill", lambda: impute.SimpleImputer(strategy="constant", fill_value=-7.5), "holes", "bits")
    book.add("impute_zeros", lambda: impute.SimpleImputer(missing_values=0, strategy="mean"), "counts3", "bits")
    book.add("impute_indicator", lambda: impute.SimpleImputer(add_indicator=True), "holes", "bits")

    def empty(model, rows, target):
        rows = rows.copy()
        rows[:, 2] = np.nan
        return model.fit(rows, target)

    book.add("impute_empty_column", lambda: impute.SimpleImputer(), "holes", "bits", fit=empty, note="a column without values is dropped")
    book.add("impute_empty_column_median", lambda: impute.SimpleImputer(strategy="median", add_indicator=True), "holes", "bits", fit=empty)
    book.add("impute_empty_column_kept", lambda: impute.SimpleImputer(keep_empty_features=True), "holes", "bits", fit=empty)
    book.add("impute_empty_column_constant", lambda: impute.SimpleImputer(strategy="constant", fill_value=1.0), "holes", "bits", fit=empty)

    def gaps(model, rows, _):
        rows = np.array(rows)
        rows[3, 0], rows[5, 1] = model.missing_values, model.missing_values
        return model.fit(rows)

    book.add("impute_text", lambda: impute.SimpleImputer(missing_values=None, strategy="most_frequent"), "strings", "bits", fit=gaps, cases=("text_gaps",))
    book.add("impute_text_fill", lambda: impute.SimpleImputer(missing_values=None, strategy="constant", fill_value="none"), "strings", "bits", fit=gaps, cases=("text_gaps",))
    book.add("impute_text_mark", lambda: impute.SimpleImputer(missing_values="?", strategy="most_frequent"), "strings", "bits", fit=gaps)
    for features in ("missing-only", "all"):
        book.add("missing_indicator_" + features.replace("-", "_"), lambda features=features: impute.MissingIndicator(features=features, error_on_new=False), "holes", "bits")


def encoders(book):
    """Categories to numbers."""
    for kind, make in (("one_hot", pp.OneHotEncoder), ("ordinal", getattr(pp, "OrdinalEncoder", None))):
        book.add(kind + "_codes", lambda make=make: make(categories="auto"), "codes", "bits", cases=("unseen_codes", "codes_as_floats"))
        book.add(kind + "_text", lambda make=make: make(), "strings", "bits", cases=("unseen_text", "text_gaps"))

        def fixed(model, rows, _):
            return model.fit(np.array(rows).astype(str))

        book.add(kind + "_fixed_text", lambda make=make: make(), "strings", "bits", fit=fixed, note="trained on fixed-width text")

        def mixed(model, rows, _):
            return model.fit(mix(rows))

        book.add(kind + "_mixed", lambda make=make: make(), "strings", "bits", fit=mixed, ask="mixed_table")
        book.add(kind + "_bools", lambda make=make: make(), "three", "bits", fit=lambda model, rows, _: model.fit(rows > 0), ask="bool", note="trained on booleans")
        book.add(kind + "_holes", lambda make=make: make(), "codes", "bits", fit=lambda model, rows, _: model.fit(hollow(rows)), cases=("codes_with_nan",))
        book.add(kind + "_text_holes", lambda make=make: make(), "strings", "bits", fit=lambda model, rows, _: model.fit(hollow_text(rows)), cases=("text_gaps",))
    sparse = "sparse_output" if VERSION >= (1, 2) else "sparse"
    one = {
        "ignore": dict(handle_unknown="ignore"), "dense": {"handle_unknown": "ignore", sparse: False}, "float32": dict(dtype=np.float32, handle_unknown="ignore"),
        "int": dict(dtype=np.int64, handle_unknown="ignore"), "drop_first": dict(drop="first"), "drop_binary": dict(drop="if_binary"),
        "drop_list": dict(drop=np.array(["b", "x"], dtype=object)), "drop_ignore": dict(drop="first", handle_unknown="ignore"),
        "infrequent": dict(handle_unknown="infrequent_if_exist", min_frequency=5), "max_categories": dict(handle_unknown="infrequent_if_exist", max_categories=2),
        "infrequent_drop": dict(min_frequency=5, drop="first", handle_unknown="ignore"), "infrequent_error": dict(min_frequency=5),
        "warn": dict(handle_unknown="warn", min_frequency=5), "given": dict(categories=[["a", "b", "c", "d", "e"], ["x", "yy", "z"]]),
    }
    for name, options in one.items():
        book.add("one_hot_" + name, lambda options=options: pp.OneHotEncoder(**options), "strings", "bits", cases=("unseen_text",))
    for name, options in {
        "unknown": dict(handle_unknown="use_encoded_value", unknown_value=-1), "unknown_nan": dict(handle_unknown="use_encoded_value", unknown_value=np.nan),
        "infrequent": dict(min_frequency=5, handle_unknown="use_encoded_value", unknown_value=-5), "max_categories": dict(max_categories=2), "int": dict(dtype=np.int32),
        "given": dict(categories=[["d", "c", "b", "a"], ["z", "yy", "x"]]),
    }.items():
        book.add("ordinal_" + name, lambda options=options: pp.OrdinalEncoder(**options), "strings", "bits", cases=("unseen_text",))
    book.add("ordinal_missing_value", lambda: pp.OrdinalEncoder(encoded_missing_value=-2), "strings", "bits", fit=lambda model, rows, _: model.fit(hollow_text(rows)), cases=("text_gaps",))
    targets(book)


def targets(book):
    """Encoders of labels: they are asked with labels."""
    def labels(model, rows, target):
        return model.fit(np.array(["ant", "bee", "cicada"])[target])

    book.add("label_encoder", lambda: pp.LabelEncoder(), "three", "bits", fit=labels, ask="labels")
    book.add("label_binariser", lambda: pp.LabelBinarizer(neg_label=-1, pos_label=2), "three", "bits", fit=labels, ask="labels")


def functions(book):
    """numpy's own functions as transformers."""
    for name in ("log1p", "log", "log2", "log10", "exp", "expm1", "sqrt", "square", "abs", "cbrt", "sign", "negative", "reciprocal", "sin", "cos", "tan", "tanh"):
        exact = "bits" if name in ("sqrt", "square", "abs", "sign", "negative", "reciprocal") else "dot"
        book.add("function_" + name, lambda name=name: pp.FunctionTransformer(getattr(np, name), validate=True), "abs", exact)
    book.add("function_none", lambda: pp.FunctionTransformer(validate=True), "abs", "bits")
    book.add("function_unvalidated", lambda: pp.FunctionTransformer(np.log1p, inverse_func=np.expm1, validate=False), "abs")


def mix(rows):
    """A text column and a column of whole numbers in one object array."""
    return np.column_stack([rows[:, 0], np.array([len(text) for text in rows[:, 1]], dtype=object)])


def hollow(rows):
    rows = np.array(rows, dtype=float)
    rows[::5, 0] = np.nan
    return rows


def hollow_text(rows):
    rows = np.array(rows, dtype=object)
    rows[::5, 0] = None
    return rows
