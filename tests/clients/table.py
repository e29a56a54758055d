"""The table that every script here prints: one row for each mode of each client.

A row is a check that is run at once. It passes when the check returns, and what the check returns is
the row's detail; it fails when the check raises. Rows go on after one that fails. Standard library
only: every environment can import it.
"""

import inspect
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent


class Failed(Exception):
    """What came back is not what is expected."""


class Table:
    """Rows as they are run, and how many failed."""

    def __init__(self, client):
        self.client = client
        self.rows = 0
        self.failed = 0

    def row(self, mode, check, *arguments, **named):
        """Runs one check."""
        try:
            detail = check(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its row's failure
            self.fail(mode, error)
        else:
            self.tell("PASS", mode, detail)

    async def wait(self, mode, check, *arguments, **named):
        """Runs one check that may have to be awaited."""
        try:
            detail = check(*arguments, **named)
            if inspect.isawaitable(detail):
                detail = await detail
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(mode, error)
        else:
            self.tell("PASS", mode, detail)

    def fail(self, mode, error):
        self.failed += 1
        self.tell("FAIL", mode, f"{type(error).__name__}: {error}")
        if not isinstance(error, Failed):
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if pathlib.Path(frame.filename).parent == HERE]
            print(f"      at {pathlib.Path(ours[-1].filename).name}:{ours[-1].lineno}: {ours[-1].line}", flush=True)

    def tell(self, verdict, mode, detail):
        self.rows += 1
        text = " ".join(str(detail or "").split())
        print(f"{verdict}  {self.client:<20}  {mode:<58}  {text[:400]}".rstrip(), flush=True)


def expect(holds, what, got=None):
    """Fails the row unless `holds`; `got` is shown."""
    if not holds:
        raise Failed(what if got is None else f"{what}; got {got!r}")


def equal(got, wanted, what):
    """Fails the row unless both are equal."""
    expect(got == wanted, f"{what}: expected {wanted!r}", got)


def end(*tables):
    """Prints the sum and ends with status 1 if a row failed, or if there is none."""
    rows, failed = sum(table.rows for table in tables), sum(table.failed for table in tables)
    print(f"{rows - failed} of {rows} rows pass", flush=True)
    sys.exit(1 if failed or not rows else 0)
