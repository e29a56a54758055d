"""Trains, converts and asks every pipeline of the corpus; writes `models/` and the README's tables.

Without arguments everything is made again; with names, those pipelines alone (and no tables).
onnxruntime needs the `en_US.UTF-8` locale on the machine for the pipelines that take text.
"""

import os
import sys
import traceback
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np

import catalogue
import edges
import readme
import reference
from catalogue import traced

FOLDER = Path(__file__).resolve().parent
MODELS = FOLDER / "models"


def main(names):
    """Makes the pipelines with these names, or all of them."""
    check_versions()
    warnings.filterwarnings("ignore")
    made, refused, seen = {}, [], set()
    for pipeline in catalogue.pipelines():
        assert pipeline.name not in seen, f"two pipelines are named {pipeline.name}"
        seen.add(pipeline.name)
        if names and pipeline.name not in names:
            continue
        try:
            made[pipeline.name] = make(pipeline)
        except Refused as refusal:
            refused.append((pipeline, refusal))
            print(f"NOT KEPT {pipeline.name}: {refusal.stage}: {refusal}")
            if names:
                traceback.print_exception(refusal.__cause__)
    if not names:
        remove_others(made)
        readme.write(FOLDER / "README.md", MODELS, refused)
    print(f"{len(made)} pipelines, {len(refused)} not kept")


class Refused(Exception):
    """A pipeline that cannot be kept: the stage that failed, and its words."""

    def __init__(self, stage, error):
        words = " ".join(str(error).split())
        super().__init__(f"{type(error).__name__}: {words}")
        self.stage = stage
        self.words = words


def check_versions():
    """Stops when another version than the required one is installed."""
    for line in (FOLDER / "requirements.txt").read_text().splitlines():
        if "==" in line:
            name, version = line.split("==")
            assert metadata.version(name) == version, f"{name} {version} is required"


def make(pipeline):
    """Trains and converts one pipeline, asks it, and writes its two files."""
    np.random.seed(0)
    trained = pipeline.trained()
    model = stage("conversion", pipeline.convert, trained, pipeline.types())
    reference.name_graphs(model, pipeline.name)
    rows, feeds = edges.with_thresholds(model, pipeline)
    running = stage("loading", reference.session, model)
    answers = stage("running", reference.together, running, feeds)
    own = reference.own_answers(trained, rows, answers)
    document = {
        "estimator": " ".join(repr(pipeline.estimator).split()),
        "inputs": {name: reference.tensor(values) for name, values in feeds.items()},
        "outputs": {name: answer.document() for name, answer in answers.items()},
        "alone": reference.alone(running, feeds, answers),
        "takes_no_rows": reference.takes_no_rows(running, feeds),
        "library": reference.compared(own, answers, len(pipeline.rows)),
    }
    MODELS.mkdir(exist_ok=True)
    (MODELS / f"{pipeline.name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    reference.write(MODELS / f"{pipeline.name}.json", document)
    return document


def stage(name, function, *arguments):
    """Calls a function; whatever it raises is the refusal of this pipeline."""
    try:
        return function(*arguments)
    except Exception as error:
        raise Refused(name, error) from error


def remove_others(made):
    """Removes files of pipelines that are no more."""
    for path in MODELS.iterdir():
        kept = path.stem in made or (
            path.stem.startswith(traced.PREFIX) and not traced.is_available()
        )
        if not kept:
            path.unlink()


if os.environ.get("PYTHONHASHSEED") != "0":
    # The converters write some attributes in the order of a set.
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
main(sys.argv[1:])
