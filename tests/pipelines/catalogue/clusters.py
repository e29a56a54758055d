"""Clusters and mixtures."""

import numpy as np
from sklearn import cluster, mixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import data
from pipeline import numeric


def pipelines():
    """K-means, and mixtures with each form of covariance."""
    rows, _ = data.iris()
    wide = rows.astype(np.float64)
    yield numeric("k_means", cluster.KMeans(3, n_init=2, random_state=0), rows)
    yield numeric("k_means_f64", cluster.KMeans(3, n_init=2, random_state=0), wide)
    scaled = make_pipeline(StandardScaler(), cluster.KMeans(4, n_init=2, random_state=0))
    yield numeric("k_means_scaled", scaled, rows)
    yield numeric("k_means_mini_batch", cluster.MiniBatchKMeans(3, n_init=2, random_state=0), rows)
    for form in ["full", "tied", "diag", "spherical"]:
        model = mixture.GaussianMixture(3, covariance_type=form, random_state=0)
        yield numeric(f"mixture_{form}", model, rows)
    yield numeric(
        "mixture_scores",
        mixture.GaussianMixture(2, random_state=0),
        wide,
        options={"score_samples": True},
    )
    yield numeric(
        "mixture_bayesian", mixture.BayesianGaussianMixture(n_components=3, random_state=0), rows
    )
