"""The same pipelines in every operator set that the converter writes; fewer rows are asked."""

from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

import data
from pipeline import numeric, tabular

FIRST, LAST = 9, 22
COLUMNS = ["length", "width", "colour", "size"]
N_ROWS = 16


def pipelines():
    """First the sets of ai.onnx, then those of ai.onnx.ml."""
    yield from plain()
    yield from machine_learning()


def plain():
    """A table of mixed columns and neighbours in each set; the rest where something changed."""
    flowers, kinds = data.iris()
    few = data.asked(flowers, N_ROWS)
    for opset in range(FIRST, LAST + 1):
        target = {"": opset, "ai.onnx.ml": 1 if opset < 12 else 3}
        asked = {"target_opset": target, "rows": few}
        yield tabular(
            f"opset_{opset:02}_table", table(), COLUMNS, n_rows=N_ROWS, target_opset=target
        )
        neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(3))
        yield numeric(f"opset_{opset:02}_neighbours", neighbours, flowers[::6], kinds[::6], **asked)
    for opset in [9, 11, 13, 17]:
        asked = {"target_opset": {"": opset, "ai.onnx.ml": 1}, "rows": few}
        clusters = KMeans(3, n_init=1, random_state=0)
        yield numeric(f"opset_{opset:02}_k_means", clusters, flowers, **asked)
        boosted = GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0)
        yield numeric(f"opset_{opset:02}_boosted", boosted, flowers, kinds, **asked)


def machine_learning():
    """What changes between the sets of ai.onnx.ml."""
    flowers, kinds = data.iris()
    patients, progress = data.diabetes()
    few, fewer = data.asked(flowers, N_ROWS), data.asked(patients, N_ROWS)
    for ml in [1, 2, 3, 4, 5]:
        asked = {"target_opset": {"": 21, "ai.onnx.ml": ml}, "rows": few}
        forest = RandomForestRegressor(4, max_depth=3, random_state=0)
        yield numeric(
            f"opset_ml_{ml}_forest", forest, patients, progress, **asked | {"rows": fewer}
        )
        boosted = GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0)
        yield numeric(f"opset_ml_{ml}_boosted", boosted, flowers, kinds, **asked)
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        target = asked["target_opset"]
        yield tabular(
            f"opset_ml_{ml}_ordinal", encoder, COLUMNS[2:], n_rows=N_ROWS, target_opset=target
        )
        vectors = make_pipeline(StandardScaler(), SVC(probability=True, random_state=0))
        yield numeric(f"opset_ml_{ml}_svc", vectors, flowers[::2], kinds[::2], **asked)


def table():
    """Columns of numbers and texts before a logistic regression."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("num", numbers, COLUMNS[:2]), ("cat", words, COLUMNS[2:])])
    return make_pipeline(columns, LogisticRegression(max_iter=500))
