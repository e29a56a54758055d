"""Trees, forests and boosted trees."""
import numpy as np
from sklearn import ensemble as en
from sklearn import tree as tr
from sklearn.linear_model import LinearRegression, LogisticRegression

from recipe import VERSION

try:
    from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401
except ImportError:
    pass

SQUARED = "squared_error" if VERSION >= (1, 0) else "ls"
ABSOLUTE = "absolute_error" if VERSION >= (1, 0) else "lad"
HARD = ("nan", "edges", "float32", "infinite", "narrow", "text_numbers", "object_numbers")


def fill(book):
    """Adds the family."""
    single(book)
    forests(book)
    boosting(book)
    histogram(book)
    isolation(book)


def weighted(model, rows, target):
    """Fits with weights that are no powers of two, so that stored fractions do not sum to one exactly."""
    return model.fit(rows, target, sample_weight=np.linspace(0.3, 1.7, len(rows)))


def single(book):
    """One tree."""
    for kind, make in (("tree", tr.DecisionTreeClassifier), ("extra_tree", tr.ExtraTreeClassifier)):
        for rows in ("two", "three"):
            book.add("%s_%s" % (kind, rows), lambda make=make: make(max_depth=3, random_state=0), rows, "bits", cases=HARD if rows == "three" else ("edges",))
        book.add(kind + "_multi", lambda make=make: make(max_depth=3, random_state=0), "labels2", "bits")
        book.add(kind + "_multilabel", lambda make=make: make(max_depth=3, random_state=0), "multilabel", "bits")
        book.add(kind + "_weighted", lambda make=make: make(max_depth=3, random_state=0), "three", "bits", fit=weighted)
        book.add(kind + "_holes", lambda make=make: make(max_depth=4, random_state=0), "holes", "bits")
    book.add("tree_entropy_balanced", lambda: tr.DecisionTreeClassifier(criterion="entropy", class_weight="balanced", max_leaf_nodes=7, random_state=0), "three", "bits")
    for labels in ("str", "object", "bool", "float", "gaps", "signs", "int32", "uint8"):
        book.add("tree_labels_" + labels, lambda: tr.DecisionTreeClassifier(max_depth=2, random_state=0), "two" if labels in ("bool", "signs") else "three", "bits", labels=labels)
    book.add("tree_one_leaf", lambda: tr.DecisionTreeClassifier(max_depth=1, min_samples_leaf=40, random_state=0), "three", "bits")
    book.add("tree_pruned", lambda: tr.DecisionTreeClassifier(ccp_alpha=0.02, random_state=0), "three", "bits")
    for kind, make in (("tree", tr.DecisionTreeRegressor), ("extra_tree", tr.ExtraTreeRegressor)):
        book.add(kind + "_regressor", lambda make=make: make(max_depth=3, random_state=0), "reg", "bits", cases=("edges", "nan"))
        book.add(kind + "_regressor_2", lambda make=make: make(max_depth=3, random_state=0), "reg2", "bits")
    book.add("tree_regressor_holes", lambda: tr.DecisionTreeRegressor(max_depth=4, random_state=0), "holes-reg", "bits")
    absolute = "absolute_error" if VERSION >= (1, 0) else "mae"
    book.add("tree_regressor_absolute", lambda: tr.DecisionTreeRegressor(criterion=absolute, max_depth=3, random_state=0), "reg", "bits")


def forests(book):
    """Means over trees."""
    kinds = (("forest", en.RandomForestClassifier, en.RandomForestRegressor), ("extra_trees", en.ExtraTreesClassifier, en.ExtraTreesRegressor))
    for kind, classifier, regressor in kinds:
        def grow(make, **more):
            return lambda: make(n_estimators=3, max_depth=3, random_state=0, **more)

        book.add(kind, grow(classifier), "three", "bits", cases=("nan", "edges", "float32", "infinite") if kind == "forest" else ("nan",))
        book.add(kind + "_two", grow(classifier), "two", "bits")
        book.add(kind + "_holes", grow(classifier), "holes", "bits")
        book.add(kind + "_multi", grow(classifier), "labels2", "bits")
        book.add(kind + "_labels_str", grow(classifier, class_weight="balanced"), "three", "bits", labels="str")
        book.add(kind + "_regressor", grow(regressor), "reg", "bits", cases=("nan",))
        book.add(kind + "_regressor_2", grow(regressor), "reg2", "bits")
        book.add(kind + "_regressor_holes", grow(regressor), "holes-reg", "bits")
    book.add("forest_weighted", lambda: en.RandomForestClassifier(n_estimators=4, max_depth=3, random_state=0), "three", "bits", fit=weighted)
    book.add("forest_labels_bool", lambda: en.RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0), "two", "bits", labels="bool")
    book.add("forest_multilabel", lambda: en.RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0), "multilabel", "bits")
    book.add("extra_trees_bootstrap_oob", lambda: en.ExtraTreesClassifier(n_estimators=8, max_depth=2, bootstrap=True, oob_score=True, random_state=0), "two", "bits")


