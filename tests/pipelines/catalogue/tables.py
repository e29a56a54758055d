"""Pipelines that take a DataFrame: a ColumnTransformer in front of a model."""

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

import data
from pipeline import numeric, tabular

NUMBERS = ["length", "width"]
WORDS = ["colour", "size"]
ALL = [*NUMBERS, *WORDS, "visits"]


def pipelines():
    """With numbers, texts and whole numbers in columns of their own."""
    one_hot = OneHotEncoder(handle_unknown="ignore")
    filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer([("num", filled, NUMBERS), ("cat", one_hot, WORDS)])
    model = make_pipeline(columns, LogisticRegression(max_iter=500))
    yield tabular("table_logistic", model, [*NUMBERS, *WORDS])
    columns = ColumnTransformer(
        [("num", "passthrough", ["length"]), ("cat", OrdinalEncoder(), WORDS)]
    )
    forest = RandomForestClassifier(6, max_depth=4, random_state=0)
    _, kinds = data.table()
    names = np.array(["setosa", "versicolor", "virginica"])[kinds]
    yield tabular(
        "table_forest",
        make_pipeline(columns, forest),
        ["length", *WORDS],
        unknown=False,
        target=names,
    )
    columns = ColumnTransformer(
        [("num", filled, NUMBERS), ("cat", one_hot, WORDS), ("whole", MinMaxScaler(), ["visits"])]
    )
    boosted = GradientBoostingClassifier(n_estimators=4, random_state=0)
    yield tabular("table_boosted", make_pipeline(columns, boosted), ALL)
    yield from parts()
    yield from texts()


def parts():
    """Parts of a matrix."""
    iris, diabetes = data.iris(), data.diabetes()
    split = ColumnTransformer(
        [("scaled", StandardScaler(), [0, 2]), ("gone", "drop", [1]), ("kept", "passthrough", [3])]
    )
    yield numeric("columns_by_index", make_pipeline(split, LogisticRegression(max_iter=500)), *iris)
    rest = ColumnTransformer([("scaled", MinMaxScaler(), [1])], remainder="passthrough")
    yield numeric("columns_remainder", rest, *iris)
    union = FeatureUnion([("pca", PCA(2, random_state=0)), ("scaled", StandardScaler())])
    yield numeric("union_logistic", make_pipeline(union, LogisticRegression(max_iter=500)), *iris)
    weighted = FeatureUnion(
        [("pca", PCA(1, random_state=0)), ("scaled", MinMaxScaler())],
        transformer_weights={"pca": 2.0},
    )
    yield numeric("union_weights", weighted, *iris)
    target = TransformedTargetRegressor(LinearRegression(), func=np.log, inverse_func=np.exp)
    yield numeric("target_log", target, *diabetes)


def texts():
    """Text beside numbers."""
    words = ColumnTransformer(
        [
            ("colour", TfidfVectorizer(analyzer="char", max_features=8), "colour"),
            ("num", StandardScaler(), ["length"]),
        ]
    )
    model = Pipeline([("columns", words), ("logistic", LogisticRegression(max_iter=500))])
    yield tabular("table_text", model, ["colour", "length"])
