"""What only Triton's gRPC clients have: compressed messages, deadlines, calls with callbacks that can
be cancelled, typed messages, and streams."""

import queue

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from known import ECHOES, IRIS, NO_TEXT, same
from table import Failed, equal, expect
from triton_infer import both

ANSWER_S = 60
LARGE = np.arange(16384, dtype=np.float32).reshape(128, 128)


async def run(side):
    row = side.table.wait
    for algorithm in ["gzip", "deflate"]:
        await row(f"infer, compression_algorithm {algorithm}", compressed, side, algorithm)
    await row("infer, client_timeout", in_time, side)
    await row("infer, client_timeout that has passed", too_late, side)
    await row("as_json=False everywhere", messages, side)
    if side.aio:
        await row("stream_infer", stream_aio, side)
        await row("stream_infer, gzip", stream_aio, side, "gzip")
        await row("stream_infer, a refusal amid answers", stream_aio_refused, side)
        return
    await row("async_infer, 16 at once", at_once, side)
    await row("async_infer, refused", refused_at_once, side)
    await row("async_infer, cancelled", cancelled, side)
    await row("start_stream, async_stream_infer, stop_stream", stream, side)
    await row("start_stream, gzip", stream, side, "gzip")
    await row("async_stream_infer, enable_empty_final_response", stream_final, side)
    await row("async_stream_infer, a refusal amid answers", stream_refused, side)
    await row("start_stream with triton_grpc_error", stream_status, side)
    await row("start_stream, stop_stream(cancel_requests=True)", stream_cancelled, side)
    channel = grpc.insecure_channel(side.address)
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    for model, (datatype, array) in ECHOES.items():
        if datatype != "FP16":
            await row(f"service_pb2, {datatype} in typed contents", typed, stub, model, array)
    await row("service_pb2, BYTES that are no text in typed contents", typed, stub, "bytes", NO_TEXT)
    await row("service_pb2, typed and raw at once is refused", typed_and_raw, stub)
    channel.close()


async def compressed(side, algorithm):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, compression_algorithm=algorithm))
    answer = await side.infer("fp32", "x", LARGE, compression_algorithm=algorithm)
    same(answer.as_numpy("x_out"), LARGE, "x_out")


async def in_time(side):
    both(await side.infer("iris", IRIS.input_name, IRIS.rows, client_timeout=30.0))


async def too_late(side):
    """A millisecond for 12 MB there and back."""
    try:
        await side.infer("fp32", "x", np.zeros((4000, 784), dtype=np.float32), client_timeout=0.001)
    except InferenceServerException as error:
        equal(error.status(), "StatusCode.DEADLINE_EXCEEDED", error.message())
        return error.message()
    raise Failed("expected the deadline to pass")


async def messages(side):
    equal((await side.call("get_server_metadata")).name, (await side.ask("get_server_metadata"))["name"], "name")
    equal((await side.call("get_model_metadata", "iris")).inputs[0].shape, [-1, 4], "shape")
    equal((await side.call("get_model_config", "iris")).config.name, "iris", "name")
    equal((await side.call("get_inference_statistics", "iris")).model_stats[0].version, "1", "version")
    states = {model.state for model in (await side.call("get_model_repository_index")).models}
    equal(states, {"READY"}, "states")


async def at_once(side):
    answers = queue.Queue()
    for index in range(16):
        inputs = [side.input(IRIS.input_name, IRIS.rows[index % 12 : index % 12 + 1])]
        side.client.async_infer(
            "iris", inputs, lambda result, error, index=index: answers.put((index, result, error)), request_id=str(index)
        )
    for _ in range(16):
        index, result, error = answers.get(timeout=ANSWER_S)
        expect(error is None, "no error", error)
        equal(result.get_response().id, str(index), "id")
        both(result, slice(index % 12, index % 12 + 1))


async def refused_at_once(side):
    answers = queue.Queue()
    inputs = [side.input(IRIS.input_name, IRIS.rows[:, :3].copy())]
    side.client.async_infer("iris", inputs, lambda result, error: answers.put((result, error)))
    result, error = answers.get(timeout=ANSWER_S)
    expect(result is None, "no result", result)
    equal(error.status(), "StatusCode.INVALID_ARGUMENT", error.message())
    return error.message()


async def cancelled(side):
    """Cancelled or answered, whichever comes first; the connection serves on."""
    answers = queue.Queue()
    inputs = [side.input("x", np.zeros((4000, 784), dtype=np.float32))]
    call = side.client.async_infer("fp32", inputs, lambda result, error: answers.put((result, error)))
    call.cancel()
    result, error = answers.get(timeout=ANSWER_S)
    expect(result is not None or error.status() == "StatusCode.CANCELLED", "cancelled or answered", error)
    both(await side.infer("iris", IRIS.input_name, IRIS.rows))
    return "answered" if error is None else "cancelled"


