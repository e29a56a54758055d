"""One against the rest, chains, several outputs, searches, dummies."""
import numpy as np
from sklearn import model_selection as ms
from sklearn import multiclass as mc
from sklearn import multioutput as mo
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

try:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
except ImportError:
    pass

LINEAR = {"solver": "lbfgs", "max_iter": 500}


def line():
    return LogisticRegression(**LINEAR)


def fill(book):
    """Adds the family."""
    one_against(book)
    outputs(book)
    searches(book)
    dummies(book)


def one_against(book):
    """One-vs-rest and one-vs-one over decisions, probabilities and regressors."""
    members = {"margin": lambda: LinearSVC(random_state=0), "line": line, "bayes": GaussianNB, "tree": lambda: DecisionTreeClassifier(max_depth=2, random_state=0)}
    for member, make in members.items():
        for rows in ("two", "three"):
            book.add("ovr_%s_%s" % (member, rows), lambda make=make: mc.OneVsRestClassifier(make()), rows)
            book.add("ovo_%s_%s" % (member, rows), lambda make=make: mc.OneVsOneClassifier(make()), rows)
    book.add("ovr_regressor", lambda: mc.OneVsRestClassifier(Ridge()), "three")
    book.add("ovr_labels_str", lambda: mc.OneVsRestClassifier(line()), "three", labels="str")
    book.add("ovr_labels_str_two", lambda: mc.OneVsRestClassifier(line()), "two", labels="str")
    book.add("ovr_multilabel", lambda: mc.OneVsRestClassifier(line()), "multilabel")
    book.add("ovr_multilabel_margin", lambda: mc.OneVsRestClassifier(LinearSVC(random_state=0)), "multilabel")
    book.add("ovo_labels_str", lambda: mc.OneVsOneClassifier(SVC(gamma="scale")), "three", labels="str")


def outputs(book):
    """Several targets."""
    book.add("multi_classifier", lambda: mo.MultiOutputClassifier(line()), "labels2")
    book.add("multi_classifier_trees", lambda: mo.MultiOutputClassifier(DecisionTreeClassifier(max_depth=2, random_state=0)), "multilabel", "bits")
    book.add("multi_regressor", lambda: mo.MultiOutputRegressor(Ridge()), "reg2")
    book.add("chain_regressor", lambda: mo.RegressorChain(Ridge(), order=[1, 0]), "reg2")
    book.add("chain_regressor_in_order", lambda: mo.RegressorChain(LinearRegression()), "reg2")
    book.add("chain_classifier", lambda: mo.ClassifierChain(line(), order=[2, 0, 1]), "multilabel")
    book.add("chain_classifier_proba", lambda: mo.ClassifierChain(line(), chain_method="predict_proba"), "multilabel")


def searches(book):
    """Search wrappers delegate to the best estimator."""
    def pipeline():
        return Pipeline([("scale", StandardScaler()), ("model", line())])

    book.add("grid_search", lambda: ms.GridSearchCV(pipeline(), {"model__C": [0.1, 1.0]}, cv=2), "three", labels="str")
    book.add("grid_search_margin", lambda: ms.GridSearchCV(LinearSVC(random_state=0), {"C": [0.1, 1.0]}, cv=2), "two")
    book.add("grid_search_regressor", lambda: ms.GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2), "reg")
    book.add("randomised_search", lambda: ms.RandomizedSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, n_iter=2, cv=2, random_state=0), "three")
    book.add("halving_search", lambda: ms.HalvingGridSearchCV(RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0), {"max_depth": [1, 2]}, cv=2, random_state=0), "three", "bits")
    book.add("halving_random_search", lambda: ms.HalvingRandomSearchCV(line(), {"C": [0.1, 1.0]}, n_candidates=2, cv=2, random_state=0), "two")
    for name in ("FixedThresholdClassifier", "TunedThresholdClassifierCV"):
        book.add("threshold_" + name[:5].lower(), lambda name=name: getattr(ms, name)(line()), "two", labels="str")


def dummies(book):
    """Estimators that do not look at the rows."""
    for strategy in ("prior", "most_frequent"):
        book.add("dummy_" + strategy, lambda strategy=strategy: DummyClassifier(strategy=strategy), "three", "bits", labels="str",
                 fit=lambda model, rows, target: model.fit(rows[:-4], target[:-4]))
    book.add("dummy_constant", lambda: DummyClassifier(strategy="constant", constant=1), "three", "bits")
    book.add("dummy_prior_2", lambda: DummyClassifier(strategy="prior"), "labels2", "bits")
    for strategy, more in (("mean", {}), ("median", {}), ("quantile", {"quantile": 0.3}), ("constant", {"constant": 2.5})):
        book.add("dummy_regressor_" + strategy, lambda strategy=strategy, more=more: DummyRegressor(strategy=strategy, **more), "reg", "bits")
    book.add("dummy_regressor_2", lambda: DummyRegressor(), "reg2", "bits")
    book.add("dummy_uniform", lambda: DummyClassifier(strategy="uniform", random_state=0), "three", "bits", note="random at each call: to be refused")
    book.add("dummy_stratified", lambda: DummyClassifier(strategy="stratified", random_state=0), "three", "bits", note="random at each call: to be refused")
