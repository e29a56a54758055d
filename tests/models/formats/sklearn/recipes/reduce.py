"""Transformers that choose or combine columns: selection, decomposition, isotonic regression."""
import numpy as np
from sklearn import decomposition as de
from sklearn import feature_selection as fs
from sklearn import random_projection as rp
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

LINEAR = {"solver": "lbfgs", "max_iter": 500}


def fill(book):
    """Adds the family."""
    scores(book)
    models(book)
    decompositions(book)
    for bounds in ("nan", "clip"):
        for rising in (True, False, "auto"):
            book.add("isotonic_%s_%s" % (bounds, str(rising).lower()), lambda bounds=bounds, rising=rising: IsotonicRegression(out_of_bounds=bounds, increasing=rising), "one", "bits")
    book.add("isotonic_raise", lambda: IsotonicRegression(out_of_bounds="raise"), "one", "bits", ask="inside")
    book.add("isotonic_bounded", lambda: IsotonicRegression(y_min=1.0, y_max=3.5, out_of_bounds="clip"), "one", "bits")


def scores(book):
    """Selection by stored scores and p-values."""
    book.add("variance", lambda: fs.VarianceThreshold(), "three", "bits", cases=("float32", "int64", "nan"))
    book.add("variance_threshold", lambda: fs.VarianceThreshold(2.0), "three", "bits")
    for k in (1, 2, "all"):
        book.add("select_best_%s" % k, lambda k=k: fs.SelectKBest(k=k), "three", "bits", cases=("float32", "int64") if k == 2 else ())
    for score in ("chi2", "mutual_info_classif"):
        book.add("select_best_" + score, lambda score=score: fs.SelectKBest(getattr(fs, score), k=2), "counts3", "bits")
    book.add("select_best_regression", lambda: fs.SelectKBest(fs.f_regression, k=2), "reg", "bits")

    def tied(model, rows, target):
        rows = rows.copy()
        rows[:, 3] = rows[:, 1]
        rows[:, 2] = 1.0
        return model.fit(rows, target)

    book.add("select_best_tied", lambda: fs.SelectKBest(k=1), "three", "bits", fit=tied, note="two equal scores and a NaN")
    book.add("select_percentile_tied", lambda: fs.SelectPercentile(percentile=30), "three", "bits", fit=tied, note="two equal scores and a NaN")
    for percentile in (25, 50, 60, 100):
        book.add("select_percentile_%d" % percentile, lambda percentile=percentile: fs.SelectPercentile(percentile=percentile), "three", "bits")
    book.add("select_fpr", lambda: fs.SelectFpr(alpha=0.01), "three", "bits")
    book.add("select_fwe", lambda: fs.SelectFwe(alpha=0.01), "three", "bits")
    book.add("select_fdr", lambda: fs.SelectFdr(alpha=0.01), "three", "bits")
    for mode, param in (("percentile", 50), ("k_best", 3), ("fpr", 0.01), ("fdr", 0.01), ("fwe", 0.01)):
        book.add("select_generic_" + mode, lambda mode=mode, param=param: fs.GenericUnivariateSelect(mode=mode, param=param), "three", "bits")


def models(book):
    """Selection by a model."""
    book.add("rfe", lambda: fs.RFE(LogisticRegression(**LINEAR), n_features_to_select=2), "three", "bits")
    book.add("rfe_cv", lambda: fs.RFECV(LogisticRegression(**LINEAR), cv=2), "three", "bits")
    book.add("sequential", lambda: fs.SequentialFeatureSelector(LogisticRegression(**LINEAR), n_features_to_select=2, cv=2), "three", "bits")
    book.add("from_logistic", lambda: fs.SelectFromModel(LogisticRegression(**LINEAR)), "three", "bits")
    book.add("from_logistic_two", lambda: fs.SelectFromModel(LogisticRegression(**LINEAR), threshold="1.2*median"), "two", "bits")
    book.add("from_logistic_l1", lambda: fs.SelectFromModel(LogisticRegression(penalty="l1", solver="liblinear", C=0.2, random_state=0)), "two", "bits")
    book.add("from_lasso", lambda: fs.SelectFromModel(Lasso(alpha=0.8)), "reg", "bits")
    book.add("from_mean", lambda: fs.SelectFromModel(Lasso(alpha=0.1), threshold="mean"), "reg", "bits")
    book.add("from_number", lambda: fs.SelectFromModel(Lasso(alpha=0.1), threshold=1.5), "reg", "bits")
    book.add("from_norm", lambda: fs.SelectFromModel(LogisticRegression(**LINEAR), norm_order=2), "three", "bits")
    book.add("from_max_features", lambda: fs.SelectFromModel(LogisticRegression(**LINEAR), max_features=2, threshold=-np.inf), "three", "bits")
    book.add("from_tree", lambda: fs.SelectFromModel(DecisionTreeClassifier(max_depth=3, random_state=0)), "three", "bits")
    book.add("from_forest", lambda: fs.SelectFromModel(RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0), threshold="median"), "three", "bits")

    def prefit(model, rows, target):
        model.estimator.fit(rows, target)
        return model

    book.add("from_prefit", lambda: fs.SelectFromModel(LogisticRegression(**LINEAR), prefit=True, threshold="mean"), "three", "bits", fit=prefit)


def decompositions(book):
    """Projections."""
    book.add("pca", lambda: de.PCA(2), "three", cases=("float32", "nan"))
    book.add("pca_all", lambda: de.PCA(), "three")
    book.add("pca_whiten", lambda: de.PCA(3, whiten=True), "three")
    book.add("pca_share", lambda: de.PCA(0.8, svd_solver="full"), "three")
    book.add("pca_randomised", lambda: de.PCA(2, svd_solver="randomized", random_state=0), "three")
    book.add("pca_float32", lambda: de.PCA(2), "three", train=np.float32, cases=("float32",))
    book.add("incremental_pca", lambda: de.IncrementalPCA(2, batch_size=16), "three")
    book.add("incremental_pca_whiten", lambda: de.IncrementalPCA(2, whiten=True, batch_size=16), "three")
    book.add("svd", lambda: de.TruncatedSVD(2, random_state=0), "three")
    book.add("svd_arpack", lambda: de.TruncatedSVD(2, algorithm="arpack", random_state=0), "three")
    book.add("fast_ica", lambda: de.FastICA(2, random_state=0, max_iter=500), "three")
    book.add("fast_ica_unwhitened", lambda: de.FastICA(whiten=False, random_state=0, max_iter=500), "three")
    book.add("factor_analysis", lambda: de.FactorAnalysis(2, random_state=0), "three")
    book.add("gaussian_projection", lambda: rp.GaussianRandomProjection(2, random_state=0), "three")
    book.add("sparse_projection", lambda: rp.SparseRandomProjection(3, density=0.5, random_state=0, dense_output=True), "three")
