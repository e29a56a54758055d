"""The clock of the Python processes that take turns with a program beside them.

A script with `serve(libraries, prepare)` reads a line, answers with a line, until its input ends:

    list MODEL                      the libraries that have this model, separated by spaces
    time LIBRARY MODEL ROWS SECONDS the least time of a call in nanoseconds

`time python - 0 SECONDS` times a function that does nothing, which is what a call costs at least.
"""

import functools
import sys
import time
from pathlib import Path

# Timed together, calls must take so long that reading the clock costs nothing.
BLOCK_NS = 20_000


def serve(libraries, prepare):
    """Answers until nobody asks.

    `libraries(folder)` lists who has a model, and `prepare(folder, library, n_rows)` gives a function
    that predicts; both are asked once for each model.
    """
    models = Path(sys.argv[1])
    prepare = functools.lru_cache(maxsize=None)(prepare)
    # Libraries may print; the answers go where nothing else goes.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            answer = ask(models, line.split(), libraries, prepare)
        except Exception as error:
            answer = f"error {type(error).__name__}: {' '.join(str(error).split())}"
        print(answer, file=answers, flush=True)


def ask(models, words, libraries, prepare):
    """The answer to a line."""
    if words[0] == "list":
        return " ".join(libraries(models / words[1]))
    library, model, n_rows, seconds = words[1:]
    call = nothing if library == "python" else prepare(models / model, library, int(n_rows))
    return str(least_ns(call, float(seconds)))


def nothing():
    """What every call does as well."""


def least_ns(call, seconds):
    """The least time of a call among those of `seconds`, at least two blocks."""
    started = time.perf_counter_ns()
    call()
    n_calls = max(1, BLOCK_NS // max(1, time.perf_counter_ns() - started))
    end, least, n_blocks = started + seconds * 1e9, float("inf"), 0
    while n_blocks < 2 or time.perf_counter_ns() < end:
        before = time.perf_counter_ns()
        for _ in range(n_calls):
            call()
        least = min(least, time.perf_counter_ns() - before)
        n_blocks += 1
    return round(least / n_calls)
