#!/usr/bin/env python3
"""Writes hostile and foreign pickles. NEVER load them with Python: opening one runs a command
(a harmless `touch PWNED`); a reader that treats pickles as data must refuse each by name.

Each file has a line in pickles.json: what it is, and what a refusal must name.
"""
import io
import json
import os
import pickle
import sys
import types

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND = "touch PWNED"


class Call:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def trained():
    draw = np.random.RandomState(0)
    rows = draw.randn(30, 3).round(3)
    return LogisticRegression().fit(rows, (rows[:, 0] > 0).astype(int))


def dangerous(put):
    """Calls hidden where a model's attributes are."""
    line = trained()
    line.verbose = Call(os.system, COMMAND)
    put("evil-unread-attribute.joblib", Pipeline([("model", line)]), "a call in an attribute that no reader needs", "posix.system")
    line.verbose = 0
    put("evil-step.joblib", Pipeline([("scale", Call(os.system, COMMAND)), ("model", line)]), "a call as a pipeline's step", "posix.system")
    line.coef_ = Call(os.system, COMMAND)
    put("evil-coefficients.joblib", line, "a call in place of an array", "posix.system")
    line.coef_ = np.array([[Call(os.system, COMMAND), 1.0, 2.0]], dtype=object)
    put("evil-object-array.joblib", line, "a call in the nested pickle of an object array", "posix.system")
    put("evil-eval.pkl", {"model": Call(eval, "__import__('os').system('%s')" % COMMAND)}, "eval", "builtins.eval", 4)
    put("evil-exec-0.pkl", [Call(exec, "import os; os.system('%s')" % COMMAND)], "exec, protocol 0", "__builtin__.exec", 0)
    put("evil-getattr.pkl", Call(getattr, "text", "upper"), "getattr", "builtins.getattr", 3)
    import subprocess
    put("evil-subprocess.pkl", Call(subprocess.Popen, ["touch", "PWNED"]), "a process; protocol 2 writes the name that Python 2 had", "commands.Popen", 2)
    import operator
    put("evil-attrgetter.pkl", Call(operator.attrgetter, "system"), "attrgetter", "operator.attrgetter", 5)
    put("evil-compressed.joblib.gz", Pipeline([("scale", Call(os.system, COMMAND))]), "a call inside a compressed file", "posix.system", ("gzip", 3))
    raw("evil-inst.pkl", b"(S'touch PWNED'\nios\nsystem\n.", "the INST opcode", "os.system")
    raw("evil-obj.pkl", b"(cos\nsystem\nS'touch PWNED'\no.", "the OBJ opcode", "os.system")
    raw("evil-stack-global.pkl", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x0btouch PWNED\x85R.", "STACK_GLOBAL", "posix.system")
    raw("evil-newobj.pkl", b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch PWNED\x85\x81.", "NEWOBJ", "posix.system")
    raw("evil-memo-global.pkl", b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93\x8c\x0btouch PWNED\x85R.", "a global whose names come from the memo", "os.system")
    raw("evil-dotted.pkl", b"\x80\x04\x8c\x07sklearn\x8c\x0dos.system.foo\x93)R.", "a dotted name below an allowed module", "sklearn.os.system.foo")
    raw("evil-after-stop.joblib", pickle.dumps(trained(), 2) + b"cposix\nsystem\n(S'touch PWNED'\ntR.", "a second pickle after STOP", "bytes after the end")
    raw("evil-extension.pkl", b"\x80\x02\x82\x01.", "an extension code", "EXT1")
    raw("evil-persistent.pkl", b"\x80\x02X\x01\x00\x00\x00aQ.", "a persistent id", "BINPERSID")


def foreign(put):
    """Models that need somebody's code."""
    module = types.ModuleType("my_company")
    sys.modules["my_company"] = module

    class Clip:
        def __init__(self, low):
            self.low = low

        def fit(self, rows, target=None):
            return self

        def transform(self, rows):
            return np.maximum(rows, self.low)

    Clip.__module__, Clip.__qualname__ = "my_company", "Clip"
    module.Clip = Clip
    put("custom-class-in-pipeline.joblib", Pipeline([("clip", Clip(0.5)), ("model", trained())]), "a class of one's own at steps[0][1]", "my_company.Clip")
    Clip.__module__ = "__main__"
    sys.modules["__main__"].Clip = Clip
    put("custom-class-main.pkl", Pipeline([("scale", StandardScaler()), ("clip", Clip(0.5))]), "a class of the training script at steps[1][1]", "__main__.Clip", 4)

    def double(rows):
        return rows * 2

    double.__module__, double.__qualname__ = "my_company", "double"
    module.double = double
    put("custom-function.joblib", Pipeline([("double", FunctionTransformer(double)), ("model", trained())]), "a function of one's own", "my_company.double")
    try:
        import cloudpickle

        # What travels with a function: no path of this machine.
        globals()["__file__"] = "own.py"
        own = lambda rows: rows + 1  # noqa: E731
        own.__code__ = own.__code__.replace(co_filename="own.py")
        pipe = Pipeline([("own", FunctionTransformer(own)), ("model", trained())])
        put("cloudpickle-lambda.pkl", None, "a lambda by value", "cloudpickle.cloudpickle._make_function", lambda: cloudpickle.dumps(pipe))
    except ImportError:
        print("no cloudpickle")


def shapes(put):
    """No code, but no model either: cycles, bombs, lies."""
    line = trained()
    loop = Pipeline([("model", line)])
    loop.steps = [("a", loop), ("b", loop)]
    put("cycle-pipeline.pkl", loop, "a pipeline that is its own step", "cyclic", 4)
    own = []
    own.append(own)
    put("cycle-list.pkl", own, "a list that holds itself", "no model", 2)
    raw("deep-lists.pkl", b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "100 000 lists in each other", "no model, and no crash")
    raw("deep-tuples.pkl", b"\x80\x02)" + b"\x85" * 100_000 + b".", "100 000 tuples in each other", "no model, and no crash")
    raw("memo-bomb.pkl", b"\x80\x02)" + b"2\x86" * 60 + b".", "2^60 leaves by sharing", "no model, soon")
    raw("long-text.pkl", b"\x80\x04\x8d" + (2**63).to_bytes(8, "little") + b"a.", "a text of 2^63 bytes", "truncated")
    raw("long-integer.pkl", b"\x80\x02\x8b" + (2**31 - 1).to_bytes(4, "little") + b"\x01.", "an integer of 2^31 bytes", "truncated")
    raw("memo-far.pkl", b"\x80\x02Nr\xff\xff\xff\xff.", "a memo index of 2^32 - 1", "no model, small memory")
    raw("frame-lie.pkl", b"\x80\x04\x95" + (2**62).to_bytes(8, "little") + b"N.", "a frame of 2^62 bytes", "no model")
    raw("empty.pkl", b"", "no byte", "empty")
    raw("stop-only.pkl", b".", "STOP on an empty stack", "stack")
    array = pickle.dumps(np.arange(4.0), 2)
    raw("huge-shape.pkl", array.replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85"), "an array of 2^31 values with 32 bytes", "shape")
    import gzip
    bomb = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=bomb, compresslevel=9, mtime=0) as out:
        out.write(b"\x80\x02(" + b"N" * 30_000_000 + b"l.")
    raw("gzip-bomb.joblib", bomb.getvalue(), "30 MB of NONE in 30 KB", "no model, bounded memory")


INDEX = {}


def raw(name, content, what, names):
    with open(os.path.join(HERE, name), "wb") as out:
        out.write(content)
    INDEX[name] = {"what": what, "names": names}


def put(name, value, what, names, how=None):
    """Writes by joblib, by joblib with compression, by a function, or by pickle with a protocol."""
    if callable(how):
        return raw(name, how(), what, names)
    if isinstance(how, int):
        return raw(name, pickle.dumps(value, how), what, names)
    memory = io.BytesIO()
    joblib.dump(value, memory, compress=how or 0)
    return raw(name, memory.getvalue(), what, names)


def main():
    """Writes all, and pickles.json."""
    dangerous(put)
    foreign(put)
    shapes(put)
    with open(os.path.join(HERE, "pickles.json"), "w", encoding="utf-8") as out:
        json.dump(INDEX, out, indent=1)
        out.write("\n")
    print(len(INDEX), "files")


if __name__ == "__main__":
    main()
