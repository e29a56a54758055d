"""Trains logistic regression on the iris flowers and converts it with skl2onnx's defaults.

Task: which of three species (0 setosa, 1 versicolor, 2 virginica) a flower is, from four lengths
in centimetres. Data: scikit-learn's bundled iris, 150 rows, a stratified third held out.
The defaults matter here: they add the integer label output and the ZipMap that turns each row of
probabilities into a map, as most scikit-learn models in the field have them.
"""

import sys
from pathlib import Path

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import reference


def main():
    """Trains, prints the accuracy on the held-out rows, writes the model and its answers."""
    flowers, species = load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        flowers.astype(np.float32), species, test_size=1 / 3, random_state=0, stratify=species
    )
    classifier = LogisticRegression(max_iter=1000).fit(train_x, train_y)

    model = convert_sklearn(
        classifier,
        name="iris",
        initial_types=[("float_input", FloatTensorType([None, 4]))],
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    rows = {"float_input": test_x[:12]}
    answers = reference.save(FOLDER, model, rows, ["scikit-learn", "skl2onnx"])
    assert (answers["output_label"] == classifier.predict(test_x[:12])).all()
    print(f"accuracy on {len(test_y)} held-out rows: {classifier.score(test_x, test_y):.4f}")


main()
