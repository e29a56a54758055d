"""The pipelines by family; each module has a function `pipelines` that yields its own."""

from catalogue import (
    bayes,
    boosting,
    clusters,
    compositions,
    forests,
    linear,
    neighbours,
    networks,
    opsets,
    options,
    preprocessing,
    reductions,
    tables,
    texts,
    traced,
    vectors,
)

FAMILIES = [
    linear,
    vectors,
    forests,
    boosting,
    neighbours,
    bayes,
    networks,
    clusters,
    preprocessing,
    reductions,
    texts,
    tables,
    compositions,
    options,
    opsets,
    traced,
]


def pipelines():
    """Every pipeline, in the order of the families."""
    for family in FAMILIES:
        yield from family.pipelines()
