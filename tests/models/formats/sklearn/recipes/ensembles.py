"""Estimators made of estimators: boosting, bagging, voting, stacking, calibration."""
from sklearn import ensemble as en
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from recipe import BASE

LINEAR = {"solver": "lbfgs", "max_iter": 500}


def tree(depth=2):
    return DecisionTreeClassifier(max_depth=depth, random_state=0)


def based(make, member, **options):
    """The member is called `base_estimator` up to 1.1 and `estimator` from 1.2 on."""
    return make(**dict(options, **{BASE: member}))


def fill(book):
    """Adds the family."""
    adaptive(book)
    bagging(book)
    voting(book)
    stacking(book)
    calibration(book)


def adaptive(book):
    """AdaBoost in both forms; SAMME.R left in 1.6."""
    for rows in ("two", "three"):
        book.add("ada_" + rows, lambda: en.AdaBoostClassifier(n_estimators=3, random_state=0), rows)
        for algorithm in ("SAMME", "SAMME.R"):
            name = "ada_%s_%s" % (algorithm.lower().replace(".", "_"), rows)
            book.add(name, lambda algorithm=algorithm: based(en.AdaBoostClassifier, tree(), n_estimators=4, algorithm=algorithm, random_state=0), rows,
                     cases=("nan", "edges") if rows == "three" else ())
        book.add("ada_depth_2_" + rows, lambda: based(en.AdaBoostClassifier, tree(), n_estimators=4, learning_rate=0.5, random_state=0), rows, labels="str")
    book.add("ada_logistic", lambda: based(en.AdaBoostClassifier, LogisticRegression(**LINEAR), n_estimators=3, random_state=0), "three")
    book.add("ada_one_member", lambda: based(en.AdaBoostClassifier, DecisionTreeClassifier(random_state=0), n_estimators=4, random_state=0), "three",
             note="the first member fits perfectly, so there is one")
    for loss in ("linear", "square", "exponential"):
        book.add("ada_regressor_" + loss, lambda loss=loss: en.AdaBoostRegressor(n_estimators=3, loss=loss, random_state=0), "reg", "bits")


def bagging(book):
    """Bags of trees, of members without probabilities, of feature subsets."""
    book.add("bagging", lambda: based(en.BaggingClassifier, tree(3), n_estimators=3, random_state=0), "three", "bits", cases=("nan", "edges"))
    book.add("bagging_features", lambda: based(en.BaggingClassifier, tree(3), n_estimators=3, max_features=2, random_state=0), "three", "bits", labels="str")
    book.add("bagging_votes", lambda: based(en.BaggingClassifier, LinearSVC(random_state=0), n_estimators=3, random_state=0), "three")
    book.add("bagging_logistic", lambda: based(en.BaggingClassifier, LogisticRegression(**LINEAR), n_estimators=3, random_state=0), "three",
             note="decision_function is the mean of the members'")
    book.add("bagging_missing_classes", lambda: based(en.BaggingClassifier, tree(2), n_estimators=4, max_samples=4, random_state=3), "three", "bits",
             note="some members never saw every class")
    book.add("bagging_knn", lambda: based(en.BaggingClassifier, KNeighborsClassifier(3), n_estimators=2, max_samples=20, random_state=0), "two")
    book.add("bagging_regressor", lambda: based(en.BaggingRegressor, DecisionTreeRegressor(max_depth=3, random_state=0), n_estimators=3, random_state=0), "reg", "bits", cases=("nan",))
    book.add("bagging_regressor_features", lambda: based(en.BaggingRegressor, Ridge(), n_estimators=3, max_features=0.5, random_state=0), "reg")
    book.add("bagging_regressor_2", lambda: based(en.BaggingRegressor, DecisionTreeRegressor(max_depth=3, random_state=0), n_estimators=3, random_state=0), "reg2", "bits")


