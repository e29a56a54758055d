"""Estimators that a server may refuse: it must do so by name, or answer these numbers."""
from sklearn import cluster, decomposition, ensemble, gaussian_process, impute, kernel_approximation, kernel_ridge
from sklearn import linear_model, mixture, multiclass, neighbors, preprocessing, semi_supervised, svm
from sklearn.metrics.pairwise import rbf_kernel

try:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
except ImportError:
    pass


def least_squares():
    """Imported late: 0.24 cannot import it beside a newer scipy."""
    from sklearn.cross_decomposition import PLSRegression
    return PLSRegression(2)


def fill(book):
    """Adds the family."""
    book.add("radius_neighbours", lambda: neighbors.RadiusNeighborsClassifier(radius=9.0, outlier_label=0), "three")
    book.add("radius_neighbours_regressor", lambda: neighbors.RadiusNeighborsRegressor(radius=9.0), "reg")
    book.add("outlier_factor", lambda: neighbors.LocalOutlierFactor(5, novelty=True), "three")
    book.add("kernel_density", lambda: neighbors.KernelDensity(bandwidth=0.7), "three")
    book.add("knn_imputer", lambda: impute.KNNImputer(n_neighbors=3), "holes")
    book.add("iterative_imputer", lambda: impute.IterativeImputer(random_state=0, max_iter=5), "holes")
    book.add("bayesian_mixture", lambda: mixture.BayesianGaussianMixture(n_components=2, random_state=0), "three")
    book.add("gaussian_process", lambda: gaussian_process.GaussianProcessClassifier(random_state=0), "two")
    book.add("gaussian_process_regressor", lambda: gaussian_process.GaussianProcessRegressor(random_state=0), "reg")
    book.add("target_encoder", lambda: preprocessing.TargetEncoder(random_state=0, cv=3), "strings", cases=("unseen_text",))
    book.add("spline", lambda: preprocessing.SplineTransformer(n_knots=4), "three")
    book.add("nmf", lambda: decomposition.NMF(2, random_state=0, init="random", max_iter=300), "abs")
    book.add("kernel_pca", lambda: decomposition.KernelPCA(2, kernel="rbf"), "three")
    book.add("sparse_pca", lambda: decomposition.SparsePCA(2, random_state=0, max_iter=20), "three")
    book.add("topics", lambda: decomposition.LatentDirichletAllocation(2, random_state=0), "counts3")
    book.add("pls", least_squares, "reg2")
    book.add("nystroem", lambda: kernel_approximation.Nystroem(n_components=4, random_state=0), "three")
    book.add("rbf_sampler", lambda: kernel_approximation.RBFSampler(n_components=4, random_state=0), "three")
    book.add("kernel_ridge", lambda: kernel_ridge.KernelRidge(kernel="rbf"), "reg")
    book.add("birch", lambda: cluster.Birch(n_clusters=3), "three")
    book.add("bisecting_kmeans", lambda: cluster.BisectingKMeans(3, random_state=0), "three")
    book.add("affinity_propagation", lambda: cluster.AffinityPropagation(), "three")
    book.add("mean_shift", lambda: cluster.MeanShift(bandwidth=3.0), "three")
    book.add("output_code", lambda: multiclass.OutputCodeClassifier(linear_model.LogisticRegression(solver="lbfgs"), code_size=2, random_state=0), "three")
    book.add("tree_embedding", lambda: ensemble.RandomTreesEmbedding(n_estimators=2, max_depth=2, random_state=0), "three", "bits")
    book.add("label_spreading", lambda: semi_supervised.LabelSpreading(), "three")
    book.add("svc_own_kernel", lambda: svm.SVC(kernel=rbf_kernel), "three", note="the kernel is a Python function")
    book.add("svc_precomputed", lambda: svm.SVC(kernel="precomputed"), "three", fit=lambda model, rows, target: model.fit(rows[:4] @ rows[:4].T, target[:4]))

    def sparse(model, rows, target):
        from scipy.sparse import csr_matrix
        return model.fit(csr_matrix(rows), target)

    book.add("svc_fitted_on_sparse", lambda: svm.SVC(gamma="scale"), "counts3", fit=sparse)
    book.add("knn_fitted_on_sparse", lambda: neighbors.KNeighborsClassifier(3), "counts3", exact="ties", fit=sparse)
    book.add("logistic_sparsified", lambda: linear_model.LogisticRegression(penalty="l1", solver="liblinear", C=0.3), "two",
             fit=lambda model, rows, target: model.fit(rows, target).sparsify())
