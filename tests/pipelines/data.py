"""The data that the pipelines are trained on and the rows that they are asked.

Everything comes with scikit-learn or is made here from a fixed seed. Each function gives new
arrays, so that no pipeline can change another's data. Training sets are small on purpose: the
corpus tests arithmetic, not accuracy.
"""

import numpy as np
import pandas as pd
from sklearn import datasets

N_ROWS = 36


def generator():
    """A generator with the one seed of the corpus."""
    return np.random.RandomState(20)


def iris():
    """150 flowers, 4 lengths, classes 0, 1 and 2."""
    rows, kinds = datasets.load_iris(return_X_y=True)
    return rows.astype(np.float32), kinds


def iris_names():
    """The same with the species' names."""
    rows, kinds = iris()
    return rows, datasets.load_iris().target_names.astype(str)[kinds]


def cancer():
    """569 tumours, the first 8 measures, classes 0 and 1."""
    rows, kinds = datasets.load_breast_cancer(return_X_y=True)
    return rows[:, :8].astype(np.float32), kinds


def diabetes():
    """442 patients, 10 measures around 0, the progression of the disease."""
    rows, progress = datasets.load_diabetes(return_X_y=True)
    return rows.astype(np.float32), progress


def few_diabetes():
    """The first 60 of them, for estimators that keep all their training rows."""
    rows, progress = diabetes()
    return rows[:60, :6], progress[:60]


def two_targets():
    """Diabetes with two numbers to predict."""
    rows, progress = diabetes()
    return rows, np.stack([progress, progress * rows[:, 2]], axis=1)


def two_labels():
    """Iris with two classes to predict: the species, and whether the petal is long."""
    rows, kinds = iris()
    return rows, np.stack([kinds, (rows[:, 2] > 4.5).astype(np.int64)], axis=1)


def tags():
    """Iris with a yes or no for each of three tags."""
    rows, kinds = iris()
    marks = [kinds == 0, rows[:, 0] > 5.8, rows[:, 3] > 1.3]
    return rows, np.stack(marks, axis=1).astype(np.int64)


def counts():
    """Small counts in 6 columns, 3 classes."""
    random = generator()
    kinds = np.arange(120) % 3
    rates = np.array([[1, 4, 2, 0.5, 3, 1], [4, 1, 1, 3, 0.5, 2], [2, 2, 5, 1, 1, 0.2]])
    return random.poisson(rates[kinds]).astype(np.float32), kinds


def categories_as_numbers():
    """Category numbers 0 to 3 in 4 columns, 3 classes."""
    random = generator()
    kinds = np.arange(120) % 3
    noise = random.randint(0, 4, size=(120, 4))
    rows = np.where(random.rand(120, 4) < 0.5, kinds[:, None], noise)
    return rows.astype(np.int64), kinds


def with_gaps(rows, share=0.12):
    """A copy with some of the numbers missing, never a whole column."""
    random = generator()
    holes = random.rand(*rows.shape) < share
    holes[0] = False
    gappy = rows.copy()
    gappy[holes] = np.nan
    return gappy


def asked(rows, n_rows=N_ROWS):
    """Rows to ask: some of the training rows, a few moved, and a few far outside."""
    random = generator()
    picked = rows[random.permutation(len(rows))[: min(n_rows, len(rows))]].copy()
    if picked.dtype.kind == "f":
        spread = np.nanstd(rows, axis=0)
        third = len(picked) // 3
        picked[:third] += (random.randn(third, rows.shape[1]) * spread / 4).astype(picked.dtype)
        far = np.stack([np.zeros_like(spread), spread * 50, -spread * 50, np.nanmean(rows, axis=0)])
        picked = np.concatenate([picked, far.astype(picked.dtype)])
    return picked


COLOURS = ["red", "green", "blue", "grün", ""]
SIZES = ["S", "M", "L"]


def table(n_rows=150):
    """A DataFrame of two numbers (one with gaps), two texts and a whole number; 3 classes."""
    flowers, kinds = iris()
    random = generator()
    frame = pd.DataFrame(
        {
            "length": flowers[:, 0],
            "width": with_gaps(flowers)[:, 1],
            "colour": np.array(COLOURS, dtype=object)[(kinds + random.randint(0, 3, 150)) % 5],
            "size": np.array(SIZES, dtype=object)[random.randint(0, 3, 150)],
            "visits": random.randint(0, 9, 150),
        }
    )
    frame["visits"] = frame["visits"].astype(np.int64)
    return frame[:n_rows], kinds[:n_rows]


def asked_table(frame, unknown=True, n_rows=N_ROWS):
    """Rows of a table to ask; with `unknown`, some with categories that training never saw."""
    rows = frame.iloc[generator().permutation(len(frame))[:n_rows]].reset_index(drop=True)
    strange = rows.iloc[:4].copy()
    if unknown:
        strange["colour"] = ["violet", "Red", "red ", "赤"]
        strange["size"] = ["XXL", "s", "M", ""]
    return pd.concat([rows, strange], ignore_index=True)


SENTENCES = [
    "the cat sat on the mat",
    "A dog ran fast, very fast!",
    "The DOG and the cat",
    "fast cars run on petrol",
    "Der Hund läuft schnell über die Straße",
    "électricité et eau chaude",
    "is it a cat? it is a cat.",
    "cars, cars and 2 more cars",
    "run dog run",
    "warm water and a cold cat",
    "e-mail: someone@example.org, 24 cars",
    "snake_case and CamelCase",
]


def texts():
    """Sentences as a vector of strings, 2 classes: is it about an animal?"""
    sentences = np.array(SENTENCES * 4, dtype=object)
    animals = np.array([1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0] * 4)
    return sentences, animals


def asked_texts():
    """Sentences with unknown words, other alphabets, case, punctuation and nothing at all."""
    strange = [
        "",
        " ",
        "zebra",
        "CAT Cat cAt",
        "cat,dog;fast.run",
        "the the the",
        "Straße STRASSE straße",
        "ÉLECTRICITÉ",
        "猫 が 好き",
        "cat\tdog\nrun",
        "i a x",
        "1 22 333 cars",
    ]
    return np.array(SENTENCES + strange, dtype=object)
