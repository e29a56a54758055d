"""Trains a perceptron with one hidden layer on handwritten digits and exports it from PyTorch.

Task: which digit (0 to 9) an 8x8 picture shows. Data: scikit-learn's bundled digits, 1797 rows of
64 grey values from 0 to 16, row by row; a stratified quarter held out. The graph takes the raw
grey values: the division by 16 is folded into the first layer after training. 64 -> 32 relu ->
10 softmax, plain ONNX operators only.
"""

import sys
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import digits
import reference


def main():
    """Trains, prints the accuracy on the held-out rows, writes the model and its answers."""
    train_x, test_x, train_y, test_y = digits.split()
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    digits.train(network, train_x / digits.WHITE, train_y, epochs=60)
    with torch.no_grad():
        network[0].weight /= digits.WHITE
    network.append(nn.Softmax(dim=1))

    model = digits.export(network, test_x[:2], "pixels", "digits-mlp")
    rows = {"pixels": test_x[:12].numpy()}
    reference.save(FOLDER, model, rows, digits.TOOLS)
    digits.report(network, test_x, test_y)


main()
