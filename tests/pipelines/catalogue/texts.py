"""Texts: StringNormalizer, Tokenizer of `com.microsoft` and TfIdfVectorizer."""

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import text as tx
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline

from pipeline import textual


def pipelines():
    """Vectorizers alone, then before a model."""
    yield from vectorizers()
    yield from classifiers()


def vectorizers():
    """Counts and weights of words, pairs of words and characters."""
    for name, model in {
        "count_words": tx.CountVectorizer(),
        "count_cased": tx.CountVectorizer(lowercase=False),
        "count_binary": tx.CountVectorizer(binary=True),
        "count_pairs": tx.CountVectorizer(ngram_range=(1, 2)),
        "count_triples": tx.CountVectorizer(ngram_range=(2, 3), min_df=3),
        "count_stop_words": tx.CountVectorizer(stop_words=["the", "a", "and", "it"]),
        "count_vocabulary": tx.CountVectorizer(vocabulary=["cat", "dog", "der hund", "zebra"]),
        "count_short_tokens": tx.CountVectorizer(token_pattern="[a-zA-Z]+"),
        "count_chars": tx.CountVectorizer(analyzer="char", max_features=40),
        "count_char_pairs": tx.CountVectorizer(
            analyzer="char", ngram_range=(1, 2), max_features=60
        ),
        "count_char_borders": tx.CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)),
        "tfidf_words": tx.TfidfVectorizer(),
        "tfidf_stop_words": tx.TfidfVectorizer(stop_words="english"),
        "tfidf_sublinear": tx.TfidfVectorizer(sublinear_tf=True),
        "tfidf_l1": tx.TfidfVectorizer(norm="l1", ngram_range=(1, 2), max_features=30),
        "tfidf_no_norm": tx.TfidfVectorizer(norm=None, smooth_idf=False),
        "tfidf_no_idf": tx.TfidfVectorizer(use_idf=False, binary=True),
        "tfidf_chars": tx.TfidfVectorizer(analyzer="char", max_features=30),
        "tfidf_accents": tx.TfidfVectorizer(strip_accents="unicode"),
        "hashing": tx.HashingVectorizer(n_features=16),
    }.items():
        yield textual(f"text_{name}", model, target=False)
    union = FeatureUnion(
        [
            ("words", tx.TfidfVectorizer(max_features=20)),
            ("chars", tx.CountVectorizer(analyzer="char", max_features=10)),
        ]
    )
    yield textual("text_union", union, target=False)


def classifiers():
    """What users deploy."""
    yield textual("text_tfidf_logistic", make_pipeline(tx.TfidfVectorizer(), LogisticRegression()))
    yield textual("text_count_bayes", make_pipeline(tx.CountVectorizer(), MultinomialNB()))
    model = make_pipeline(
        tx.CountVectorizer(), tx.TfidfTransformer(), SGDClassifier(random_state=0)
    )
    yield textual("text_transformer_sgd", model)
    svd = TruncatedSVD(3, random_state=0)
    yield textual(
        "text_svd_logistic", make_pipeline(tx.TfidfVectorizer(), svd, LogisticRegression())
    )
