"""Support vectors: SVMClassifier and SVMRegressor."""

import numpy as np
from sklearn import svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import data
from pipeline import numeric

PLAIN = {"zipmap": False}
KERNELS = ["linear", "poly", "rbf", "sigmoid"]


def pipelines():
    """Classifiers, regressors, and the detector of outliers."""
    yield from classifiers()
    yield from regressors()
    yield numeric("linear_svc", svm.LinearSVC(random_state=0), *data.iris())
    yield numeric("linear_svc_binary", svm.LinearSVC(random_state=0), *data.cancer())
    yield numeric("one_class_svm", svm.OneClassSVM(nu=0.2), data.iris()[0])
    yield numeric("one_class_svm_poly", svm.OneClassSVM(kernel="poly", nu=0.2), data.iris()[0])


def classifiers():
    """Each kernel with 2 and 3 classes, with and without probabilities."""
    iris, cancer = data.iris(), few_cancer()
    for kernel in KERNELS:
        scaled = make_pipeline(StandardScaler(), svm.SVC(kernel=kernel, random_state=0))
        yield numeric(f"svc_{kernel}", scaled, *iris)
        probable = svm.SVC(kernel=kernel, probability=True, random_state=0)
        yield numeric(f"svc_{kernel}_proba", make_pipeline(StandardScaler(), probable), *iris)
        binary = make_pipeline(StandardScaler(), svm.SVC(kernel=kernel, random_state=0))
        yield numeric(f"svc_{kernel}_binary", binary, *cancer)
    probable = make_pipeline(StandardScaler(), svm.SVC(probability=True, random_state=0))
    yield numeric("svc_rbf_proba_binary", probable, *cancer)
    yield numeric("svc_names", svm.SVC(probability=True, random_state=0), *data.iris_names())
    yield numeric("svc_ovo", svm.SVC(decision_function_shape="ovo"), *iris)
    rows, kinds = iris
    yield numeric("svc_f64", svm.SVC(), rows.astype(np.float64), kinds, options=PLAIN)
    yield numeric("nu_svc", svm.NuSVC(nu=0.3, random_state=0), *iris)
    yield numeric("nu_svc_proba", svm.NuSVC(nu=0.3, probability=True, random_state=0), *iris)
    linear = CalibratedClassifierCV(svm.LinearSVC(random_state=0), ensemble=False, cv=3)
    yield numeric("calibrated_linear_svc", linear, *iris)


def few_cancer():
    """A part of the tumours: every vector may be kept in the model."""
    rows, kinds = data.cancer()
    return rows[:150], kinds[:150]


def regressors():
    """Each kind of regression."""
    few = data.few_diabetes()
    yield numeric("svr_rbf", svm.SVR(), *few)
    yield numeric("svr_linear", svm.SVR(kernel="linear"), *few)
    yield numeric("svr_sigmoid", svm.SVR(kernel="sigmoid"), *few)
    yield numeric("nu_svr_poly", svm.NuSVR(kernel="poly"), *few)
    yield numeric("linear_svr", svm.LinearSVR(random_state=0), *few)
