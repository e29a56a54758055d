"""Naive Bayes, discriminants, mixtures, networks."""
import numpy as np
from sklearn import naive_bayes as nb
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Linear
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis as Quadratic
from sklearn.mixture import GaussianMixture
from sklearn.neural_network import MLPClassifier, MLPRegressor

from recipe import VERSION

WIDE = {"min_categories": 7} if VERSION >= (0, 24) else {}


def fill(book):
    """Adds the family."""
    naive(book)
    discriminants(book)
    for kind in ("full", "tied", "diag", "spherical"):
        book.add("gaussian_mixture_" + kind, lambda kind=kind: GaussianMixture(3, covariance_type=kind, random_state=0), "three")
    networks(book)


def naive(book):
    """All five, with two and three classes."""
    for size in ("two", "three"):
        book.add("gaussian_nb_" + size, lambda: nb.GaussianNB(), size, cases=("nan", "float32") if size == "three" else ())
        rows = "counts2" if size == "two" else "counts3"
        book.add("multinomial_nb_" + size, lambda: nb.MultinomialNB(), rows)
        book.add("complement_nb_" + size, lambda: nb.ComplementNB(), rows)
        book.add("bernoulli_nb_" + size, lambda: nb.BernoulliNB(binarize=1.5), rows)
        book.add("categorical_nb_" + size, lambda: nb.CategoricalNB(**WIDE), rows)
    book.add("gaussian_nb_priors", lambda: nb.GaussianNB(priors=[0.2, 0.3, 0.5]), "three", labels="str")
    book.add("multinomial_nb_flat", lambda: nb.MultinomialNB(alpha=0.5, fit_prior=False), "counts3", labels="str")
    book.add("complement_nb_norm", lambda: nb.ComplementNB(norm=True), "counts3")
    book.add("bernoulli_nb_binary", lambda: nb.BernoulliNB(binarize=None), "counts3",
             fit=lambda model, rows, target: model.fit(rows > 1, target), note="binarize None: the questions are taken as they are")
    book.add("bernoulli_nb_default", lambda: nb.BernoulliNB(), "three")


def discriminants(book):
    """Linear and quadratic."""
    for solver in ("svd", "lsqr", "eigen"):
        for rows in ("two", "three"):
            book.add("lda_%s_%s" % (solver, rows), lambda solver=solver: Linear(solver=solver), rows)
    book.add("lda_one_component", lambda: Linear(n_components=1), "three", labels="str")
    book.add("lda_shrinkage", lambda: Linear(solver="eigen", shrinkage=0.3), "three")
    for rows in ("two", "three"):
        book.add("qda_" + rows, lambda: Quadratic(), rows)
    book.add("qda_regularised", lambda: Quadratic(reg_param=0.1), "three", labels="str")


def networks(book):
    """Multi-layer perceptrons."""
    def classifier(**options):
        return lambda: MLPClassifier(hidden_layer_sizes=options.pop("sizes", (6,)), max_iter=60, random_state=0, **options)

    for activation in ("identity", "logistic", "tanh", "relu"):
        book.add("mlp_" + activation, classifier(activation=activation), "three", cases=("float32", "nan") if activation == "relu" else ())
        book.add("mlp_regressor_" + activation,
                 lambda activation=activation: MLPRegressor(hidden_layer_sizes=(6,), activation=activation, max_iter=60, random_state=0), "reg")
    book.add("mlp_two", classifier(sizes=(5, 4)), "two")
    book.add("mlp_labels_str", classifier(), "three", labels="str")
    book.add("mlp_labels_str_two", classifier(), "two", labels="str")
    book.add("mlp_labels_bool", classifier(), "two", labels="bool")
    book.add("mlp_multilabel", classifier(), "multilabel")
    book.add("mlp_float32", classifier(), "three", train=np.float32, cases=("float32",))
    book.add("mlp_regressor_2", lambda: MLPRegressor(hidden_layer_sizes=(5, 3), max_iter=60, random_state=0), "reg2")
    book.add("mlp_regressor_poisson", lambda: MLPRegressor(hidden_layer_sizes=(5,), loss="poisson", max_iter=60, random_state=0), "positive")
