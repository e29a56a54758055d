"""Models made of models."""

import numpy as np
from sklearn import calibration as ca
from sklearn import ensemble as en
from sklearn import model_selection as ms
from sklearn import multiclass as mc
from sklearn import multioutput as mo
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import data
from pipeline import numeric, with_skl2onnx


def logistic():
    """A fresh logistic regression."""
    return LogisticRegression(max_iter=500)


def tree():
    """A fresh small tree."""
    return DecisionTreeClassifier(max_depth=3, random_state=0)


def pipelines():
    """Votes, stacks, one model per class or target, searches, calibration."""
    yield from votes()
    yield from several_classes()
    yield from several_targets()
    yield from searches()
    yield from calibrations()


def votes():
    """Several models on the same rows."""
    iris, diabetes = data.iris(), data.diabetes()
    pair = [("a", logistic()), ("b", tree())]
    soft = en.VotingClassifier(pair, voting="soft", flatten_transform=False)
    yield numeric("voting_soft", soft, *iris)
    yield numeric("voting_hard", en.VotingClassifier(pair, flatten_transform=False), *iris)
    weighted = en.VotingClassifier(
        pair, voting="soft", weights=np.array([1, 3]), flatten_transform=False
    )
    yield numeric("voting_weights", weighted, *data.iris_names())
    lines = [("a", LinearRegression()), ("b", DecisionTreeRegressor(max_depth=3, random_state=0))]
    yield numeric("voting_regressor", en.VotingRegressor(lines), *diabetes)
    yield numeric("stacking", en.StackingClassifier(pair, cv=3), *iris)
    passed = en.StackingClassifier(pair, cv=3, passthrough=True, final_estimator=logistic())
    yield numeric("stacking_passthrough", passed, *data.iris_names())
    yield numeric("stacking_regressor", en.StackingRegressor(lines, Ridge(), cv=3), *diabetes)


def several_classes():
    """One model per class or pair of classes."""
    iris = data.iris()
    yield numeric("one_vs_rest_tree", mc.OneVsRestClassifier(tree()), *iris)
    yield numeric(
        "one_vs_rest_svc", mc.OneVsRestClassifier(LinearSVC(random_state=0)), *data.iris_names()
    )
    yield numeric("one_vs_rest_tags", mc.OneVsRestClassifier(logistic()), *data.tags())
    yield numeric("one_vs_one", mc.OneVsOneClassifier(logistic()), *iris)
    yield numeric("one_vs_one_names", mc.OneVsOneClassifier(tree()), *data.iris_names())
    yield numeric("output_code", mc.OutputCodeClassifier(logistic(), random_state=0), *iris)


def several_targets():
    """One model per target."""
    yield numeric("multi_output", mo.MultiOutputClassifier(logistic()), *data.tags())
    yield numeric("multi_output_tree", mo.MultiOutputClassifier(tree()), *data.two_labels())
    yield numeric("multi_output_regressor", mo.MultiOutputRegressor(Ridge()), *data.two_targets())
    yield numeric("classifier_chain", mo.ClassifierChain(logistic(), random_state=0), *data.tags())


def best(search, types):
    """The best estimator of a search, converted in its place."""
    return with_skl2onnx()(search.best_estimator_, types)


def searches():
    """The best of several settings."""
    iris = data.iris()
    scaled = make_pipeline(StandardScaler(), logistic())
    grid = ms.GridSearchCV(scaled, {"logisticregression__C": [0.1, 1.0]}, cv=3)
    yield numeric("grid_search", grid, *iris)
    random = ms.RandomizedSearchCV(tree(), {"max_depth": [2, 3]}, n_iter=2, cv=3, random_state=0)
    yield numeric("randomized_search", random, *iris)
    random = ms.RandomizedSearchCV(tree(), {"max_depth": [2, 3]}, n_iter=2, cv=3, random_state=0)
    yield numeric("randomized_search_best", random, *iris, convert=best)
    grid = ms.GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3)
    yield numeric("grid_search_regressor", grid, *data.diabetes())
    tuned = ms.TunedThresholdClassifierCV(
        make_pipeline(StandardScaler(), logistic()), cv=3, random_state=0
    )
    yield numeric("tuned_threshold", tuned, *data.cancer())


def calibrations():
    """Scores turned into probabilities."""
    iris, cancer = data.iris(), data.cancer()
    for method in ["sigmoid", "isotonic"]:
        model = ca.CalibratedClassifierCV(GaussianNB(), method=method, cv=3)
        yield numeric(f"calibrated_{method}", model, *iris)
        model = ca.CalibratedClassifierCV(tree(), method=method, cv=3)
        yield numeric(f"calibrated_{method}_binary", model, *cancer)
    model = ca.CalibratedClassifierCV(SVC(random_state=0), ensemble=False, cv=3)
    yield numeric("calibrated_svc", model, *iris)
