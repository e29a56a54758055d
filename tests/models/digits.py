"""What the two digit networks share: the data, the training loop and the export from PyTorch.

One thread and fixed seeds, so the same machine with the same packages gives the same weights.
"""

import io
import warnings

import numpy as np
import onnx
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

WHITE = 16.0  # the largest grey value in the data
TOOLS = ["scikit-learn", "torch"]


def split():
    """Training pictures, held-out pictures, training digits, held-out digits, as torch tensors."""
    pictures, answers = load_digits(return_X_y=True)
    parts = train_test_split(
        pictures.astype(np.float32), answers, test_size=0.25, random_state=0, stratify=answers
    )
    return [torch.from_numpy(part) for part in parts]


def train(network: nn.Module, pictures: torch.Tensor, answers: torch.Tensor, epochs: int):
    """Fits `network`, which gives logits, with Adam on shuffled batches of 32."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(epochs):
        for batch in torch.randperm(len(pictures)).split(32):
            loss = nn.functional.cross_entropy(network(pictures[batch]), answers[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def export(network: nn.Module, sample: torch.Tensor, input_name: str, name: str):
    """The ONNX graph of `network` with a named, free batch axis and the output `probabilities`."""
    network.eval()
    encoded = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that traces is on its way out, but it is the one that still writes
        # opset 17, which every runtime in use can read.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (sample,),
            encoded,
            input_names=[input_name],
            output_names=["probabilities"],
            dynamic_axes={input_name: {0: "batch"}, "probabilities": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    model = onnx.load_from_string(encoded.getvalue())
    model.graph.name = name
    return model


def report(network: nn.Module, pictures: torch.Tensor, answers: torch.Tensor):
    """Prints the accuracy on the held-out pictures."""
    with torch.no_grad():
        right = (network(pictures).argmax(dim=1) == answers).double().mean().item()
    print(f"accuracy on {len(answers)} held-out pictures: {right:.4f}")
