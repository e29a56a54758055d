#!/usr/bin/env python3
"""Trains the scikit-learn corpus with the installed scikit-learn and writes it beside this script.

    python make.py               writes <version>/
    python make.py --only TEXT   shows the models whose name holds TEXT, in <version>/unpacked

The first model of each class lies in <version>/ as NAME.joblib and NAME.json; all others lie in
<version>/variants.tar.xz under such names. With `--unpacked` that archive is also left as a folder.

What could not be made in this version stands in <version>/index.json under `skipped`.
"""
import argparse
import io
import lzma
import os
import pickle
import platform
import shutil
import sys
import tarfile
import warnings

import joblib
import numpy as np
import scipy
import sklearn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import golden  # noqa: E402
from recipe import SHORT, Book  # noqa: E402
from recipes import bayes, beyond, boosters, compose, containers, ensembles, linear, meta, neighbours, prepare, reduce, svm, text, trees  # noqa: E402

FAMILIES = (linear, svm, neighbours, bayes, trees, ensembles, meta, prepare, reduce, text, compose, boosters, beyond)


def versions():
    """What wrote the files."""
    found = {"sklearn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__,
             "joblib": joblib.__version__, "python": platform.python_version()}
    if boosters.xgboost is not None:
        found.update(xgboost=boosters.xgboost.__version__, lightgbm=boosters.lightgbm.__version__)
    return found


def record(recipe, family, model, questions):
    """The golden file of one model."""
    cases = {}
    for name, asked in questions.items():
        methods = golden.METHODS if name == "plain" else SHORT
        cases[name] = {"input": golden.rows(asked), "answers": golden.answers(model, asked, methods)}
    width = getattr(model, "n_features_in_", None)
    if width is None:
        shape = np.shape(questions["plain"])
        width = shape[1] if len(shape) == 2 else None
    about = {"sklearn": sklearn.__version__, "model": recipe.name + ".joblib", "class": type(model).__name__,
             "family": family, "exact": recipe.exact, "n_features": width}
    if recipe.note:
        about["note"] = recipe.note
    about["classes"] = golden.classes(model)
    about["cases"] = cases
    return about


def make(recipe, family, folder):
    """Trains and writes one model; gives its golden record."""
    model, questions = recipe.trained()
    about = record(recipe, family, model, questions)
    plain = about["cases"]["plain"]["answers"]
    if not plain or all("error" in got for got in plain.values()):
        raise AssertionError("nothing answered: %r" % plain)
    joblib.dump(model, os.path.join(folder, recipe.name + ".joblib"))
    golden.write(os.path.join(folder, recipe.name + ".json"), about)
    return about


def pack(folder):
    """The folder as a tar.xz whose bytes depend on nothing but the files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(os.listdir(folder), key=lambda name: (name.split(".")[-1], name)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = os.path.getsize(os.path.join(folder, name)), 0o644
            with open(os.path.join(folder, name), "rb") as source:
                archive.addfile(entry, source)
    with open(folder.replace("unpacked", "variants.tar.xz"), "wb") as out:
        out.write(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def train_all(folder, only):
    """Makes every recipe; gives the names by place, and what this version lacks."""
    plain, variants, skipped, classes = [], [], {}, set()
    os.makedirs(os.path.join(folder, "unpacked"), exist_ok=True)
    for module in FAMILIES:
        book = Book()
        module.fill(book)
        family = module.__name__.split(".")[-1]
        for recipe in book:
            if only not in recipe.name:
                continue
            assert recipe.name not in plain + variants and recipe.name not in skipped, recipe.name
            try:
                about = make(recipe, family, os.path.join(folder, "unpacked"))
            except Exception as error:  # noqa: BLE001 (older and newer versions lack things)
                skipped[recipe.name] = ("%s: %s" % (type(error).__name__, error)).splitlines()[0][:120]
                continue
            first = about["class"] not in classes and family not in ("beyond", "boosters") and not only
            classes.add(about["class"])
            (plain if first else variants).append(recipe.name)
            for end in (".joblib", ".json") if first else ():
                os.rename(os.path.join(folder, "unpacked", recipe.name + end), os.path.join(folder, recipe.name + end))
    return plain, variants, skipped


def main():
    """Makes all that this version can."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", default="")
    options.add_argument("--unpacked", action="store_true")
    options = options.parse_args()
    warnings.filterwarnings("ignore")
    folder = os.path.join(HERE, sklearn.__version__)
    if not options.only:
        shutil.rmtree(folder, ignore_errors=True)
    plain, variants, skipped = train_all(folder, options.only)
    if not options.only:
        plain += containers.write(folder, pickle)
        pack(os.path.join(folder, "unpacked"))
        golden.write(os.path.join(folder, "index.json"), dict(versions(), models=plain, variants=variants, skipped=skipped))
        if not options.unpacked:
            shutil.rmtree(os.path.join(folder, "unpacked"))
    print(sklearn.__version__, len(plain), "models,", len(variants), "variants,", len(skipped), "skipped")
    for name, why in skipped.items():
        print("  ", name, "-", why)


if __name__ == "__main__":
    main()
