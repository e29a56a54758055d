"""Linear models: logistic, stochastic gradient, ridge, lasso and their relatives."""
import numpy as np
from sklearn import linear_model as lm

from recipe import VERSION


def logistic(**options):
    """Long enough to converge, whatever the solver."""
    return lambda: lm.LogisticRegression(max_iter=2000, random_state=0, **options)


def fill(book):
    """Adds the family."""
    classifiers(book)
    gradient(book)
    margins(book)
    regressors(book)
    many_targets(book)
    generalised(book)


def classifiers(book):
    """Logistic regression: the kind of probability depends on solver, multi_class, version and classes."""
    book.add("logistic", logistic(), "three", cases=("float32", "int64", "nan", "infinite", "narrow", "text_numbers", "object_numbers", "one_row"))
    book.add("logistic_two", logistic(), "two", cases=("float32",))
    for solver in ("liblinear", "lbfgs", "newton-cg", "sag", "saga", "newton-cholesky"):
        for rows in ("two", "three"):
            name = "logistic_%s_%s" % (solver.replace("-", "_"), rows)
            book.add(name, logistic(solver=solver, tol=1e-3), rows)
    for kind in ("ovr", "multinomial", "auto"):
        for rows in ("two", "three"):
            name = "logistic_%s_%s" % (kind, rows)
            book.add(name, logistic(solver="lbfgs", multi_class=kind), rows)
    book.add("logistic_liblinear_auto_three", logistic(solver="liblinear", multi_class="auto"), "three")
    book.add("logistic_no_intercept", logistic(fit_intercept=False, solver="lbfgs"), "three")
    book.add("logistic_no_intercept_two", logistic(fit_intercept=False, solver="liblinear"), "two")
    book.add("logistic_balanced", logistic(class_weight="balanced", C=0.3, solver="lbfgs"), "three", labels="str")
    book.add("logistic_l1", logistic(penalty="l1", C=0.4, solver="liblinear"), "two")
    for labels in ("str", "object", "bool", "float", "gaps", "signs", "int32"):
        book.add("logistic_labels_" + labels, logistic(solver="lbfgs"), "two" if labels in ("bool", "signs") else "three", labels=labels)
    book.add("logistic_float32", logistic(solver="lbfgs"), "three", train=np.float32, cases=("float32",))
    book.add("logistic_cv", lambda: lm.LogisticRegressionCV(Cs=3, cv=3, max_iter=2000, solver="lbfgs"), "three")
    book.add("logistic_cv_two", lambda: lm.LogisticRegressionCV(Cs=2, cv=3, max_iter=2000, solver="liblinear"), "two", labels="str")
    book.add("logistic_cv_ovr", lambda: lm.LogisticRegressionCV(Cs=2, cv=3, multi_class="ovr", max_iter=2000), "three")
    book.add("logistic_cv_multinomial", lambda: lm.LogisticRegressionCV(Cs=2, cv=3, multi_class="multinomial", solver="lbfgs", max_iter=2000), "three")


