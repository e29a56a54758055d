"""Trains a linear regression on the diabetes data, with its columns split into two inputs.

Task: how far the disease progressed in a year, a number from 25 to 346. Data: scikit-learn's
bundled set in its own units, 442 patients, a quarter held out. `vitals` is age, sex, body mass
index and blood pressure; `blood` is six serum measures. `progression` is the prediction;
`z_score` is how many standard deviations of the training set it lies from that set's mean.
The graph is written by hand with `onnx.helper`, plain ONNX operators only.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import reference

N_VITALS, N_BLOOD = 4, 6


def graph(regression: LinearRegression, mean: float, deviation: float):
    """The ONNX model: one product per input, their sum, and that sum standardised."""
    column = regression.coef_.reshape(-1, 1)
    constants = {
        "vitals_weight": column[:N_VITALS],
        "blood_weight": column[N_VITALS:],
        "bias": np.array([regression.intercept_]),
        "mean": np.array([mean]),
        "deviation": np.array([deviation]),
    }
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("MatMul", ["vitals", "vitals_weight"], ["from_vitals"]),
                helper.make_node("Gemm", ["blood", "blood_weight", "bias"], ["from_blood"]),
                helper.make_node("Add", ["from_vitals", "from_blood"], ["progression"]),
                helper.make_node("Sub", ["progression", "mean"], ["centred"]),
                helper.make_node("Div", ["centred", "deviation"], ["z_score"]),
            ],
            "two-inputs",
            inputs=[rows_of("vitals", N_VITALS), rows_of("blood", N_BLOOD)],
            outputs=[rows_of("progression", 1), rows_of("z_score", 1)],
            initializer=[
                numpy_helper.from_array(value.astype(np.float32), name)
                for name, value in constants.items()
            ],
        ),
        producer_name="onnx.helper",
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def rows_of(name: str, width: int):
    """The declaration of a float32 matrix with a free batch axis."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])


def main():
    """Trains, prints R2 on the held-out rows, writes the model and its answers."""
    patients, progress = load_diabetes(return_X_y=True, scaled=False)
    train_x, test_x, train_y, test_y = train_test_split(
        patients.astype(np.float32).astype(np.float64), progress, test_size=0.25, random_state=0
    )
    regression = LinearRegression().fit(train_x, train_y)

    model = graph(regression, train_y.mean(), train_y.std())
    first = test_x[:12].astype(np.float32)
    rows = {"vitals": first[:, :N_VITALS], "blood": first[:, N_VITALS:]}
    answers = reference.save(FOLDER, model, rows, ["scikit-learn"])
    # The graph must agree with scikit-learn, float32 sums against float64 ones.
    wanted = regression.predict(test_x[:12]).reshape(-1, 1)
    np.testing.assert_allclose(answers["progression"], wanted, rtol=1e-5)
    print(f"R2 on {len(test_y)} held-out rows: {regression.score(test_x, test_y):.4f}")


main()
