"""Preparation of numbers and categories, mostly without a model behind."""

import numpy as np
from sklearn import impute
from sklearn import preprocessing as pp
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

import data
from pipeline import Pipeline, numeric, tabular, with_skl2onnx

WORDS = ["colour", "size"]


def pipelines():
    """Scalers, encoders, imputers, labels, hashes."""
    yield from scalers()
    yield from expansions()
    yield from encoders()
    yield from imputers()
    yield from labels()
    yield from hashes()


def scalers():
    """Element by element."""
    rows, kinds = data.iris()
    positive = np.abs(rows) + np.float32(0.5)
    for name, model in {
        "standard_scaler": pp.StandardScaler(),
        "standard_scaler_mean": pp.StandardScaler(with_std=False),
        "robust_scaler": pp.RobustScaler(),
        "min_max_scaler": pp.MinMaxScaler((-1, 1)),
        "min_max_scaler_clip": pp.MinMaxScaler(clip=True),
        "max_abs_scaler": pp.MaxAbsScaler(),
        "normalizer_l1": pp.Normalizer("l1"),
        "normalizer_l2": pp.Normalizer("l2"),
        "normalizer_max": pp.Normalizer("max"),
        "binarizer": pp.Binarizer(threshold=2.5),
        "power_yeo_johnson": pp.PowerTransformer(),
        "power_plain": pp.PowerTransformer(standardize=False),
        "quantile": pp.QuantileTransformer(n_quantiles=10, random_state=0),
        "kernel_centerer": pp.KernelCenterer(),
    }.items():
        yield numeric(name, model, rows if name != "kernel_centerer" else rows[:4])
    box_cox = pp.PowerTransformer("box-cox")
    yield numeric("power_box_cox", box_cox, positive, rows=positive[::4])
    yield numeric("standard_scaler_f64", pp.StandardScaler(), rows.astype(np.float64))
    yield numeric("standard_scaler_i64", pp.StandardScaler(), np.round(rows * 10).astype(np.int64))
    yield numeric(
        "normalizer_l2_logistic",
        make_pipeline(pp.Normalizer("l2"), LogisticRegression()),
        rows,
        kinds,
    )


def expansions():
    """One column becomes several."""
    rows, kinds = data.iris()
    yield numeric(
        "poly_ridge", make_pipeline(pp.PolynomialFeatures(2), Ridge()), rows, kinds.astype(float)
    )
    interactions = pp.PolynomialFeatures(3, interaction_only=True, include_bias=False)
    yield numeric("poly_interactions", interactions, rows)
    for encode in ["onehot-dense", "ordinal"]:
        bins = pp.KBinsDiscretizer(4, encode=encode, quantile_method="averaged_inverted_cdf")
        yield numeric(f"bins_{encode.replace('-', '_')}", bins, rows)
    bins = pp.KBinsDiscretizer(4, encode="onehot-dense", strategy="uniform")
    yield numeric("bins_logistic", make_pipeline(bins, LogisticRegression()), rows, kinds)
    yield numeric("spline", pp.SplineTransformer(n_knots=4), rows)
    for name, function in {"identity": None, "log1p": np.log1p}.items():
        yield numeric(f"function_{name}", pp.FunctionTransformer(function), rows, rows=rows[::4])


