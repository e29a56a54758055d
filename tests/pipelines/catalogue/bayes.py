"""Naive Bayes, discriminant analysis and Gaussian processes."""

import numpy as np
from sklearn import discriminant_analysis as da
from sklearn import gaussian_process as gp
from sklearn import naive_bayes as nb
from sklearn.gaussian_process import kernels
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer

import data
from pipeline import numeric


def pipelines():
    """Naive Bayes of every kind, then the others."""
    yield from naive()
    yield from discriminants()
    yield from processes()


def naive():
    """Naive Bayes."""
    iris, counts = data.iris(), data.counts()
    yield numeric("gaussian_bayes", nb.GaussianNB(), *iris)
    yield numeric("gaussian_bayes_names", nb.GaussianNB(), *data.iris_names())
    yield numeric("multinomial_bayes", nb.MultinomialNB(), *counts, rows=counts[0][:40])
    yield numeric("multinomial_bayes_i64", nb.MultinomialNB(), *whole(), rows=whole()[0][:40])
    yield numeric("complement_bayes", nb.ComplementNB(), *counts, rows=counts[0][:40])
    binary = make_pipeline(Binarizer(threshold=2.0), nb.BernoulliNB())
    yield numeric("bernoulli_bayes", binary, *iris)
    yield numeric("bernoulli_bayes_binarize", nb.BernoulliNB(binarize=2.5), *iris)
    categories = data.categories_as_numbers()
    yield numeric("categorical_bayes", nb.CategoricalNB(), *categories, rows=categories[0][:40])


def whole():
    """Counts as whole numbers."""
    rows, kinds = data.counts()
    return rows.astype(np.int64), kinds


def discriminants():
    """Linear and quadratic discriminant analysis."""
    iris = data.iris()
    yield numeric("lda", da.LinearDiscriminantAnalysis(), *iris)
    yield numeric("lda_binary", da.LinearDiscriminantAnalysis(), *data.cancer())
    yield numeric("qda", da.QuadraticDiscriminantAnalysis(), *iris)


def processes():
    """Gaussian processes, which keep their training rows."""
    few = data.few_diabetes()
    wide = few[0].astype(np.float64), few[1]
    yield numeric("gaussian_process", gp.GaussianProcessRegressor(random_state=0), *few)
    for name, kernel in {
        "rbf": kernels.RBF(0.5) + kernels.WhiteKernel(0.1),
        "matern": kernels.Matern(nu=1.5),
        "rational": kernels.RationalQuadratic(),
        "dot": kernels.DotProduct() + kernels.WhiteKernel(1.0),
        "sine": kernels.ExpSineSquared(),
    }.items():
        model = gp.GaussianProcessRegressor(kernel, optimizer=None, alpha=0.1, random_state=0)
        yield numeric(f"gaussian_process_{name}", model, *wide)
    model = gp.GaussianProcessRegressor(kernels.RBF(), optimizer=None, alpha=0.1)
    yield numeric("gaussian_process_std", model, *wide, options={"return_std": True})
    rows, kinds = data.iris()
    classifier = gp.GaussianProcessClassifier(kernels.RBF(), optimizer=None, random_state=0)
    half = rows[::5].astype(np.float64), (kinds[::5] == 1).astype(np.int64)
    yield numeric("gaussian_process_binary", classifier, *half)
    classifier = gp.GaussianProcessClassifier(kernels.RBF(), optimizer=None, random_state=0)
    yield numeric("gaussian_process_multi", classifier, rows[::5], kinds[::5])
