#!/usr/bin/env python3
"""Writes tiny PyTorch files in each form that people have (torch 2.15). All are to be refused by name."""
import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


class Net(torch.nn.Module):
    """Two layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 3), torch.nn.Linear(3, 2)

    def forward(self, rows):
        return torch.softmax(self.second(torch.relu(self.first(rows))), dim=1)


def main():
    """One file per form, and torch.json with what each is."""
    torch.manual_seed(0)
    net, row = Net().eval(), torch.zeros(1, 4)
    index = {}

    def path(name, what):
        index[name] = what
        return os.path.join(HERE, name)

    torch.jit.save(torch.jit.script(net), path("torchscript.pt", "TorchScript (scripted)"))
    torch.jit.save(torch.jit.trace(net, row), path("torchscript-traced.pt", "TorchScript (traced)"))
    torch.save(net.state_dict(), path("state-dict.pt", "PyTorch state dict (weights without a graph)"))
    torch.save({"epoch": 3, "state_dict": net.state_dict(), "optimizer": {}}, path("checkpoint.ckpt", "PyTorch checkpoint"))
    torch.save(net, path("whole-module.pth", "pickled PyTorch module (needs its class)"))
    torch.save(net.state_dict(), path("state-dict-legacy.pt", "PyTorch state dict before 1.6 (no zip)"), _use_new_zipfile_serialization=False)
    try:
        program = torch.export.export(net, (row,))
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, path("exported.pt2", "torch.export program"))
    except Exception as error:  # noqa: BLE001
        index.pop("exported.pt2")
        print("export:", repr(error)[:200])
    with open(os.path.join(HERE, "torch.json"), "w", encoding="utf-8") as out:
        json.dump(index, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
