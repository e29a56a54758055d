"""Pipelines, unions and column transformers, as people write them."""
import numpy as np
from sklearn import datasets
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, QuantileTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from recipe import VERSION

try:
    from sklearn.compose import make_column_selector
except ImportError:
    make_column_selector = None

LINEAR = {"solver": "lbfgs", "max_iter": 500}
NUMBERS, WORDS = ["age", "income", "visits"], ["colour", "plan"]
ASK = ("by_position", "reordered", "extra")


def line():
    return LogisticRegression(**LINEAR)


def filled(strategy="mean"):
    return Pipeline([("fill", SimpleImputer(strategy=strategy)), ("scale", StandardScaler())])


def fill(book):
    """Adds the family."""
    pipelines(book)
    unions(book)
    columns(book)
    by_position(book)
    target(book)
    known(book)


def pipelines(book):
    """Steps in a row."""
    book.add("pipe_scale_logistic", lambda: Pipeline([("scale", StandardScaler()), ("model", line())]), "three", cases=("float32", "nan", "narrow", "one_row"))
    book.add("pipe_scale_logistic_str", lambda: Pipeline([("scale", StandardScaler()), ("model", line())]), "three", labels="str")
    book.add("pipe_scale_tree", lambda: Pipeline([("scale", StandardScaler()), ("model", DecisionTreeClassifier(max_depth=3, random_state=0))]), "three", "bits", cases=("float32",))
    book.add("pipe_pca_svc", lambda: Pipeline([("scale", StandardScaler()), ("pca", PCA(2)), ("model", SVC(gamma="scale", probability=True, random_state=0))]), "three")
    book.add("pipe_impute_forest", lambda: Pipeline([("fill", SimpleImputer(strategy="median")), ("model", RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0))]), "holes", "bits")
    book.add("pipe_passthrough", lambda: Pipeline([("nothing", "passthrough"), ("scale", MinMaxScaler()), ("model", line())]), "three")
    book.add("pipe_none_step", lambda: Pipeline([("nothing", None), ("model", line())]), "three")
    book.add("pipe_transformers_only", lambda: Pipeline([("scale", StandardScaler()), ("poly", PolynomialFeatures(2)), ("best", SelectKBest(k=3))]), "three", "bits")
    book.add("pipe_ends_in_passthrough", lambda: Pipeline([("scale", StandardScaler()), ("end", "passthrough")]), "three", "bits")
    book.add("pipe_log1p", lambda: Pipeline([("log", FunctionTransformer(np.log1p, validate=True)), ("model", line())]), "abs")
    book.add("pipe_in_pipe", lambda: Pipeline([("inner", Pipeline([("scale", StandardScaler()), ("pca", PCA(3))])), ("model", Ridge())]), "reg")
    book.add("pipe_poly_ridge", lambda: Pipeline([("poly", PolynomialFeatures(2)), ("scale", StandardScaler()), ("model", Ridge())]), "reg")
    book.add("pipe_one_hot_logistic", lambda: Pipeline([("hot", OneHotEncoder(handle_unknown="ignore")), ("model", line())]), "strings", cases=("unseen_text",))


def unions(book):
    """Blocks side by side."""
    book.add("union", lambda: FeatureUnion([("pca", PCA(2)), ("scale", StandardScaler())]), "three")
    book.add("union_weights", lambda: FeatureUnion([("best", SelectKBest(k=2)), ("scale", StandardScaler())], transformer_weights={"best": 10, "scale": 0.3}), "three", "bits")
    book.add("union_drop", lambda: FeatureUnion([("gone", "drop"), ("scale", MinMaxScaler())]), "three", "bits")
    book.add("union_passthrough", lambda: FeatureUnion([("same", "passthrough"), ("scale", MinMaxScaler())]), "three", "bits")
    book.add("union_before_model", lambda: Pipeline([("both", FeatureUnion([("pca", PCA(2)), ("scale", MinMaxScaler())])), ("model", line())]), "three")


