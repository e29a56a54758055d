#!/usr/bin/env python3
"""Writes other model files that are recognised by content and refused: CatBoost's binary form (catboost
1.2), PMML, and joblib files from before joblib 0.10 (run with --old and joblib 0.9 on the path)."""
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PMML = """<?xml version="1.0" encoding="UTF-8"?>
<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary><DataField name="x" optype="continuous" dataType="double"/><DataField name="y" optype="continuous" dataType="double"/></DataDictionary>
<RegressionModel functionName="regression"><MiningSchema><MiningField name="x"/><MiningField name="y" usageType="target"/></MiningSchema>
<RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable></RegressionModel></PMML>
"""


def modern():
    """CatBoost and PMML."""
    from catboost import CatBoostClassifier
    draw = np.random.RandomState(0)
    rows = draw.randn(30, 3).round(3)
    model = CatBoostClassifier(iterations=2, depth=2, random_seed=0, verbose=False, allow_writing_files=False)
    model.fit(rows, (rows[:, 0] > 0).astype(int))
    model.save_model(os.path.join(HERE, "catboost.cbm"))
    import joblib
    joblib.dump(model, os.path.join(HERE, "catboost.joblib"))
    with open(os.path.join(HERE, "model.pmml"), "w", encoding="utf-8") as out:
        out.write(PMML)
    index = {
        "catboost.cbm": "CatBoost binary model", "catboost.joblib": "CatBoost model in a pickle", "model.pmml": "PMML",
        "old-joblib.pkl": "joblib before 0.10: the array lies in old-joblib.pkl_01.npy", "old-joblib-compressed.pkl": "joblib before 0.10: `ZF`, the length in hexadecimal, a zlib stream with an array",
        "old-joblib-one-file.pkl": "joblib before 0.10: `ZF`, the length in hexadecimal, a zlib stream without arrays",
    }
    with open(os.path.join(HERE, "others.json"), "w", encoding="utf-8") as out:
        json.dump(index, out, indent=1)
        out.write("\n")


def old():
    """joblib 0.9 keeps arrays in files of their own."""
    import joblib
    assert joblib.__version__.startswith("0.9"), joblib.__version__
    value = {"coef_": np.arange(6.0).reshape(2, 3)}
    joblib.dump(value, os.path.join(HERE, "old-joblib.pkl"))
    joblib.dump(value, os.path.join(HERE, "old-joblib-compressed.pkl"), compress=3)
    joblib.dump({"C": 1.0}, os.path.join(HERE, "old-joblib-one-file.pkl"), compress=3)


if __name__ == "__main__":
    old() if "--old" in sys.argv else modern()
