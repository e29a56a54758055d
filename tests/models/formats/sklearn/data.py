"""Training sets and question rows for the scikit-learn corpus: drawn from fixed seeds, rounded to
three decimals, small enough that a model which keeps its rows stays a few kilobytes."""
import numpy as np
import pandas as pd

N_TRAIN = 36
COLOURS = ["red", "green", "blue", "grey"]
TEXTS = [
    "the cat sat on the mat", "dogs and cats are pets", "stock market crashed today",
    "buy low, sell high stock", "The dog chased the cat", "bond market rallied",
    "Pets need love; dogs too!", "Market: high risk, high reward", "a cat is a cat is a cat",
    "sell the bond buy the stock", "my dog_1 loves my 2 cats", "risk of the market today",
]
QUESTIONS = TEXTS[:5] + [
    "unknown words here cat", "", "CAT cat Cat dog-dog", "\u00dcber caf\u00e9 cat \u00e9clair",
    "i\u0307stanbul \u0130stanbul market", "  spaces\t\tand\nlines  market ", "a 1 _ b 22 __ stock's",
    "stra\u00dfe na\u00efve \u65e5\u672c\u8a9e market \u03a3\u03a3", "high",
]


def blobs(n_classes, seed=1, n_features=4):
    """Overlapping clouds: rows, labels 0..n_classes, and 8 question rows."""
    draw = np.random.RandomState(seed)
    centres = draw.uniform(-2, 2, (n_classes, n_features))
    labels = np.arange(N_TRAIN) % n_classes
    rows = centres[labels] + draw.normal(0, 1.2, (N_TRAIN, n_features))
    asked = centres[draw.randint(0, n_classes, 6)] + draw.normal(0, 1.4, (6, n_features))
    ends = np.vstack([np.full(n_features, 9.5), np.zeros(n_features)])
    return rows.round(3), labels, np.vstack([asked, ends]).round(3)


def regression(n_outputs=1, seed=2):
    """Targets that bend a little, so that trees and kernels have something to find."""
    rows, _, asked = blobs(3, seed)
    draw = np.random.RandomState(seed + 50)
    weights = draw.uniform(-3, 3, (4, n_outputs))
    target = rows @ weights + np.sin(rows[:, :1] * 2) * 2 + draw.normal(0, 0.3, (len(rows), n_outputs)) + 5
    target = target.round(3)
    return rows, target[:, 0] if n_outputs == 1 else target, asked


def counts(n_classes, seed=3, top=6):
    """Non-negative whole numbers, for the naive Bayes family."""
    draw = np.random.RandomState(seed)
    labels = np.arange(N_TRAIN) % n_classes
    chance = draw.uniform(0.5, top - 2, (n_classes, 4))
    rows = np.minimum(draw.poisson(chance[labels]), top - 1).astype(float)
    asked = np.minimum(draw.poisson(chance[draw.randint(0, n_classes, 8)]), top - 1).astype(float)
    return rows, labels, asked


def holes(rows, seed=7, share=0.15):
    """The same rows with some cells NaN."""
    rows = np.array(rows, dtype=np.float64)
    rows[np.random.RandomState(seed).rand(*rows.shape) < share] = np.nan
    return rows


def categories(seed=4):
    """Two columns of codes and two of numbers; the questions hold codes never seen in training."""
    draw = np.random.RandomState(seed)
    n = 120
    rows = np.column_stack([draw.randint(0, 6, n), draw.randint(0, 9, n), draw.randn(n), draw.randn(n)]).round(3)
    labels = ((rows[:, 0] % 3 == 1) ^ (rows[:, 1] % 2 == 0) ^ (rows[:, 2] > 0.3)).astype(int)
    asked = rows[:6].copy()
    asked[:, 2:] += 0.25
    extra = np.array([[np.nan, 3, 0.1, 0.2], [7, 2, 0.5, np.nan], [30, 31, -1, 0], [2, 40, 0, 0]])
    return rows, labels, np.vstack([asked, extra]).round(3)