class Stream:
    """A stream whose answers are taken one at a time."""

    def __init__(self, side, **how):
        self.side, self.answers = side, queue.Queue()
        side.client.start_stream(lambda result, error: self.answers.put((result, error)), **how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.side.client.stop_stream()

    def send(self, model, name, array, **named):
        self.side.client.async_stream_infer(model, [self.side.input(name, array)], **named)

    def take(self):
        return self.answers.get(timeout=ANSWER_S)

    def result(self):
        result, error = self.take()
        expect(error is None, "no error on the stream", error)
        return result


async def stream(side, algorithm=None):
    with Stream(side, compression_algorithm=algorithm) as asked:
        for index in range(12):
            asked.send("iris", IRIS.input_name, IRIS.rows[index : index + 1], request_id=f"s{index}", parameters={"n": index + 1})
        results = {}
        for _ in range(12):
            result = asked.result()
            results[result.get_response().id] = result
        equal(sorted(results), sorted(f"s{index}" for index in range(12)), "ids")
        for index in range(12):
            both(results[f"s{index}"], slice(index, index + 1))
        for model, (_, array) in ECHOES.items():
            asked.send(model, "x", array)
            same(asked.result().as_numpy("x_out"), array, model)
    expect(asked.answers.empty(), "nothing comes after the answers")


async def stream_final(side):
    """One answer, and after it the word that it was the last; both may be one message."""
    with Stream(side) as asked:
        asked.send("iris", IRIS.input_name, IRIS.rows, request_id="f", enable_empty_final_response=True)
        first = asked.result().get_response()
        equal(first.id, "f", "id")
        equal(len(first.outputs), 2, "outputs")
        last = first
        if not first.parameters["triton_final_response"].bool_param:
            last = asked.result().get_response()
            equal((last.id, len(last.outputs)), ("f", 0), "id and outputs of the last message")
        expect(last.parameters["triton_final_response"].bool_param, "the last message says so", last)
    return "one message" if last is first else "two messages"


async def stream_refused(side):
    with Stream(side) as asked:
        asked.send("iris", IRIS.input_name, IRIS.rows[:, :3].copy(), request_id="bad")
        result, error = asked.take()
        expect(result is None and "[-1, 4]" in error.message(), "the refusal is told in the stream", error)
        asked.send("nobody", IRIS.input_name, IRIS.rows)
        result, unknown = asked.take()
        expect(result is None and "nobody" in unknown.message(), "the refusal is told in the stream", unknown)
        asked.send("iris", IRIS.input_name, IRIS.rows)
        both(asked.result())
    return error.message()


async def stream_status(side):
    """Asked for, a refusal ends the stream with a status."""
    with Stream(side, headers={"triton_grpc_error": "true"}) as asked:
        asked.send("iris", IRIS.input_name, IRIS.rows)
        both(asked.result())
        asked.send("iris", IRIS.input_name, IRIS.rows[:, :3].copy())
        result, error = asked.take()
        expect(result is None, "no result", result)
        equal(error.status(), "StatusCode.INVALID_ARGUMENT", error.message())
    return error.message()


async def stream_cancelled(side):
    answers = queue.Queue()
    side.client.start_stream(lambda result, error: answers.put((result, error)))
    for _ in range(8):
        side.client.async_stream_infer("iris", [side.input(IRIS.input_name, IRIS.rows)])
    side.client.stop_stream(cancel_requests=True)
    both(await side.infer("iris", IRIS.input_name, IRIS.rows))


async def stream_aio(side, algorithm=None):
    async def requests():
        for index in range(12):
            inputs = [side.input(IRIS.input_name, IRIS.rows[index : index + 1])]
            yield {"model_name": "iris", "inputs": inputs, "request_id": f"s{index}"}

    results = {}
    async for result, error in side.client.stream_infer(requests(), stream_timeout=ANSWER_S, compression_algorithm=algorithm):
        expect(error is None, "no error on the stream", error)
        results[result.get_response().id] = result
    equal(len(results), 12, "answers")
    for index in range(12):
        both(results[f"s{index}"], slice(index, index + 1))


async def stream_aio_refused(side):
    async def requests():
        yield {"model_name": "iris", "inputs": [side.input(IRIS.input_name, IRIS.rows[:, :3].copy())]}
        yield {"model_name": "iris", "inputs": [side.input(IRIS.input_name, IRIS.rows)]}

    answers = [answer async for answer in side.client.stream_infer(requests(), stream_timeout=ANSWER_S)]
    equal(sorted(error is None for _, error in answers), [False, True], "one refusal and one answer")
    both(next(result for result, error in answers if error is None))
    return next(error.message() for _, error in answers if error)


FIELDS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}


def typed_request(model, datatype, array):
    request = service_pb2.ModelInferRequest(model_name=model, id="typed")
    asked = request.inputs.add(name="x", datatype=datatype, shape=array.shape)
    getattr(asked.contents, FIELDS[datatype]).extend(array.ravel().tolist())
    return request


async def typed(stub, model, array):
    """Triton answers in raw contents, Radiant in the form in which it was asked: both are read."""
    datatype = ECHOES[model][0]
    reply = stub.ModelInfer(typed_request(model, datatype, array), timeout=ANSWER_S)
    output = reply.outputs[0]
    equal((output.name, output.datatype, list(output.shape)), ("x_out", datatype, list(array.shape)), "output")
    if reply.raw_output_contents:
        expect(datatype == "BYTES" or reply.raw_output_contents[0] == array.tobytes(), "the same bits")
        return "answered in raw contents"
    got = np.array(getattr(output.contents, FIELDS[datatype]), dtype=array.dtype).reshape(array.shape)
    same(got, array, "x_out")
    return "answered in typed contents"


async def typed_and_raw(stub):
    request = typed_request("fp32", "FP32", ECHOES["fp32"][1])
    request.raw_input_contents.append(ECHOES["fp32"][1].tobytes())
    try:
        stub.ModelInfer(request, timeout=ANSWER_S)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT, error.details())
        return error.details()
    raise Failed("expected a refusal")