def boosting(book):
    """Classic gradient boosting; decision values are bit-equal, probabilities pass through exp."""
    classifier, regressor = en.GradientBoostingClassifier, en.GradientBoostingRegressor

    def grow(make, **more):
        return lambda: make(n_estimators=more.pop("rounds", 2), max_depth=2, random_state=0, **more)

    for rows in ("two", "three"):
        book.add("boosting_" + rows, grow(classifier), rows, "bits", cases=("edges", "nan", "float32") if rows == "three" else ("edges",))
        book.add("boosting_init_zero_" + rows, grow(classifier, init="zero"), rows, "bits")
        book.add("boosting_subsample_" + rows, grow(classifier, subsample=0.6, max_features=2, learning_rate=0.3), rows, "bits", labels="str")
        book.add("boosting_init_logistic_" + rows, grow(classifier, init=LogisticRegression(solver="lbfgs", max_iter=500)), rows)
    book.add("boosting_exponential", grow(classifier, loss="exponential"), "two", "bits", cases=("edges",))
    book.add("boosting_labels_bool", grow(classifier), "two", "bits", labels="bool")
    book.add("boosting_early_stop", lambda: classifier(n_estimators=9, max_depth=1, n_iter_no_change=2, random_state=0), "two", "bits")
    for loss in (SQUARED, ABSOLUTE, "huber", "quantile"):
        short = {"ls": "squared_error", "lad": "absolute_error"}.get(loss, loss)
        book.add("boosting_regressor_" + short, grow(regressor, loss=loss, alpha=0.8), "reg", "bits", cases=("edges",) if loss == SQUARED else ())
    book.add("boosting_regressor_init_zero", grow(regressor, init="zero"), "reg", "bits")
    book.add("boosting_regressor_init_linear", grow(regressor, init=LinearRegression()), "reg")


def histogram(book):
    """Histogram gradient boosting, with missing values and categories."""
    classifier = getattr(en, "HistGradientBoostingClassifier", None)
    regressor = getattr(en, "HistGradientBoostingRegressor", None)

    def grow(make, **more):
        def build():
            if make is None:
                raise ImportError("no histogram gradient boosting in this version")
            return make(max_iter=3, max_leaf_nodes=5, min_samples_leaf=4, max_bins=more.pop("bins", 16), random_state=0, **more)
        return build

    for rows in ("two", "three"):
        book.add("histogram_" + rows, grow(classifier), rows, "bits", cases=("edges", "nan", "float32", "infinite") if rows == "three" else ("edges", "nan"))
        book.add("histogram_holes_" + rows, grow(classifier), "holes" if rows == "three" else "holes-two", "bits", labels="str")
    book.add("histogram_regressor", grow(regressor), "reg", "bits", cases=("nan",))
    book.add("histogram_regressor_holes", grow(regressor), "holes-reg", "bits")
    for loss in ("absolute_error" if VERSION >= (1, 0) else "least_absolute_deviation", "poisson", "gamma"):
        short = loss.replace("least_absolute_deviation", "absolute_error")
        book.add("histogram_regressor_" + short, grow(regressor, loss=loss), "positive", "bits" if short == "absolute_error" else "dot")
    book.add("histogram_regressor_quantile", grow(regressor, loss="quantile", quantile=0.8), "reg", "bits")
    book.add("histogram_categories", grow(classifier, categorical_features=[0, 1]), "categories", "bits",
             note="codes never seen in training, missing codes")
    book.add("histogram_categories_last", grow(classifier, categorical_features=[False, True, False, False]), "categories", "bits")

    def odd(model, rows, target):
        rows = np.array(rows)
        rows[:, 0] += 20
        return model.fit(rows[:, [2, 0, 1, 3]], target)

    book.add("histogram_categories_cast", grow(classifier, categorical_features=[1], bins=64), "categories", "bits", fit=odd,
             note="up to 1.3 a code is cut to eight bits without a sign and without its fraction", cases=("odd_codes",))

    def named(model, rows, target):
        return model.fit(rows.assign(colour=rows.colour.astype("category"), plan=rows.plan.astype("category")), target)

    book.add("histogram_categories_text", grow(classifier, categorical_features=["colour", "plan", "visits"]), "table", "bits", cases=("reordered",))
    book.add("histogram_categories_from_dtype", grow(classifier, categorical_features="from_dtype"), "table", "bits", fit=named)


def isolation(book):
    """Isolation forests: path lengths, then one power."""
    book.add("isolation_forest", lambda: en.IsolationForest(n_estimators=4, max_samples=16, random_state=0, contamination=0.2), "two", cases=("nan", "edges"))
    book.add("isolation_forest_auto", lambda: en.IsolationForest(n_estimators=4, max_samples=16, random_state=0), "two")
    book.add("isolation_forest_features", lambda: en.IsolationForest(n_estimators=4, max_features=2, max_samples=12, bootstrap=True, random_state=0), "three")
