"""Inferences that all of Triton's clients can ask for; every answer's values are checked."""

import ml_dtypes
import numpy as np

from known import DIGITS, ECHOES, IRIS, LABEL, NOT_FINITE, NO_TEXT, PROBABILITY, close, objects, same
from table import equal, expect

BFLOAT16 = np.array(
    [[ml_dtypes.finfo(ml_dtypes.bfloat16).max, -1.5, 0.0], [-0.0, 1 / 3, ml_dtypes.finfo(ml_dtypes.bfloat16).tiny]],
    dtype=ml_dtypes.bfloat16,
)


async def run(side):
    row = side.table.wait
    await row("infer, no outputs named (the client's default)", default, side)
    await row("infer, one output named", chosen, side)
    await row("infer, outputs named in another order", reordered, side)
    await row("infer, request_id", request_id, side)
    await row("infer, model_version", version, side)
    await row("infer, parameters", parameters, side)
    await row("infer, priority and timeout", patience, side)
    await row("infer, headers", headers, side)
    await row("infer, another model", another, side)
    await row("infer, class_count", classes, side)
    for model, (datatype, array) in {**ECHOES, "bf16": ("BF16", BFLOAT16)}.items():
        await row(f"infer {datatype} as bytes", echo, side, model, array)
    for model, kind in [("fp16", np.float16), ("fp32", np.float32), ("fp64", np.float64), ("bf16", ml_dtypes.bfloat16)]:
        await row(f"infer {model.upper()} as bytes, NaN and infinities", echo, side, model, np.array(NOT_FINITE, dtype=kind))
    await row("infer BYTES that are no text", echo, side, "bytes", NO_TEXT)
    await row("infer an empty tensor", echo, side, "fp32", np.empty((0, 3), dtype=np.float32))
    await row("infer empty BYTES", echo, side, "bytes", np.empty((0, 2), dtype=np.object_))
    await row("infer 12 MB", echo, side, "fp32", np.arange(4000 * 784, dtype=np.float32).reshape(4000, 784))
    await refusals(side)


def both(answer, rows=slice(None)):
    """The two outputs of iris against the reference."""
    close(answer.as_numpy(LABEL), IRIS.answers[LABEL][rows], LABEL)
    close(answer.as_numpy(PROBABILITY), IRIS.answers[PROBABILITY][rows], PROBABILITY)


def message(side, answer):
    """The reply apart from its tensors."""
    return answer.get_response() if side.over_http else answer.get_response(as_json=True)


def names(side, answer):
    return [output["name"] for output in message(side, answer)["outputs"]]


async def default(side):
    answer = await side.infer("iris", IRIS.input_name, IRIS.rows)
    both(answer)
    equal(message(side, answer)["model_name"], "iris", "model_name")
    equal(message(side, answer)["model_version"], "1", "model_version")
    one = await side.infer("iris", IRIS.input_name, IRIS.rows[:1])
    both(one, slice(0, 1))
    return "12 rows and 1 row"


async def chosen(side):
    answer = await side.infer("iris", IRIS.input_name, IRIS.rows, outputs=[side.output(PROBABILITY)])
    equal(names(side, answer), [PROBABILITY], "outputs")
    close(answer.as_numpy(PROBABILITY), IRIS.answers[PROBABILITY], PROBABILITY)
    expect(answer.as_numpy(LABEL) is None, "what was not asked for does not come")


async def reordered(side):
    asked = [side.output(PROBABILITY), side.output(LABEL)]
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, outputs=asked))


async def request_id(side):
    answer = await side.infer("iris", IRIS.input_name, IRIS.rows, request_id="täg-7")
    equal(message(side, answer)["id"], "täg-7", "id")


async def version(side):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, model_version="1"))


async def parameters(side):
    asked = {"text": "größer", "whole": 7, "flag": True}
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, parameters=asked))


async def patience(side):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, priority=1, timeout=30_000_000))


async def headers(side):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, headers={"x-request-id": "17"}))


async def another(side):
    answer = await side.infer("digits", DIGITS.input_name, DIGITS.rows)
    close(answer.as_numpy("probabilities"), DIGITS.answers["probabilities"], "probabilities")


async def classes(side):
    """The classification extension: `value:index`, and `:label` where the model has labels."""
    shown = []
    for binary in [True, False] if side.over_http else [True]:
        asked = [side.output(PROBABILITY, binary, classes=2)]
        answer = await side.infer("iris", IRIS.input_name, IRIS.rows, outputs=asked)
        got = answer.as_numpy(PROBABILITY)
        equal(got.shape, (12, 2), "shape")
        for row, wanted in zip(got, IRIS.answers[PROBABILITY]):
            for text, index in zip(row, np.argsort(-wanted)):
                text = text.decode() if isinstance(text, bytes) else text
                value, at, *label = text.split(":")
                equal(int(at), int(index), f"class in {text!r}")
                expect(abs(float(value) - wanted[index]) < 1e-5, f"value in {text!r} is {wanted[index]}")
                expect(label in ([], [str(index)]), f"label in {text!r}")
        shown.append(text)
    return ", ".join(shown)


async def echo(side, model, array):
    answer = await side.infer(model, "x", array)
    same(answer.as_numpy("x_out"), array, "x_out")
    return f"{list(array.shape)}, same bits"


async def refusals(side):
    """What must be refused, with which status, and what the text must name."""
    row, rows, name = side.table.wait, IRIS.rows, IRIS.input_name
    bad = ("INVALID_ARGUMENT", 400)
    cases = [
        ("an unknown model", ("NOT_FOUND", 404), ["nobody"], "nobody", [side.input(name, rows)], {}),
        ("an unknown version", ("NOT_FOUND", 404), ["77"], "iris", [side.input(name, rows)], {"model_version": "77"}),
        ("a wrong shape", bad, [name, "[-1, 4]", "[12, 3]"], "iris", [side.input(name, rows[:, :3].copy())], {}),
        ("a wrong rank", bad, [name, "[-1, 4]", "[48]"], "iris", [side.input(name, rows.ravel())], {}),
        ("a wrong datatype", bad, [name, "FP32", "FP64"], "iris", [side.input(name, rows.astype(np.float64))], {}),
        ("an unknown input", bad, ["nothing", name], "iris", [side.input("nothing", rows)], {}),
        ("an input too many", bad, ["more"], "iris", [side.input(name, rows), side.input("more", rows)], {}),
        ("an input twice", bad, [name], "iris", [side.input(name, rows), side.input(name, rows)], {}),
        ("an unknown output", bad, ["nothing", PROBABILITY], "iris", [side.input(name, rows)], {"outputs": [side.output("nothing")]}),
        ("text for numbers", bad, [name, "FP32", "BYTES"], "iris", [side.input(name, objects([b"a", b"b", b"c", b"d"]))], {}),
        ("shared memory", ("UNIMPLEMENTED", 501), ["shared memory"], "iris", [in_shared_memory(side, name)], {}),
        ("no input at all", bad, [name], "iris", [], {}),
    ]
    for what, (grpc, http), words, model, inputs, named in cases:
        await row(f"infer, refused: {what}", side.refused, http, grpc, words, "infer", model, inputs, **named)
    await row("infer after refusals", default, side)


def in_shared_memory(side, name):
    """An input whose values stand in a region that nobody registered."""
    asked = side.module.InferInput(name, [1, 4], "FP32")
    asked.set_shared_memory("region", 16)
    return asked


