"""Trains a small convolutional network on handwritten digits and exports it from PyTorch.

Task: which digit (0 to 9) an 8x8 picture shows. Data: scikit-learn's bundled digits, 1797 pictures
of one channel with grey values from 0 to 16; a stratified quarter held out. The graph takes the
raw grey values: the division by 16 is folded into the first convolution after training. Twice
convolution, relu and max pooling, then one dense layer and a softmax.
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
    train_x, test_x = train_x.reshape(-1, 1, 8, 8), test_x.reshape(-1, 1, 8, 8)
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 2 * 2, 10),
    )
    digits.train(network, train_x / digits.WHITE, train_y, epochs=40)
    with torch.no_grad():
        network[0].weight /= digits.WHITE
    network.append(nn.Softmax(dim=1))

    model = digits.export(network, test_x[:2], "image", "digits-cnn")
    rows = {"image": test_x[:12].numpy()}
    reference.save(FOLDER, model, rows, digits.TOOLS)
    digits.report(network, test_x, test_y)


main()
