"""Trees of scikit-learn: TreeEnsembleClassifier, TreeEnsembleRegressor and what stands around."""

import numpy as np
from skl2onnx.common import _container
from sklearn import ensemble as en
from sklearn import tree
from sklearn.linear_model import LinearRegression

import data
from pipeline import numeric, with_skl2onnx

PLAIN = {"zipmap": False}
ML_3 = {"": 18, "ai.onnx.ml": 3}
WIDE = {"options": PLAIN, "target_opset": ML_3}


def pipelines():
    """One tree, forests, boosted trees, and the ensembles of any model."""
    yield from single()
    yield from forests()
    yield from boosted()
    yield from histograms()
    yield from bags()


def single():
    """Single trees."""
    iris, diabetes = data.iris(), data.diabetes()
    rows, kinds = iris
    yield numeric("tree", tree.DecisionTreeClassifier(max_depth=5, random_state=0), *iris)
    yield numeric(
        "tree_names", tree.DecisionTreeClassifier(max_depth=4, random_state=0), *data.iris_names()
    )
    yield numeric(
        "tree_regressor", tree.DecisionTreeRegressor(max_depth=5, random_state=0), *diabetes
    )
    yield numeric("extra_tree", tree.ExtraTreeClassifier(max_depth=5, random_state=0), *iris)
    yield numeric(
        "extra_tree_regressor", tree.ExtraTreeRegressor(max_depth=5, random_state=0), *diabetes
    )
    yield numeric(
        "tree_f64",
        tree.DecisionTreeClassifier(max_depth=4, random_state=0),
        rows.astype(np.float64),
        kinds,
        **WIDE,
    )
    whole = np.round(rows * 10).astype(np.int64)
    yield numeric(
        "tree_i64", tree.DecisionTreeClassifier(max_depth=4, random_state=0), whole, kinds
    )
    yield numeric("tree_of_one_class", tree.DecisionTreeClassifier(random_state=0), rows, kinds * 0)
    yield numeric(
        "tree_two_labels",
        tree.DecisionTreeClassifier(max_depth=4, random_state=0),
        *data.two_labels(),
        options=PLAIN,
    )
    yield numeric(
        "tree_two_targets",
        tree.DecisionTreeRegressor(max_depth=4, random_state=0),
        *data.two_targets(),
    )
    gappy = data.with_gaps(rows)
    yield numeric(
        "tree_missing", tree.DecisionTreeClassifier(max_depth=4, random_state=0), gappy, kinds
    )


def forests():
    """Averages of trees."""
    iris, cancer, diabetes = data.iris(), data.cancer(), data.diabetes()
    small = {"max_depth": 5, "random_state": 0}
    yield numeric("forest", en.RandomForestClassifier(10, **small), *iris)
    yield numeric("forest_names", en.RandomForestClassifier(5, **small), *data.iris_names())
    yield numeric("forest_binary", en.RandomForestClassifier(10, **small), *cancer)
    yield numeric("forest_regressor", en.RandomForestRegressor(8, **small), *diabetes)
    rows, progress = diabetes
    wide = rows.astype(np.float64)
    yield numeric(
        "forest_regressor_f64",
        en.RandomForestRegressor(5, **small),
        wide,
        progress,
        target_opset=ML_3,
    )
    yield numeric("forest_two_targets", en.RandomForestRegressor(5, **small), *data.two_targets())
    yield numeric(
        "forest_two_labels",
        en.RandomForestClassifier(5, **small),
        *data.two_labels(),
        options=PLAIN,
    )
    yield numeric("extra_trees", en.ExtraTreesClassifier(8, **small), *iris)
    yield numeric("extra_trees_regressor", en.ExtraTreesRegressor(5, **small), *diabetes)
    gappy = data.with_gaps(iris[0])
    yield numeric("forest_missing", en.RandomForestClassifier(5, **small), gappy, iris[1])
    detector = en.IsolationForest(n_estimators=5, max_samples=32, random_state=0)
    yield numeric("isolation_forest", detector, iris[0], target_opset=ML_3)
    embedding = en.RandomTreesEmbedding(
        n_estimators=4, max_depth=3, random_state=0, sparse_output=False
    )
    yield numeric("random_trees_embedding", embedding, iris[0])


