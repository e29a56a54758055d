#!/usr/bin/env python3
"""Writes models of the scikit-learn corpus once more as skops files, with the same golden answers.

Run it with scikit-learn 1.9.1 and skops 0.16.0 after ../sklearn/make.py --unpacked.
"""
import json
import os

import joblib
import sklearn
import skops
import skops.io

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = (
    "logistic", "linear", "svc_probability_three", "knn_auto_uniform", "gaussian_nb_three", "tree_three", "forest", "boosting_three",
    "histogram_categories_text", "mlp_relu", "isolation_forest", "calibrated_sigmoid_margin_three", "voting_soft", "stacking_three", "ovr_multilabel",
    "columns_logistic", "positions_slice_drop", "scale_standard", "quantile_normal", "bins_onehot_quantile", "one_hot_infrequent", "ordinal_text_holes",
    "text_tfidf_logistic", "function_log1p", "grid_search", "lda_svd_three", "gaussian_mixture_full", "impute_indicator", "target_log", "forest_labels_str",
)


def main():
    """One .skops and one .json per name; some are compressed as zip allows."""
    corpus = os.path.join(os.path.dirname(HERE), "sklearn", sklearn.__version__)
    for name in NAMES:
        folder = corpus if os.path.exists(os.path.join(corpus, name + ".json")) else os.path.join(corpus, "unpacked")
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as source:
            text = source.read()
        model = joblib.load(os.path.join(folder, name + ".joblib"))
        options = {"compression": 8, "compresslevel": 9} if name != "logistic" else {}
        skops.io.dump(model, os.path.join(HERE, name + ".skops"), **options)
        text = text.replace('"model": "%s.joblib"' % name, '"skops": "%s",\n "model": "%s.skops"' % (skops.__version__, name))
        assert json.loads(text)["model"].endswith(".skops")
        with open(os.path.join(HERE, name + ".json"), "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main()
