"""Trains gradient-boosted trees on the Wisconsin breast cancer data, converted with skl2onnx.

Task: whether a tumour is malignant (0) or benign (1), from 30 measures of its cell nuclei.
Data: scikit-learn's bundled set, 569 rows, a stratified quarter held out. 50 trees of depth 3.
ZipMap is switched off, as one does for serving: the probabilities are a plain tensor.
"""

import sys
from pathlib import Path

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import reference


def main():
    """Trains, prints the accuracy on the held-out rows, writes the model and its answers."""
    measures, kinds = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        measures.astype(np.float32), kinds, test_size=0.25, random_state=0, stratify=kinds
    )
    classifier = GradientBoostingClassifier(n_estimators=50, max_depth=3, random_state=0)
    classifier.fit(train_x, train_y)

    model = convert_sklearn(
        classifier,
        name="cancer-gbt",
        initial_types=[("float_input", FloatTensorType([None, 30]))],
        options={"zipmap": False},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    rows = {"float_input": test_x[:12]}
    answers = reference.save(FOLDER, model, rows, ["scikit-learn", "skl2onnx"])
    # The graph must agree with scikit-learn, float32 sums against float64 ones.
    assert (answers["label"] == classifier.predict(test_x[:12])).all()
    wanted = classifier.predict_proba(test_x[:12])
    np.testing.assert_allclose(answers["probabilities"], wanted, atol=1e-5)
    print(f"accuracy on {len(test_y)} held-out rows: {classifier.score(test_x, test_y):.4f}")


main()