def table(seed=5):
    """A data frame as people have it: numbers with holes, whole numbers, text with None, booleans."""
    draw = np.random.RandomState(seed)
    n = 60
    frame = pd.DataFrame({
        "age": draw.normal(40, 9, n).round(1), "income": draw.gamma(2, 900, n).round(2),
        "visits": draw.randint(0, 12, n), "colour": draw.choice(COLOURS[:3], n),
        "plan": draw.choice(["a", "b"], n), "member": draw.rand(n) < 0.5,
    })
    labels = ((frame.income > 1500) ^ (frame.colour == "red") ^ frame.member).astype(int).values
    frame.loc[::7, "age"] = np.nan
    asked = frame.iloc[:8].reset_index(drop=True).copy()
    asked.loc[1, "colour"] = COLOURS[3]
    asked.loc[2, "income"] = 0.0
    return frame, labels, asked


def strings():
    """A text matrix of two columns; the last question row holds text never seen."""
    rows = np.array([["a", "x"], ["b", "yy"], ["c", "x"], ["a", "yy"], ["d", "z"], ["a", "x"]] * 4, dtype=object)
    asked = np.array([["a", "x"], ["c", "yy"], ["d", "z"], ["b", "x"]], dtype=object)
    return rows, (rows[:, 0] == "a").astype(int), asked


def texts():
    """Twelve short documents in two classes, and questions with accents, marks and blanks."""
    return TEXTS, np.array([0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1]), QUESTIONS


def load(name):
    """The set called `name`: training rows, target, question rows."""
    if name == "three":
        return blobs(3)
    if name == "two":
        return blobs(2, 11)
    if name == "reg":
        return regression()
    if name == "reg2":
        return regression(2)
    if name == "positive":
        rows, target, asked = regression()
        return rows, np.abs(target) + 0.5, asked
    if name == "abs":
        rows, labels, asked = blobs(3)
        return np.abs(rows) + 0.1, labels, np.abs(asked) + 0.1
    if name in ("labels2", "multilabel"):
        rows, labels, asked = blobs(3)
        flags = (rows[:, 0] + rows[:, 2] > 0).astype(int)
        if name == "labels2":
            return rows, np.column_stack([labels, flags]), asked
        return rows, np.column_stack([labels == 0, flags, rows[:, 1] > 0.2]).astype(int), asked
    if name == "holes":
        rows, labels, asked = blobs(3)
        return holes(rows), labels, holes(asked, 8, 0.25)
    if name == "holes-two":
        rows, labels, asked = blobs(2, 11)
        return holes(rows), labels, holes(asked, 8, 0.25)
    if name == "holes-reg":
        rows, target, asked = regression()
        return holes(rows), target, holes(asked, 8, 0.25)
    if name == "counts3":
        return counts(3)
    if name == "counts2":
        return counts(2, 13)
    if name == "codes":
        rows, labels, asked = categories()
        return rows[:, :2].astype(int), labels, asked[:6, :2].astype(int)
    if name == "one":
        draw = np.random.RandomState(9)
        rows = draw.uniform(0, 5, 30).round(3)
        return rows, (rows + draw.normal(0, 0.8, 30)).round(3), np.array([-1.0, 0.0, 1.25, 2.5, 3.75, 4.999, 5.0, 9.0])
    return {"categories": categories, "table": table, "strings": strings, "texts": texts}[name]()


LABELS = {
    "str": lambda y: np.array(["ant", "bee", "cicada"])[y],
    "object": lambda y: np.array(["ant", "bee", "cicada"], dtype=object)[y],
    "bool": lambda y: y == 1,
    "float": lambda y: np.array([-1.0, 2.0, 40.0])[y],
    "gaps": lambda y: np.array([3, 7, 40])[y],
    "signs": lambda y: np.array([-1, 1, 2])[y],
    "int32": lambda y: y.astype(np.int32),
    "uint8": lambda y: y.astype(np.uint8),
}
