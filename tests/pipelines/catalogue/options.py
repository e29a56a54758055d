"""The converters' options: what the graph gives, and in which form."""

from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import data
from pipeline import numeric


def logistic():
    """A fresh logistic regression."""
    return LogisticRegression(max_iter=500)


def pipelines():
    """Each option on a model that has it."""
    iris, cancer = data.iris(), data.cancer()
    names = data.iris_names()
    small = {"n_estimators": 5, "max_depth": 4, "random_state": 0}
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    for form in [True, False, "columns"]:
        named = f"option_zipmap_{str(form).lower()}"
        yield numeric(named, logistic(), *iris, options={"zipmap": form})
        yield numeric(f"{named}_names", logistic(), *names, options={"zipmap": form})
    forest = RandomForestClassifier(**small)
    yield numeric("option_zipmap_columns_forest", forest, *iris, options={"zipmap": "columns"})
    yield numeric("option_raw_scores", logistic(), *iris, options={"raw_scores": True})
    scaled = make_pipeline(StandardScaler(), logistic())
    yield numeric(
        "option_raw_scores_binary", scaled, *cancer, options={"raw_scores": True, "zipmap": False}
    )
    boosted = GradientBoostingClassifier(**small)
    yield numeric("option_raw_scores_boosted", boosted, *iris, options={"raw_scores": True})
    yield numeric(
        "option_raw_scores_svc", SVC(), *iris, options={"raw_scores": True, "zipmap": False}
    )
    yield numeric("option_nocl", logistic(), *iris, options={"nocl": True, "zipmap": False})
    yield numeric("option_nocl_names", logistic(), *names, options={"nocl": True, "zipmap": False})
    yield numeric(
        "option_output_class_labels",
        logistic(),
        *names,
        options={"output_class_labels": True, "zipmap": False},
    )
    for option in ["decision_path", "decision_leaf"]:
        yield numeric(f"option_{option}", tree, *iris, options={option: True, "zipmap": False})
        regressor = DecisionTreeRegressor(max_depth=3, random_state=0)
        yield numeric(
            f"option_{option}_regressor", regressor, *data.diabetes(), options={option: True}
        )
        forest = RandomForestClassifier(3, max_depth=3, random_state=0)
        yield numeric(
            f"option_{option}_forest", forest, *cancer, options={option: True, "zipmap": False}
        )
    network = MLPClassifier((6,), max_iter=50, random_state=0)
    yield numeric("option_nocl_mlp", network, *iris, options={"nocl": True, "zipmap": False})
    outliers = IsolationForest(n_estimators=4, max_samples=32, random_state=0)
    older = {"": 18, "ai.onnx.ml": 3}
    yield numeric(
        "option_score_samples",
        outliers,
        iris[0],
        options={"score_samples": True},
        target_opset=older,
    )
    mixture = GaussianMixture(2, random_state=0)
    yield numeric("option_score_samples_mixture", mixture, iris[0], options={"score_samples": True})
    yield numeric(
        "option_black_list",
        logistic(),
        *iris,
        black_op={"LinearClassifier"},
        options={"zipmap": False},
    )
    scaled = make_pipeline(StandardScaler(), logistic())
    yield numeric(
        "option_black_scaler",
        scaled,
        *iris,
        black_op={"Scaler", "Normalizer"},
        options={"zipmap": False},
    )