def gradient(book):
    """Stochastic gradient: the loss decides whether there are probabilities and which."""
    losses = ["hinge", "log_loss" if VERSION >= (1, 1) else "log", "modified_huber", "squared_hinge", "perceptron",
              "squared_error" if VERSION >= (1, 0) else "squared_loss", "huber"]
    for loss in losses:
        short = loss.replace("log_loss", "log").replace("squared_error", "squared_loss")
        for rows in ("two", "three"):
            book.add("sgd_%s_%s" % (short, rows), lambda loss=loss: lm.SGDClassifier(loss=loss, random_state=0, max_iter=200, tol=1e-3), rows)
    book.add("sgd_labels_str", lambda: lm.SGDClassifier(loss=losses[1], random_state=0, max_iter=200, tol=1e-3), "three", labels="str")
    book.add("sgd_average", lambda: lm.SGDClassifier(loss=losses[2], average=True, random_state=0, max_iter=50, tol=1e-3), "three")
    for loss in (losses[5], "huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
        short = loss.replace("squared_error", "squared_loss")
        book.add("sgd_regressor_" + short, lambda loss=loss: lm.SGDRegressor(loss=loss, random_state=0, max_iter=200, tol=1e-3), "reg")
    book.add("sgd_one_class", lambda: lm.SGDOneClassSVM(random_state=0), "two")


def margins(book):
    """Classifiers that only have a decision."""
    book.add("perceptron", lambda: lm.Perceptron(random_state=0, max_iter=100, tol=1e-3), "three")
    book.add("perceptron_two", lambda: lm.Perceptron(random_state=0, max_iter=100, tol=1e-3), "two", labels="str")
    book.add("passive_aggressive", lambda: lm.PassiveAggressiveClassifier(random_state=0, max_iter=100, tol=1e-3), "three")
    book.add("passive_aggressive_two", lambda: lm.PassiveAggressiveClassifier(random_state=0, max_iter=100, tol=1e-3), "two")
    book.add("ridge_classifier", lambda: lm.RidgeClassifier(), "three")
    book.add("ridge_classifier_two", lambda: lm.RidgeClassifier(), "two", labels="str")
    book.add("ridge_classifier_multilabel", lambda: lm.RidgeClassifier(), "multilabel")
    book.add("ridge_classifier_cv", lambda: lm.RidgeClassifierCV(), "three", labels="gaps")


def regressors(book):
    """One target."""
    plain = {
        "linear": lm.LinearRegression, "ridge": lm.Ridge, "ridge_cv": lm.RidgeCV, "lasso": lambda: lm.Lasso(alpha=0.1),
        "lasso_cv": lambda: lm.LassoCV(cv=3), "elastic_net": lambda: lm.ElasticNet(alpha=0.1), "elastic_net_cv": lambda: lm.ElasticNetCV(cv=3),
        "lars": lm.Lars, "lars_cv": lambda: lm.LarsCV(cv=3), "lasso_lars": lambda: lm.LassoLars(alpha=0.05), "lasso_lars_ic": lm.LassoLarsIC,
        "lasso_lars_cv": lambda: lm.LassoLarsCV(cv=3), "omp": lambda: lm.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
        "omp_cv": lambda: lm.OrthogonalMatchingPursuitCV(cv=3), "bayesian_ridge": lm.BayesianRidge, "ard": lm.ARDRegression,
        "huber": lm.HuberRegressor, "theil_sen": lambda: lm.TheilSenRegressor(random_state=0, max_subpopulation=100),
        "passive_aggressive_regressor": lambda: lm.PassiveAggressiveRegressor(random_state=0, max_iter=100, tol=1e-3),
        "quantile": lambda: lm.QuantileRegressor(quantile=0.7, alpha=0.01, solver="highs"),
    }
    for name, make in plain.items():
        cases = ("float32", "int64", "nan", "narrow", "one_row") if name == "linear" else ("float32",) if name == "ridge" else ()
        book.add(name, make, "reg", cases=cases)
    book.add("ransac", lambda: lm.RANSACRegressor(random_state=0), "reg")
    book.add("linear_no_intercept", lambda: lm.LinearRegression(fit_intercept=False), "reg")
    book.add("lasso_no_intercept", lambda: lm.Lasso(alpha=0.1, fit_intercept=False), "reg")
    book.add("linear_float32", lm.LinearRegression, "reg", train=np.float32, cases=("float32",))
    book.add("ridge_float32", lm.Ridge, "reg", train=np.float32, cases=("float32",))
    for solver in ("svd", "cholesky", "lsqr", "sag"):
        book.add("ridge_" + solver, lambda solver=solver: lm.Ridge(solver=solver, random_state=0), "reg")


def many_targets(book):
    """Two targets: coef_ has a row for each."""
    for name, make in (("linear", lm.LinearRegression), ("ridge", lm.Ridge), ("ridge_cv", lm.RidgeCV), ("lasso", lambda: lm.Lasso(alpha=0.1)),
                       ("elastic_net", lambda: lm.ElasticNet(alpha=0.1)), ("multi_task_lasso", lambda: lm.MultiTaskLasso(alpha=0.1)),
                       ("multi_task_elastic_net", lambda: lm.MultiTaskElasticNet(alpha=0.1)), ("multi_task_lasso_cv", lambda: lm.MultiTaskLassoCV(cv=3)),
                       ("lars", lm.Lars), ("omp", lambda: lm.OrthogonalMatchingPursuit(n_nonzero_coefs=2)),
                       ("linear_no_intercept", lambda: lm.LinearRegression(fit_intercept=False))):
        book.add(name + "_2", make, "reg2")

    def column(model, rows, target):
        return model.fit(rows, target.reshape(-1, 1))

    book.add("linear_column_target", lm.LinearRegression, "reg", fit=column, note="target of shape [n, 1]")
    book.add("ridge_column_target", lm.Ridge, "reg", fit=column, note="target of shape [n, 1]")


def generalised(book):
    """A link function after the dot product."""
    book.add("poisson", lambda: lm.PoissonRegressor(max_iter=500), "positive")
    book.add("gamma", lambda: lm.GammaRegressor(max_iter=500), "positive")
    for power in (0, 1.5, 3):
        name = "tweedie_%s" % str(power).replace(".", "_")
        book.add(name, lambda power=power: lm.TweedieRegressor(power=power, alpha=0.1, max_iter=500), "positive")
    book.add("tweedie_identity", lambda: lm.TweedieRegressor(power=0, link="identity"), "positive")
    book.add("tweedie_0_log", lambda: lm.TweedieRegressor(power=0, link="log", alpha=0.1, max_iter=500), "positive")
