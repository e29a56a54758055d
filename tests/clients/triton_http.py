"""What only Triton's HTTP clients have: tensors as JSON and mixed with bytes, compressed bodies,
bodies made and read apart from the connection, and requests side by side."""

import http.client

import numpy as np
from tritonclient.utils import InferenceServerException

from known import ECHOES, IRIS, LABEL, NOT_FINITE, PROBABILITY, same
from table import Failed, equal, expect
from triton_infer import BFLOAT16, both, message

LARGE = np.arange(2048, dtype=np.float32).reshape(64, 32)


async def run(side):
    row = side.table.wait
    for sent in [False, True]:
        for answered in [False, True]:
            mode = f"infer, {form(sent)} in, {form(answered)} out"
            await row(mode, forms, side, sent, answered)
    await row("infer, one output JSON, one bytes", mixed, side)
    await row("infer, JSON in, no outputs named", json_in, side)
    for model, (datatype, array) in ECHOES.items():
        await row(f"infer {datatype} as JSON", json_echo, side, model, array)
    # The client itself refuses to send this as JSON.
    await row("infer BF16, bytes in, JSON out", json_echo, side, "bf16", BFLOAT16, True)
    for model, kind in [("fp16", np.float16), ("fp32", np.float32), ("fp64", np.float64)]:
        await row(f"infer {model.upper()} as JSON, NaN and infinities", json_echo, side, model, np.array(NOT_FINITE, dtype=kind))
    for sent in [None, "gzip", "deflate"]:
        for answered in [None, "gzip", "deflate"]:
            for binary in [True, False]:
                if sent or answered:
                    mode = f"infer, {form(binary)}, request {sent}, response {answered}"
                    await row(mode, compressed, side, sent, answered, binary)
    for coding in [None, "gzip", "deflate"]:
        mode = f"generate_request_body, parse_response_body, {coding}"
        await row(mode, apart, side, coding)
    if not side.aio:
        await row("async_infer, 16 at once over 4 connections", at_once, side)
        await row("async_infer, refused", refused_at_once, side)


def form(binary):
    return "bytes" if binary else "JSON"


async def forms(side, sent, answered):
    asked = [side.output(LABEL, answered), side.output(PROBABILITY, answered)]
    answer = await side.infer("iris", IRIS.input_name, IRIS.rows, sent, outputs=asked)
    both(answer)
    for output in message(side, answer)["outputs"]:
        equal("data" not in output, answered, f"{output['name']} comes as bytes")


async def mixed(side):
    asked = [side.output(LABEL, False), side.output(PROBABILITY, True)]
    answer = await side.infer("iris", IRIS.input_name, IRIS.rows, outputs=asked)
    both(answer)
    come = {output["name"]: "data" in output for output in message(side, answer)["outputs"]}
    equal(come, {LABEL: True, PROBABILITY: False}, "outputs that come as JSON")


async def json_in(side):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, False))


async def json_echo(side, model, array, binary=False):
    answer = await side.infer(model, "x", array, binary, outputs=[side.output("x_out", False)])
    expect("data" in message(side, answer)["outputs"][0], "the output comes as JSON", message(side, answer))
    same(answer.as_numpy("x_out"), array, "x_out")
    return f"{list(array.shape)}, same bits"


async def compressed(side, sent, answered, binary):
    how = {"request_compression_algorithm": sent, "response_compression_algorithm": answered}
    asked = [side.output(LABEL, binary), side.output(PROBABILITY, binary)]
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, binary, outputs=asked, **how))
    answer = await side.infer("fp32", "x", LARGE, binary, outputs=[side.output("x_out", binary)], **how)
    same(answer.as_numpy("x_out"), LARGE, "x_out")


async def apart(side, coding):
    """The body is made by the client and carried by hand, so that the headers can be seen."""
    inputs, outputs = [side.input("x", LARGE)], [side.output("x_out")]
    body, head = side.client.generate_request_body(inputs, outputs=outputs, request_id="apart")
    connection = http.client.HTTPConnection(side.address, timeout=60)
    asked = {"Inference-Header-Content-Length": str(head), "Content-Type": "application/octet-stream"}
    if coding:
        asked["Accept-Encoding"] = coding
    connection.request("POST", "/v2/models/fp32/infer", body, asked)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    equal(reply.status, 200, f"status; {content[:200]!r}")
    equal(reply.getheader("Content-Encoding"), coding, "Content-Encoding")
    head = reply.getheader("Inference-Header-Content-Length")
    answer = side.client.parse_response_body(content, header_length=int(head), content_encoding=coding)
    same(answer.as_numpy("x_out"), LARGE, "x_out")
    equal(answer.get_response()["id"], "apart", "id")
    return f"{len(content)} bytes of {LARGE.nbytes}"


async def at_once(side):
    rows = [IRIS.rows[index % 12 : index % 12 + 1] for index in range(16)]
    calls = [side.client.async_infer("iris", [side.input(IRIS.input_name, row)]) for row in rows]
    for index, asked in enumerate(calls):
        both(asked.get_result(), slice(index % 12, index % 12 + 1))


async def refused_at_once(side):
    asked = side.client.async_infer("iris", [side.input(IRIS.input_name, IRIS.rows[:, :3].copy())])
    try:
        asked.get_result()
    except InferenceServerException as error:
        equal(error.status(), "400", error.message())
        return error.message()
    raise Failed("expected an exception")
