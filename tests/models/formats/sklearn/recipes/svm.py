"""Support vector machines."""
import numpy as np
from sklearn import svm


def fill(book):
    """Adds the family."""
    classifiers(book)
    others(book)


def classifiers(book):
    """libsvm classifiers: kernels, probabilities, votes."""
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        for rows in ("two", "three"):
            book.add("svc_%s_%s" % (kernel, rows), lambda kernel=kernel: svm.SVC(kernel=kernel, gamma="scale", coef0=0.3), rows,
                     cases=("nan", "float32") if (kernel, rows) == ("rbf", "three") else ())
    for rows in ("two", "three"):
        book.add("svc_probability_" + rows, lambda: svm.SVC(probability=True, random_state=0, gamma="scale"), rows)
        book.add("nu_svc_" + rows, lambda: svm.NuSVC(nu=0.4, gamma="scale"), rows)
    book.add("svc_probability_linear", lambda: svm.SVC(kernel="linear", probability=True, random_state=0), "three", labels="str")
    book.add("nu_svc_probability", lambda: svm.NuSVC(nu=0.4, probability=True, random_state=0, gamma="auto"), "three")
    book.add("svc_ovo", lambda: svm.SVC(decision_function_shape="ovo", gamma=0.2), "three")
    book.add("svc_break_ties", lambda: svm.SVC(break_ties=True, gamma="scale"), "three")
    book.add("svc_poly_degree_2", lambda: svm.SVC(kernel="poly", degree=2, coef0=1.0, gamma="auto", C=0.5), "three")
    book.add("svc_poly_degree_5", lambda: svm.SVC(kernel="poly", degree=5, coef0=1.0, gamma=0.1), "two")
    book.add("svc_balanced", lambda: svm.SVC(class_weight="balanced", gamma="scale", C=3.0), "three", labels="gaps")
    for labels in ("str", "object", "bool", "float", "signs"):
        book.add("svc_labels_" + labels, lambda: svm.SVC(gamma="scale"), "two" if labels in ("bool", "signs") else "three", labels=labels)
    book.add("svc_labels_str_two", lambda: svm.SVC(gamma="scale", probability=True, random_state=0), "two", labels="str")
    book.add("svc_float32", lambda: svm.SVC(gamma="scale"), "three", train=np.float32, cases=("float32",))


def others(book):
    """liblinear, regression, one class."""
    for rows in ("two", "three"):
        book.add("linear_svc_" + rows, lambda: svm.LinearSVC(random_state=0, max_iter=5000), rows)
    book.add("linear_svc_crammer_singer", lambda: svm.LinearSVC(multi_class="crammer_singer", random_state=0, max_iter=5000), "three")
    book.add("linear_svc_no_intercept", lambda: svm.LinearSVC(fit_intercept=False, random_state=0, max_iter=5000), "three", labels="str")
    book.add("linear_svr", lambda: svm.LinearSVR(random_state=0, max_iter=5000), "reg")
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        book.add("svr_" + kernel, lambda kernel=kernel: svm.SVR(kernel=kernel, gamma="scale", C=2.0), "reg")
    book.add("nu_svr", lambda: svm.NuSVR(gamma="scale"), "reg")
    for kernel in ("linear", "rbf"):
        book.add("one_class_svm_" + kernel, lambda kernel=kernel: svm.OneClassSVM(kernel=kernel, gamma="scale", nu=0.3), "three")