def encoders():
    """Categories."""
    one_hot = pp.OneHotEncoder
    dense = {"sparse_output": False}
    yield tabular("one_hot", one_hot(handle_unknown="ignore", **dense), WORDS)
    yield tabular("one_hot_strict", one_hot(**dense), WORDS, unknown=False)
    yield tabular("one_hot_drop_first", one_hot(drop="first", **dense), WORDS, unknown=False)
    yield tabular("one_hot_drop_binary", one_hot(drop="if_binary", **dense), WORDS, unknown=False)
    rare = one_hot(min_frequency=35, handle_unknown="infrequent_if_exist", **dense)
    yield tabular("one_hot_rare", rare, WORDS, unknown=False)
    yield tabular(
        "one_hot_max_categories", one_hot(max_categories=3, **dense), WORDS, unknown=False
    )
    numbers, kinds = data.categories_as_numbers()
    strange = np.concatenate([numbers[:30], [[7, 0, -1, 2]]])
    yield numeric("one_hot_i64", one_hot(handle_unknown="ignore", **dense), numbers, rows=strange)
    singles = numbers.astype(np.float32)
    yield numeric(
        "one_hot_f32",
        one_hot(handle_unknown="ignore", **dense),
        singles,
        rows=strange.astype(np.float32),
    )
    yield tabular("ordinal_encoder", pp.OrdinalEncoder(), WORDS, unknown=False)
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    yield tabular("ordinal_encoder_unknown", pp.OrdinalEncoder(**unknown), WORDS)
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
    yield tabular("ordinal_encoder_nan", pp.OrdinalEncoder(**unknown), WORDS)
    yield numeric("ordinal_encoder_i64", pp.OrdinalEncoder(), numbers, rows=numbers[:30])
    yield tabular(
        "target_encoder",
        pp.TargetEncoder(random_state=0, target_type="continuous"),
        WORDS,
        unknown=False,
    )
    whole = pp.TargetEncoder(random_state=0, target_type="continuous")
    yield numeric("target_encoder_i64", whole, numbers, kinds.astype(float), rows=strange)


def imputers():
    """What is missing."""
    rows, kinds = data.iris()
    gappy = data.with_gaps(rows)
    for strategy in ["mean", "median", "most_frequent"]:
        yield numeric(f"imputer_{strategy}", impute.SimpleImputer(strategy=strategy), gappy)
    constant = impute.SimpleImputer(strategy="constant", fill_value=-1.0)
    yield numeric("imputer_constant", constant, gappy)
    yield numeric("imputer_zero", impute.SimpleImputer(missing_values=0.0), rows)
    whole = np.round(rows).astype(np.int64)
    yield numeric(
        "imputer_i64", impute.SimpleImputer(missing_values=0, strategy="most_frequent"), whole
    )
    yield numeric("imputer_indicator", impute.SimpleImputer(add_indicator=True), gappy)
    for strategy in ["most_frequent", "constant"]:
        words = impute.SimpleImputer(missing_values="", strategy=strategy, fill_value="none")
        frame, _ = data.table()
        matrix = frame[WORDS].to_numpy(dtype=object)
        yield numeric(f"imputer_text_{strategy}", words, matrix, rows=matrix[:40])
    yield numeric("imputer_knn", impute.KNNImputer(n_neighbors=3), data.with_gaps(rows[::3]))
    model = make_pipeline(impute.SimpleImputer(), pp.StandardScaler(), LogisticRegression())
    yield numeric("imputed_scaled_logistic", model, gappy, kinds)


def labels():
    """Labels as input."""
    _, kinds = data.iris()
    _, names = data.iris_names()
    column = kinds[::4].astype(np.int64)
    numbers = {"X": column}
    texts = {"X": names[::4].astype(object)}
    for name, model, train, rows, feeds in [
        ("label_encoder", pp.LabelEncoder(), kinds, column, numbers),
        ("label_encoder_text", pp.LabelEncoder(), names, names[::4], texts),
        ("label_binarizer", pp.LabelBinarizer(), kinds, column, numbers),
        (
            "label_binarizer_signs",
            pp.LabelBinarizer(neg_label=-1, pos_label=2),
            kinds,
            column,
            numbers,
        ),
        (
            "multi_label_binarizer",
            pp.MultiLabelBinarizer(),
            [[kind] for kind in kinds],
            column,
            numbers,
        ),
    ]:
        yield Pipeline(name, model, train, None, rows, feeds, with_skl2onnx())


def hashes():
    """Words as numbers, without a vocabulary."""
    words = np.array([["red"], ["grün"], [""], ["a"], ["cat"]] * 8, dtype=object)
    hasher = FeatureHasher(n_features=8, input_type="string")
    yield Pipeline("feature_hasher", hasher, words, None, words, {"X": words}, with_skl2onnx())
