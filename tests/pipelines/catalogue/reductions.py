"""Fewer columns: decompositions, projections and selections."""

import numpy as np
from sklearn import decomposition as dc
from sklearn import feature_selection as fs
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection

import data
from pipeline import numeric


def pipelines():
    """Decompositions, then selections."""
    yield from decompositions()
    yield from selections()


def decompositions():
    """Projections onto fewer axes."""
    rows, kinds = data.iris()
    for name, model in {
        "pca": dc.PCA(2, random_state=0),
        "pca_whiten": dc.PCA(3, whiten=True, random_state=0),
        "incremental_pca": dc.IncrementalPCA(2, batch_size=50),
        "truncated_svd": dc.TruncatedSVD(2, random_state=0),
        "gaussian_projection": GaussianRandomProjection(3, random_state=0),
    }.items():
        yield numeric(name, model, rows)
    for kernel in ["rbf", "poly", "cosine", "linear"]:
        model = dc.KernelPCA(2, kernel=kernel, random_state=0)
        yield numeric(f"kernel_pca_{kernel}", model, rows[::4].astype(np.float64))
    yield numeric("pca_f64", dc.PCA(2, random_state=0), rows.astype(np.float64))
    yield numeric(
        "pca_logistic", make_pipeline(dc.PCA(2, random_state=0), LogisticRegression()), rows, kinds
    )
    yield numeric("pls", PLSRegression(2), *data.diabetes())


def selections():
    """Columns kept or dropped."""
    iris = data.iris()
    chosen = {
        "k_best": fs.SelectKBest(k=2),
        "percentile": fs.SelectPercentile(percentile=50),
        "from_model": fs.SelectFromModel(Lasso(alpha=0.05)),
        "rfe": fs.RFE(LogisticRegression(max_iter=500), n_features_to_select=2),
        "rfe_cv": fs.RFECV(RandomForestClassifier(3, random_state=0), cv=3),
        "variance": fs.VarianceThreshold(0.3),
        "false_positives": fs.SelectFpr(),
    }
    for name, model in chosen.items():
        yield numeric(f"select_{name}", model, *iris)
    yield numeric(
        "select_logistic", make_pipeline(fs.SelectKBest(k=2), LogisticRegression()), *iris
    )
