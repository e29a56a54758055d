"""Makes the models that `radiant-bench-estimators` measures.

    python models.py FOLDER [--only TEXT] [--compile NAMES]

Everything is seeded: a second run gives the same models. Each has a folder `FOLDER/NAME` with the file
that its own library wrote, `rows.json` (rows and the library's answers, in the form of
`tests/models/formats/README.md`), and the same model for ONNX Runtime, where skl2onnx can convert it.
Numbers are in double precision, as a server reads them from JSON, but for ONNX Runtime, which gets the
single precision that its converters expect.

`--compile` takes boosted trees through tl2cgen as well, which keeps gcc busy for minutes.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import onnxruntime
import pandas as pd
from lightgbm import LGBMClassifier
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from xgboost import XGBClassifier

sys.path.append(str(Path(__file__).resolve().parents[1] / "engines"))
# Also tells skl2onnx of XGBoost and LightGBM.
from tables import OPSETS, compile_forest

warnings.filterwarnings("ignore")

N_ROWS = 1024


def main():
    """Makes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only models with this in their names")
    parser.add_argument("--compile", default="", help="names of boosted trees, for tl2cgen")
    arguments = parser.parse_args()
    for name, make in MAKERS.items():
        if arguments.only in name:
            folder = arguments.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            estimator, rows = make()
            file = save(folder, name, estimator)
            answers = estimator.predict_proba(rows)
            save_rows(folder, file, rows, answers)
            has_onnx = convert(folder, estimator, rows, answers)
            if name in arguments.compile.split(","):
                compile_forest(folder, estimator, rows.astype(np.float32))
            size = (folder / file).stat().st_size // 1024
            print(f"{name}: {file}, {size} KiB{', ONNX' if has_onnx else ''}", flush=True)


def iris():
    """A scaler and logistic regression on four columns."""
    flowers, species = load_iris(return_X_y=True)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, species), repeated(flowers)


def digits(estimator):
    """Images of eight by eight, ten classes."""

    def make():
        images, labels = load_digits(return_X_y=True)
        return estimator.fit(images, labels), repeated(images)

    return make


def noise(estimator, n_columns=20):
    """Columns of noise of which four matter, two classes."""

    def make():
        random = np.random.RandomState(1)
        columns = random.randn(6000, n_columns)
        target = columns[:, 0] * columns[:, 1] + np.sin(3 * columns[:, 2]) + columns[:, 3] ** 2
        target = target + 0.3 * random.randn(len(columns))
        estimator.fit(columns, (target > np.median(target)).astype(np.int64))
        return estimator, random.randn(N_ROWS, n_columns)

    return make


def people():
    """A table of numbers, some of them missing, and texts."""
    random = np.random.RandomState(2)
    n = 4000
    table = pd.DataFrame(
        {
            "age": np.where(random.rand(n) < 0.1, np.nan, random.randint(18, 90, n)),
            "income": random.gamma(3, 1000, n).round(2),
            "visits": random.poisson(3, n).astype(np.float64),
            "city": random.choice([f"city{index:02}" for index in range(40)], n),
            "plan": random.choice(["free", "plus", "pro"], n),
        }
    )
    bought = (table["income"] * (1 + (table["plan"] == "pro")) + 200 * table["visits"] > 4000).astype(int)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [
            ("numbers", numbers, ["age", "income", "visits"]),
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["city", "plan"]),
        ]
    )
    estimator = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(table, bought)
    return estimator, table[:N_ROWS]


def text():
    """Weights of words and logistic regression, on twenty words a row."""
    random = np.random.RandomState(3)
    words = np.array([f"word{index:03}" for index in range(500)])
    rows = [" ".join(random.choice(words, 20)) for _ in range(2000)]
    labels = [row.count("word0") > 4 for row in rows]
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(rows, labels), rows[:N_ROWS]


def repeated(rows):
    """As many rows as are asked for."""
    return np.resize(rows, (N_ROWS, rows.shape[1]))


def save(folder, name, estimator):
    """Writes the file as people do; gives its name."""
    if isinstance(estimator, XGBClassifier):
        file = "model.ubj" if name.endswith("ubj") else "model.json"
        estimator.save_model(folder / file)
    elif isinstance(estimator, LGBMClassifier):
        file = "model.txt"
        estimator.booster_.save_model(folder / file)
    else:
        file = "model.joblib"
        joblib.dump(estimator, folder / file)
    return file


def save_rows(folder, file, rows, answers):
    """Writes rows and answers as a golden file."""
    if isinstance(rows, pd.DataFrame):
        types = {name: "float64" if rows[name].dtype == np.float64 else "object" for name in rows}
        columns = [{"name": name, "dtype": types[name], "data": values(rows[name])} for name in rows]
        given = {"columns": columns}
    elif isinstance(rows, list):
        given = {"dtype": "str", "shape": [len(rows)], "data": rows}
    else:
        given = {"dtype": "float64", "shape": list(rows.shape), "data": values(rows.ravel())}
    answer = {"dtype": str(answers.dtype), "shape": list(answers.shape), "data": values(answers.ravel())}
    golden = {"model": file, "cases": {"plain": {"input": given, "answers": {"predict_proba": answer}}}}
    (folder / "rows.json").write_text(json.dumps(golden, allow_nan=False))


def values(array):
    """Values for JSON."""
    return ["nan" if value != value else value for value in array.tolist()]


def convert(folder, estimator, rows, answers):
    """Writes the model for ONNX Runtime, if it can be converted and answers the same."""
    if isinstance(rows, pd.DataFrame):
        return False
    kind = StringTensorType([None, 1]) if isinstance(rows, list) else FloatTensorType([None, rows.shape[1]])
    try:
        options = {id(estimator): {"zipmap": False}}
        model = convert_sklearn(estimator, initial_types=[("X", kind)], target_opset=OPSETS, options=options)
        asked = np.array(rows).reshape(-1, 1) if isinstance(rows, list) else rows.astype(np.float32)
        given = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": asked})[-1]
        np.testing.assert_allclose(given, answers, rtol=0.01, atol=0.01)
    except Exception as problem:
        print(f"  no ONNX: {' '.join(str(problem).split())[:150]}")
        return False
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return True


MAKERS = {
    "logistic": iris,
    "forest": digits(RandomForestClassifier(n_estimators=100, random_state=0)),
    "boosting": digits(GradientBoostingClassifier(n_estimators=50, random_state=0)),
    "histogram": digits(HistGradientBoostingClassifier(max_iter=50, random_state=0)),
    "svc": digits(SVC(probability=True, random_state=0)),
    "neighbours": digits(KNeighborsClassifier()),
    "neighbours-kd": noise(KNeighborsClassifier(algorithm="kd_tree"), n_columns=4),
    "mlp": digits(MLPClassifier((64, 32), max_iter=60, random_state=0)),
    "pca-lda": digits(make_pipeline(PCA(30, random_state=0), LinearDiscriminantAnalysis())),
    "columns": people,
    "text": text,
    "xgboost-json": noise(XGBClassifier(n_estimators=300, max_depth=8, learning_rate=0.05, n_jobs=2)),
    "xgboost-ubj": noise(XGBClassifier(n_estimators=300, max_depth=8, learning_rate=0.05, n_jobs=2)),
    "lightgbm": noise(LGBMClassifier(n_estimators=300, num_leaves=127, n_jobs=2, verbose=-1)),
}

if __name__ == "__main__":
    main()