def boosted():
    """Sums of trees."""
    iris, cancer, diabetes = data.iris(), data.cancer(), data.diabetes()
    small = {"n_estimators": 8, "max_depth": 3, "random_state": 0}
    yield numeric("boosted", en.GradientBoostingClassifier(**small), *iris)
    yield numeric("boosted_names", en.GradientBoostingClassifier(**small), *data.iris_names())
    yield numeric("boosted_binary", en.GradientBoostingClassifier(**small), *cancer)
    yield numeric(
        "boosted_exponential", en.GradientBoostingClassifier(loss="exponential", **small), *cancer
    )
    yield numeric("boosted_zero", en.GradientBoostingClassifier(init="zero", **small), *cancer)
    for loss in ["squared_error", "absolute_error", "huber", "quantile"]:
        model = en.GradientBoostingRegressor(loss=loss, **small)
        yield numeric(f"boosted_regressor_{loss}", model, *diabetes)
    yield numeric(
        "boosted_regressor_zero", en.GradientBoostingRegressor(init="zero", **small), *diabetes
    )
    trees = tree.DecisionTreeClassifier(max_depth=2, random_state=0)
    yield numeric("ada_boost", en.AdaBoostClassifier(n_estimators=6, random_state=0), *iris)
    yield numeric(
        "ada_boost_deep", en.AdaBoostClassifier(trees, n_estimators=5, random_state=0), *cancer
    )
    yield numeric(
        "ada_boost_regressor", en.AdaBoostRegressor(n_estimators=5, random_state=0), *diabetes
    )


def histograms():
    """Trees over histograms, which split with missing values."""
    iris, diabetes = data.iris(), data.diabetes()
    small = {"max_iter": 6, "max_leaf_nodes": 8, "random_state": 0}
    gappy = data.with_gaps(iris[0])
    yield numeric("histogram_unhelped", en.HistGradientBoostingRegressor(**small), *diabetes)
    plain = {"convert": with_plain_integers}
    yield numeric("histogram", en.HistGradientBoostingClassifier(**small), gappy, iris[1], **plain)
    yield numeric(
        "histogram_binary", en.HistGradientBoostingClassifier(**small), *data.cancer(), **plain
    )
    yield numeric(
        "histogram_regressor", en.HistGradientBoostingRegressor(**small), *diabetes, **plain
    )
    gappy = data.with_gaps(diabetes[0])
    yield numeric(
        "histogram_regressor_missing",
        en.HistGradientBoostingRegressor(**small),
        gappy,
        diabetes[1],
        **plain,
    )


def with_plain_integers(trained, types):
    """A conversion in which NumPy's whole numbers may be attributes.

    The converter hands some over, which onnx 1.23 refuses; in older versions it went well.
    """
    make_node = _container.make_node

    def make_plain_node(*arguments, **attributes):
        for name, value in attributes.items():
            if isinstance(value, list) and any(isinstance(item, np.integer) for item in value):
                attributes[name] = [int(item) for item in value]
        return make_node(*arguments, **attributes)

    _container.make_node = make_plain_node
    try:
        return with_skl2onnx()(trained, types)
    finally:
        _container.make_node = make_node


def bags():
    """Models on samples of the rows."""
    iris, diabetes = data.iris(), data.diabetes()
    small = {"n_estimators": 4, "random_state": 0}
    yield numeric(
        "bagging", en.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), **small), *iris
    )
    some = en.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), max_features=0.5, **small)
    yield numeric("bagging_features", some, *iris)
    yield numeric("bagging_regressor", en.BaggingRegressor(LinearRegression(), **small), *diabetes)
