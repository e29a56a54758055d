"""A recipe says which estimator is trained on which rows, and what the trained model is asked."""
import sklearn

import data
import questions

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
BASE = "estimator" if VERSION >= (1, 2) else "base_estimator"
SHORT = ("predict", "predict_proba", "decision_function", "transform")


class Recipe:
    """One model of the corpus.

    `make` builds the untrained estimator (an error there means that this version lacks it); `rows`
    names the training set; `labels` re-codes the classes; `train` is the dtype of the training rows;
    `cases` names further questions and `ask` the first one, where the set's own would not do; `exact` is how close another implementation can come: "bits"
    (a defined sequence of operations), "dot" (dot products and libm), "steps" (isotonic steps
    behind a dot product), "ties" (equal distances).
    """

    def __init__(self, name, make, rows, exact="dot", labels=None, train=None, cases=(), note=None, fit=None, ask=None):
        self.name, self.make, self.rows, self.exact = name, make, rows, exact
        self.labels, self.train, self.cases, self.note = labels, train, cases, note
        self.fit, self.ask = fit, ask

    def trained(self):
        """The trained model and its questions by name."""
        rows, target, asked = data.load(self.rows)
        if self.labels:
            target = data.LABELS[self.labels](target)
        if self.train:
            rows = rows.astype(self.train)
        model = self.make()
        if self.fit:
            model = self.fit(model, rows, target)
        else:
            model.fit(rows, target)
        asked_by = {"plain": questions.CASES[self.ask](model, asked) if self.ask else asked}
        for case in self.cases:
            asked_by[case] = questions.CASES[case](model, asked)
        return model, asked_by


class Book(list):
    """Recipes in the order in which they were added."""

    def add(self, name, make, rows, exact="dot", **more):
        self.append(Recipe(name, make, rows, exact, **more))
