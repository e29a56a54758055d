# usage: python make_evil.py: pickles that run `touch PWNED` if Python ever opens them: never do.
import os
import pickle

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline


class Evil:
    def __reduce__(self):
        return (os.system, ("touch PWNED",))


rows = np.random.RandomState(0).randn(20, 2)
model = LogisticRegression().fit(rows, rows[:, 0] > 0)
model.verbose = Evil()
joblib.dump(Pipeline([("fit", model)]), "evil.unread.joblib")
model.verbose = 0
joblib.dump(Pipeline([("evil", Evil()), ("fit", model)]), "evil.step.joblib")
objects = np.empty(2, object)
objects[1] = Evil()
with open("evil.array.pkl", "wb") as file:
    pickle.dump(objects, file, protocol=0)
joblib.dump(objects, "evil.array.joblib", compress=3)
pipeline = Pipeline([("fit", model)])
pipeline.steps = [("a", pipeline), ("b", pipeline)]
with open("cyclic.pkl", "wb") as file:
    pickle.dump(pipeline, file)
