"""Words to numbers, and models behind them."""
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import text as tx
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC


def fill(book):
    """Adds the family."""
    counting = {
        "default": {}, "bigrams": dict(ngram_range=(1, 2)), "trigrams_only": dict(ngram_range=(2, 3)), "binary": dict(binary=True), "case": dict(lowercase=False),
        "accents_ascii": dict(strip_accents="ascii"), "accents_unicode": dict(strip_accents="unicode"), "char": dict(analyzer="char", ngram_range=(1, 2), max_features=40),
        "char_wb": dict(analyzer="char_wb", ngram_range=(2, 3), max_features=60), "char_wb_long": dict(analyzer="char_wb", ngram_range=(3, 6), max_features=60),
        "stop_list": dict(stop_words=["the", "on", "is", "dog"]), "stop_english": dict(stop_words="english"), "stop_bigrams": dict(stop_words=["the"], ngram_range=(1, 2)),
        "pattern": dict(token_pattern=r"[a-z]+"), "pattern_group": dict(token_pattern=r"\b([a-z])\w*\b"), "pattern_unicode": dict(token_pattern=r"(?u)\b\w+\b"),
        "vocabulary": dict(vocabulary=["cat", "dog", "market", "stock"]), "vocabulary_dict": dict(vocabulary={"cat": 2, "market": 0, "dog": 1}),
        "limits": dict(min_df=2, max_df=0.6), "max_features": dict(max_features=5), "float32": dict(dtype="float32"),
    }
    for name, options in counting.items():
        book.add("count_" + name, lambda options=options: tx.CountVectorizer(**options), "texts", "bits")
    for name, options in {
        "default": {}, "l1": dict(norm="l1"), "no_norm": dict(norm=None), "no_idf": dict(use_idf=False), "sublinear": dict(sublinear_tf=True), "unsmoothed": dict(smooth_idf=False),
        "bigrams": dict(ngram_range=(1, 2)), "binary": dict(binary=True), "char_wb": dict(analyzer="char_wb", ngram_range=(2, 2), max_features=60), "float32": dict(dtype="float32"),
    }.items():
        book.add("tfidf_" + name, lambda options=options: tx.TfidfVectorizer(**options), "texts")
    for name, options in {"default": {}, "unsigned": dict(alternate_sign=False), "l1": dict(norm="l1"), "no_norm": dict(norm=None), "binary": dict(binary=True, norm=None),
                          "char_wb": dict(analyzer="char_wb", ngram_range=(2, 3))}.items():
        book.add("hashing_" + name, lambda options=options: tx.HashingVectorizer(n_features=16, **options), "texts", "bits" if "norm" in options else "dot")
    book.add("tfidf_of_counts", lambda: tx.TfidfTransformer(), "counts3")
    book.add("tfidf_of_counts_sublinear", lambda: tx.TfidfTransformer(norm="l1", sublinear_tf=True), "counts3")
    ends = {"multinomial": MultinomialNB, "complement": ComplementNB, "bernoulli": BernoulliNB, "logistic": lambda: LogisticRegression(solver="lbfgs"), "margin": lambda: LinearSVC(random_state=0)}
    for name, end in ends.items():
        book.add("text_tfidf_" + name, lambda end=end: Pipeline([("words", tx.TfidfVectorizer()), ("model", end())]), "texts", labels="str" if name == "margin" else None)
    book.add("text_count_multinomial", lambda: Pipeline([("words", tx.CountVectorizer(ngram_range=(1, 2))), ("model", MultinomialNB())]), "texts")
    book.add("text_three_steps", lambda: Pipeline([("words", tx.CountVectorizer()), ("weigh", tx.TfidfTransformer()), ("model", LinearSVC(random_state=0))]), "texts", labels="str")
    book.add("text_svd", lambda: Pipeline([("words", tx.TfidfVectorizer()), ("svd", TruncatedSVD(3, random_state=0)), ("model", LogisticRegression(solver="lbfgs"))]), "texts")
    book.add("text_hashing_logistic", lambda: Pipeline([("words", tx.HashingVectorizer(n_features=32)), ("model", LogisticRegression(solver="lbfgs"))]), "texts")
