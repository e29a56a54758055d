"""Nearest neighbours and centroids, clusters and outliers by distance."""
import numpy as np
from sklearn import neighbors as nb
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope


def fill(book):
    """Adds the family."""
    classifier, regressor = nb.KNeighborsClassifier, nb.KNeighborsRegressor
    for algorithm in ("kd_tree", "ball_tree", "brute", "auto"):
        for weights in ("uniform", "distance"):
            book.add("knn_%s_%s" % (algorithm, weights),
                     lambda algorithm=algorithm, weights=weights: classifier(algorithm=algorithm, weights=weights), "three",
                     cases=("nan", "float32") if (algorithm, weights) == ("auto", "uniform") else ())
    for metric, more in (("manhattan", {}), ("chebyshev", {}), ("euclidean", {}), ("minkowski", {"p": 3}), ("minkowski", {"p": 1})):
        name = "knn_%s%s" % (metric, "_%d" % more["p"] if more else "")
        book.add(name, lambda metric=metric, more=more: classifier(4, metric=metric, weights="distance", **more), "three")
    for metric in ("cosine", "canberra", "braycurtis", "hamming", "cityblock", "l2", "sqeuclidean"):
        book.add("knn_brute_" + metric, lambda metric=metric: classifier(5, metric=metric, algorithm="brute", weights="distance"), "three",
                 exact="ties" if metric == "hamming" else "dot")
    for labels in ("str", "bool", "gaps"):
        book.add("knn_labels_" + labels, lambda: classifier(3), "two" if labels == "bool" else "three", labels=labels)
    book.add("knn_even", lambda: classifier(4), "three", note="even count of neighbours: votes can tie")
    book.add("knn_multi", lambda: classifier(3), "labels2")
    for weights in ("uniform", "distance"):
        book.add("knn_regressor_" + weights, lambda weights=weights: regressor(4, weights=weights), "reg")
        book.add("knn_regressor_2_" + weights, lambda weights=weights: regressor(4, weights=weights), "reg2")
    book.add("knn_regressor_brute", lambda: regressor(4, algorithm="brute", weights="distance"), "reg")
    book.add("knn_at_training_rows", lambda: classifier(3, weights="distance"), "counts3", exact="ties",
             note="whole numbers: distances of zero and equal distances")
    book.add("nearest_centroid", lambda: nb.NearestCentroid(), "three")
    book.add("nearest_centroid_manhattan", lambda: nb.NearestCentroid(metric="manhattan"), "three", labels="str")
    book.add("nearest_centroid_shrunken", lambda: nb.NearestCentroid(shrink_threshold=0.3), "three")
    book.add("nearest_centroid_priors", lambda: nb.NearestCentroid(priors=[0.2, 0.3, 0.5]), "three")
    book.add("kmeans", lambda: KMeans(3, random_state=0, n_init=3), "three", cases=("float32",))
    book.add("kmeans_float32", lambda: KMeans(3, random_state=0, n_init=3), "three", train=np.float32, cases=("float32",))
    book.add("mini_batch_kmeans", lambda: MiniBatchKMeans(4, random_state=0, n_init=3), "three")
    book.add("elliptic_envelope", lambda: EllipticEnvelope(random_state=0, contamination=0.2), "two")
