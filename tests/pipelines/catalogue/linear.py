"""Linear models: LinearClassifier and LinearRegressor, or MatMul and Add."""

import numpy as np
from sklearn import linear_model as lm
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import data
from pipeline import numeric

PLAIN = {"zipmap": False}


def pipelines():
    """Classifiers, then regressors."""
    yield from classifiers()
    yield from regressors()
    yield from of_several_targets()


def classifiers():
    """Logistic regression in the forms that users have, and the other linear classifiers."""
    iris, cancer = data.iris(), data.cancer()
    logistic = lm.LogisticRegression
    yield numeric("logistic", logistic(max_iter=500), *iris)
    yield numeric("logistic_names", logistic(max_iter=500), *data.iris_names())
    yield numeric("logistic_binary", logistic(max_iter=5000), *cancer, options=PLAIN)
    rows, kinds = cancer
    wide = rows.astype(np.float64)
    yield numeric("logistic_f64", logistic(max_iter=5000), wide, kinds, options=PLAIN)
    scaled = make_pipeline(StandardScaler(), logistic())
    yield numeric("logistic_binary_zipmap", scaled, rows, kinds)
    yield numeric("logistic_bool", make_pipeline(StandardScaler(), logistic()), rows, kinds == 1)
    yield numeric("logistic_binary_names", scaled_copy(), rows, np.array(["bad", "good"])[kinds])
    yield numeric("logistic_ovr", OneVsRestClassifier(logistic(max_iter=500)), *iris)
    yield numeric("logistic_negative_labels", logistic(max_iter=500), iris[0], iris[1] - 1)
    yield numeric("logistic_cv", lm.LogisticRegressionCV(Cs=3, max_iter=500, cv=3), *iris)
    yield numeric("logistic_no_intercept", logistic(fit_intercept=False, max_iter=500), *iris)
    for name, loss in [("log", "log_loss"), ("hinge", "hinge"), ("huber", "modified_huber")]:
        model = make_pipeline(StandardScaler(), lm.SGDClassifier(loss=loss, random_state=0))
        yield numeric(f"sgd_{name}", model, *iris)
    yield numeric("sgd_log_binary", lm.SGDClassifier(loss="log_loss", random_state=0), *cancer)
    yield numeric("perceptron", lm.Perceptron(random_state=0), *iris)
    yield numeric("passive_aggressive", lm.PassiveAggressiveClassifier(random_state=0), *iris)
    yield numeric("ridge_classifier", lm.RidgeClassifier(), *iris)
    yield numeric("ridge_classifier_binary", lm.RidgeClassifier(), *cancer)
    yield numeric("ridge_classifier_cv", lm.RidgeClassifierCV(), *data.iris_names())
    yield numeric("sgd_one_class", lm.SGDOneClassSVM(random_state=0), iris[0])


def scaled_copy():
    """A fresh scaled logistic regression."""
    return make_pipeline(StandardScaler(), lm.LogisticRegression())


def regressors():
    """Every linear regression of scikit-learn that converts."""
    diabetes = data.diabetes()
    rows, progress = diabetes
    yield numeric("linear_regression", lm.LinearRegression(), *diabetes)
    yield numeric("linear_regression_f64", lm.LinearRegression(), rows.astype(np.float64), progress)
    whole = np.round(rows * 100).astype(np.int64)
    yield numeric("linear_regression_i64", lm.LinearRegression(), whole, progress)
    yield numeric("ridge_min_max", make_pipeline(MinMaxScaler(), lm.Ridge()), *diabetes)
    net = make_pipeline(RobustScaler(), lm.ElasticNet(alpha=0.01))
    yield numeric("elastic_net_robust", net, *diabetes)
    for name, model in {
        "lars": lm.Lars(random_state=0),
        "lasso": lm.Lasso(alpha=0.1),
        "lasso_lars_ic": lm.LassoLarsIC(),
        "orthogonal_matching_pursuit": lm.OrthogonalMatchingPursuit(),
        "bayesian_ridge": lm.BayesianRidge(),
        "ard": lm.ARDRegression(),
        "huber": lm.HuberRegressor(max_iter=1000),
        "theil_sen": lm.TheilSenRegressor(random_state=0, max_subpopulation=100),
        "ransac": lm.RANSACRegressor(random_state=0),
        "poisson": lm.PoissonRegressor(),
        "gamma": lm.GammaRegressor(),
        "tweedie": lm.TweedieRegressor(power=1.5),
        "tweedie_identity": lm.TweedieRegressor(power=0, link="identity"),
        "quantile_linear": lm.QuantileRegressor(alpha=0.01),
        "sgd_regressor": lm.SGDRegressor(random_state=0),
        "passive_aggressive_regressor": lm.PassiveAggressiveRegressor(random_state=0),
    }.items():
        yield numeric(name, model, *diabetes)


def of_several_targets():
    """Two numbers at once."""
    both = data.two_targets()
    yield numeric("linear_regression_two", lm.LinearRegression(), *both)
    yield numeric("multi_task_lasso", lm.MultiTaskLasso(), *both)