def voting(book):
    """Soft, hard, with weights; the members speak encoded labels."""
    def members():
        return [("line", LogisticRegression(**LINEAR)), ("bayes", GaussianNB()), ("tree", tree(3))]

    book.add("voting_soft", lambda: en.VotingClassifier(members(), voting="soft"), "three")
    book.add("voting_soft_weights", lambda: en.VotingClassifier(members(), voting="soft", weights=[1, 2.5, 0.5], flatten_transform=False), "three", labels="str")
    book.add("voting_hard", lambda: en.VotingClassifier(members()), "three", labels="gaps")
    book.add("voting_hard_weights", lambda: en.VotingClassifier(members(), weights=[2, 1, 1]), "three", labels="object")
    book.add("voting_hard_two", lambda: en.VotingClassifier(members()), "two", labels="bool")

    def dropped():
        model = en.VotingClassifier(members(), voting="soft", weights=[1, 2, 3])
        return model.set_params(bayes="drop")

    book.add("voting_dropped", dropped, "three")

    def lines():
        return [("line", LinearRegression()), ("tree", DecisionTreeRegressor(max_depth=3, random_state=0))]

    book.add("voting_regressor", lambda: en.VotingRegressor(lines()), "reg")
    book.add("voting_regressor_weights", lambda: en.VotingRegressor(lines(), weights=[0.3, 0.7]), "reg")


def stacking(book):
    """Members' answers as features of a last estimator."""
    def members():
        return [("bayes", GaussianNB()), ("tree", tree(2))]

    for rows in ("two", "three"):
        book.add("stacking_" + rows, lambda: en.StackingClassifier(members(), LogisticRegression(**LINEAR), cv=3), rows)
        book.add("stacking_decision_" + rows, lambda: en.StackingClassifier([("margin", LinearSVC(random_state=0)), ("bayes", GaussianNB())], LogisticRegression(**LINEAR), cv=3), rows, labels="str")
        book.add("stacking_predict_" + rows, lambda: en.StackingClassifier(members(), LogisticRegression(**LINEAR), stack_method="predict", cv=3), rows)
        book.add("stacking_passthrough_" + rows, lambda: en.StackingClassifier(members(), LogisticRegression(**LINEAR), passthrough=True, cv=3), rows)
    book.add("stacking_dropped", lambda: en.StackingClassifier(members() + [("gone", "drop")], tree(2), cv=3), "three", labels="gaps")
    book.add("stacking_regressor", lambda: en.StackingRegressor([("line", LinearRegression()), ("tree", DecisionTreeRegressor(max_depth=2, random_state=0))], Ridge(), cv=3), "reg")
    book.add("stacking_regressor_passthrough", lambda: en.StackingRegressor([("line", Ridge())], LinearRegression(), passthrough=True, cv=3), "reg")

    def prefit(model, rows, target):
        model.estimators = [(name, member.fit(rows, target)) for name, member in model.estimators]
        return model.fit(rows, target)

    book.add("stacking_prefit", lambda: en.StackingClassifier(members(), LogisticRegression(**LINEAR), cv="prefit"), "three", fit=prefit)


def calibration(book):
    """Sigmoid, isotonic and temperature, over decisions and over probabilities."""
    members = {"margin": lambda: LinearSVC(random_state=0), "svc": lambda: SVC(gamma="scale"), "bayes": GaussianNB, "tree": lambda: tree(3)}
    for member, make in members.items():
        for rows in ("two", "three"):
            for method in ("sigmoid", "isotonic", "temperature"):
                if member == "svc" and rows == "two" or member == "tree" and method == "temperature":
                    continue
                exact = "steps" if method == "isotonic" else "dot"
                book.add("calibrated_%s_%s_%s" % (method, member, rows),
                         lambda make=make, method=method: based(CalibratedClassifierCV, make(), method=method, cv=2), rows, exact)
    book.add("calibrated_labels_str", lambda: based(CalibratedClassifierCV, GaussianNB(), cv=3), "three", labels="str")
    book.add("calibrated_one", lambda: based(CalibratedClassifierCV, LinearSVC(random_state=0), cv=3, ensemble=False), "three")
    book.add("calibrated_one_two", lambda: based(CalibratedClassifierCV, GaussianNB(), cv=3, ensemble=False), "two", labels="bool")

    def prefit(model, rows, target):
        member = getattr(model, BASE).fit(rows, target)
        return model.set_params(**{BASE: member}).fit(rows, target)

    def frozen(model, rows, target):
        from sklearn.frozen import FrozenEstimator
        member = getattr(model, BASE).fit(rows, target)
        return model.set_params(**{BASE: FrozenEstimator(member)}).fit(rows, target)

    book.add("calibrated_prefit", lambda: based(CalibratedClassifierCV, GaussianNB(), cv="prefit"), "three", fit=prefit)
    book.add("calibrated_frozen", lambda: based(CalibratedClassifierCV, GaussianNB()), "three", fit=frozen)