def columns(book):
    """By name, from a data frame."""
    def hot():
        return OneHotEncoder(handle_unknown="ignore")

    def usual(**more):
        return ColumnTransformer([("numbers", filled(), NUMBERS), ("words", hot(), WORDS)], **more)

    book.add("columns_usual", lambda: usual(), "table", "bits", cases=ASK)
    book.add("columns_logistic", lambda: Pipeline([("columns", usual()), ("model", line())]), "table", cases=ASK)
    book.add("columns_forest", lambda: Pipeline([("columns", usual()), ("model", RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0))]), "table", "bits", cases=ASK)
    book.add("columns_rest_passes", lambda: usual(remainder="passthrough"), "table", "bits", cases=ASK)
    book.add("columns_rest_scaled", lambda: ColumnTransformer([("words", hot(), WORDS), ("gone", "drop", ["member"])], remainder=filled("median")), "table", "bits", cases=ASK)
    book.add("columns_weights", lambda: usual(transformer_weights={"numbers": 0.5, "words": 4}, sparse_threshold=0), "table", "bits")
    book.add("columns_pass_and_drop", lambda: ColumnTransformer([("same", "passthrough", ["visits", "income"]), ("gone", "drop", ["age"]), ("words", OrdinalEncoder(), ["plan"])]), "table", "bits", cases=("reordered",))
    book.add("columns_empty_block", lambda: ColumnTransformer([("none", StandardScaler(), []), ("same", StandardScaler(), ["visits"])]), "table", "bits")
    book.add("columns_by_type", lambda: ColumnTransformer([("numbers", filled(), make_column_selector(dtype_include="number")), ("words", hot(), make_column_selector(pattern="^(colour|plan)$"))]), "table", "bits", cases=("reordered",))
    book.add("columns_name_slice", lambda: ColumnTransformer([("numbers", filled(), slice("age", "visits")), ("words", hot(), slice("colour", "plan"))]), "table", "bits")
    book.add("columns_mixed_positions", lambda: ColumnTransformer([("numbers", filled(), [0, 1]), ("words", hot(), [-3, 4])], remainder="drop"), "table", "bits", cases=("by_position",))
    book.add("columns_text", lambda: ColumnTransformer([("words", TfidfVectorizer(), "colour"), ("hot", hot(), ["plan"])]), "table", cases=("reordered",))
    book.add("columns_in_columns", lambda: Pipeline([("columns", ColumnTransformer([("words", Pipeline([("hot", hot())]), WORDS)], remainder="drop")), ("model", DecisionTreeClassifier(max_depth=2, random_state=0))]), "table", "bits")
    words = Pipeline([("fill", SimpleImputer(strategy="most_frequent")), ("hot", OneHotEncoder(handle_unknown="ignore"))])
    book.add("columns_filled_words", lambda: Pipeline([("columns", ColumnTransformer([("numbers", filled(), NUMBERS), ("words", words, WORDS)])), ("model", line())]), "table", cases=("reordered",))

    def numbers_only(model, rows, labels):
        return model.fit(rows[NUMBERS].fillna(0.0), labels)

    book.add("named_logistic", lambda: Pipeline([("scale", StandardScaler()), ("model", line())]), "table", fit=numbers_only, ask="numbers_of_table", note="trained on a data frame of numbers")


def by_position(book):
    """By position, from an array."""
    forms = {"list": [0, 2], "slice": slice(1, 3), "mask": [True, False, True, False], "negative": [-1, -3], "array": np.array([3, 0])}
    for name, chosen in forms.items():
        for rest in ("drop", "passthrough"):
            book.add("positions_%s_%s" % (name, rest), lambda chosen=chosen, rest=rest: ColumnTransformer([("scale", MinMaxScaler(), chosen)], remainder=rest), "three", "bits")
    book.add("positions_three_blocks", lambda: ColumnTransformer([("scale", MinMaxScaler(), [0, 1]), ("same", "passthrough", [2]), ("again", StandardScaler(), [0, 3])]), "three", "bits", cases=("float32", "nan"))
    book.add("positions_rest_model", lambda: Pipeline([("columns", ColumnTransformer([("scale", StandardScaler(), [3])], remainder=MinMaxScaler())), ("model", line())]), "three")
    book.add("positions_columns_twice", lambda: Pipeline([("a", ColumnTransformer([("scale", StandardScaler(), [3])], remainder="passthrough")), ("b", ColumnTransformer([("scale", MinMaxScaler(), [0])], remainder="passthrough"))]), "three", "bits")


def target(book):
    """Targets transformed and back."""
    book.add("target_scaled", lambda: TransformedTargetRegressor(LinearRegression(), transformer=StandardScaler()), "reg")
    book.add("target_log", lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), "positive")
    book.add("target_log_exp", lambda: TransformedTargetRegressor(GradientBoostingRegressor(n_estimators=3, max_depth=2, random_state=0), func=np.log, inverse_func=np.exp), "positive")
    book.add("target_sqrt", lambda: TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square), "positive")
    book.add("target_min_max", lambda: TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()), "reg2")
    book.add("target_quantile", lambda: TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=10)), "reg")
    book.add("target_none", lambda: TransformedTargetRegressor(Ridge()), "reg")
    book.add("target_pipeline", lambda: Pipeline([("scale", StandardScaler()), ("model", TransformedTargetRegressor(Ridge(), transformer=StandardScaler()))]), "reg")


def known(book):
    """The model of Seldon's well-known example: iris, one against the rest, liblinear."""
    def build():
        if VERSION >= (1, 8):
            return Pipeline([("clf", OneVsRestClassifier(LogisticRegression(solver="liblinear")))])
        return Pipeline([("clf", LogisticRegression(solver="liblinear", multi_class="ovr"))])

    def fit(model, _rows, _target):
        return model.fit(*datasets.load_iris(return_X_y=True))

    book.add("seldon_iris", build, "three", fit=fit, cases=("iris",))
