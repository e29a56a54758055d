"""Neighbours: Scan (or CDist of `com.microsoft`) for distances, then TopK."""

import numpy as np
from sklearn import neighbors as ne

import data
from pipeline import numeric

CDIST = {"optim": "cdist"}


def pipelines():
    """Classifiers, regressors, searches."""
    yield from classifiers()
    yield from regressors()
    yield from searches()


def few_iris():
    """Every third flower: the training rows are kept in the model."""
    rows, kinds = data.iris()
    return rows[::3], kinds[::3]


def classifiers():
    """Votes of neighbours."""
    iris = few_iris()
    rows, kinds = iris
    nearest = ne.KNeighborsClassifier
    yield numeric("neighbours", nearest(3), *iris)
    yield numeric("neighbours_names", nearest(3), rows, np.array(["a", "b", "c"])[kinds])
    yield numeric("neighbours_distance", nearest(5, weights="distance"), *iris)
    yield numeric("neighbours_manhattan", nearest(4, metric="manhattan"), *iris)
    yield numeric("neighbours_minkowski", nearest(4, metric="minkowski", p=3), *iris)
    yield numeric("neighbours_cdist", nearest(3), *iris, options=CDIST)
    two = data.two_labels()
    yield numeric(
        "neighbours_two_labels", nearest(3), two[0][::3], two[1][::3], options={"zipmap": False}
    )
    yield numeric(
        "neighbours_f64", nearest(3), rows.astype(np.float64), kinds, options={"zipmap": False}
    )
    yield numeric(
        "radius_neighbours", ne.RadiusNeighborsClassifier(3.0, outlier_label=0), *iris, rows=rows
    )
    yield numeric(
        "neighbourhood_components", ne.NeighborhoodComponentsAnalysis(2, random_state=0), *iris
    )


def regressors():
    """Averages of neighbours."""
    few = data.few_diabetes()
    nearest = ne.KNeighborsRegressor
    yield numeric("neighbours_regressor", nearest(3), *few)
    yield numeric("neighbours_regressor_distance", nearest(3, weights="distance"), *few)
    yield numeric("neighbours_regressor_cdist", nearest(3), *few, options=CDIST)
    both = data.two_targets()
    yield numeric("neighbours_regressor_two", nearest(3), both[0][:60], both[1][:60])
    yield numeric(
        "radius_neighbours_regressor", ne.RadiusNeighborsRegressor(5.0), *few, rows=few[0]
    )


def searches():
    """The neighbours themselves, and the outliers among rows."""
    rows, _ = few_iris()
    yield numeric("nearest_neighbours", ne.NearestNeighbors(n_neighbors=3, radius=None), rows)
    yield numeric(
        "nearest_neighbours_radius", ne.NearestNeighbors(n_neighbors=None, radius=0.5), rows
    )
    yield numeric("neighbours_transformer", ne.KNeighborsTransformer(n_neighbors=3), rows)
    yield numeric("local_outlier_factor", ne.LocalOutlierFactor(5, novelty=True), rows)
