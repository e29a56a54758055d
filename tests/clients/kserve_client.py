"""Drives a running server with KServe's Python clients: REST (V2 and V1) and gRPC.

    python kserve_client.py HOST HTTP_PORT GRPC_PORT

The server must serve what `known.py` names. Needs `kserve`.
"""

import asyncio
import logging
import sys

import grpc
import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from kserve.protocol.infer_type import RequestedOutput

from known import DIGITS, ECHOES, IRIS, LABEL, NO_TEXT, PROBABILITY, close, same
from table import Failed, Table, end, equal, expect

MODELS = ["iris", "digits", "bf16", *ECHOES]


def asked(model, name, array, datatype, binary, **named):
    """One input as JSON or typed contents, or as bytes."""
    tensor = InferInput(name=name, shape=list(array.shape), datatype=datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[tensor], **named)


def iris(binary, **named):
    return asked("iris", IRIS.input_name, IRIS.rows, "FP32", binary, **named)


def both(answer):
    """The two outputs of iris against the reference."""
    equal(answer.model_name, "iris", "model_name")
    for name in [LABEL, PROBABILITY]:
        close(answer.get_output_by_name(name).as_numpy(), IRIS.answers[name], name)


async def rest(host):
    table, base = Table("kserve REST V2"), f"http://{host}"
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        row = table.wait
        await row("is_server_live", truth, client.is_server_live, base)
        await row("is_server_ready", truth, client.is_server_ready, base)
        for model in MODELS:
            await row(f"is_model_ready {model}", truth, client.is_model_ready, base, model)
        await row("is_model_ready, unknown model", untruth, client.is_model_ready, base, "nobody")
        for binary in [False, True]:
            kind = "bytes" if binary else "JSON"
            await row(f"infer, {kind} in", rest_iris, client, base, binary, {})
            for answered in [False, True]:
                named = {"parameters": {"binary_data_output": answered}}
                await row(f"infer, {kind} in, binary_data_output {answered}", rest_iris, client, base, binary, named)
            for model, (datatype, array) in ECHOES.items():
                if binary or datatype != "FP16":
                    await row(f"infer {datatype}, {kind} in", rest_echo, client, base, model, datatype, array, binary)
        await row("infer, one output as JSON, one as bytes", rest_mixed, client, base)
        await row("infer, request_id", rest_id, client, base)
        await row("infer, a dictionary", rest_dictionary, client, base)
        bad = asked("iris", IRIS.input_name, IRIS.rows[:, :3], "FP32", True)
        await row("infer, refused: a wrong shape", refused, 400, "[-1, 4]", client.infer, base, bad, "iris")
        await row("infer, refused: an unknown model", refused, 404, "nobody", client.infer, base, iris(True), "nobody")
    return table


async def rest_v1(host):
    table, base = Table("kserve REST V1"), f"http://{host}"
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        row = table.wait
        await row("is_server_live", truth, client.is_server_live, base)
        for model in ["iris", "digits"]:
            await row(f"is_model_ready {model}", truth, client.is_model_ready, base, model)
        await row("infer (:predict)", v1_digits, client, base)
        await row("infer (:predict), a model with two outputs", v1_iris, client, base)
        await row("is_model_ready, unknown model", refused, 404, "nobody", client.is_model_ready, base, "nobody")
        await row("infer, refused: an unknown model", refused, 404, "nobody", client.infer, base, {"instances": [[1]]}, "nobody")
        await row("infer, refused: a wrong shape", refused, 400, "4", client.infer, base, {"instances": [[1, 2, 3]]}, "iris")
    return table


async def over_grpc(address):
    table = Table("kserve gRPC")
    async with InferenceGRPCClient(address) as client:
        row = table.wait
        await row("is_server_live", truth, client.is_server_live)
        await row("is_server_ready", truth, client.is_server_ready)
        for model in MODELS:
            await row(f"is_model_ready {model}", truth, client.is_model_ready, model)
        await row("is_model_ready, unknown model", untruth, client.is_model_ready, "nobody")
        for binary in [False, True]:
            kind = "raw" if binary else "typed"
            await row(f"infer, {kind} in", grpc_iris, client, binary)
            for model, (datatype, array) in ECHOES.items():
                if binary or datatype != "FP16":
                    await row(f"infer {datatype}, {kind} in", grpc_echo, client, model, datatype, array, binary)
        await row("infer BYTES that are no text, raw in", grpc_echo, client, "bytes", "BYTES", NO_TEXT, True)
        await row("infer, request_id and model_version", grpc_id, client)
        await row("infer, parameters", grpc_parameters, client)
        await row("infer, outputs named", grpc_outputs, client)
        bad = asked("iris", IRIS.input_name, IRIS.rows[:, :3], "FP32", True)
        await row("infer, refused: a wrong shape", refused, "INVALID_ARGUMENT", "[-1, 4]", client.infer, bad)
        nobody = asked("nobody", "x", IRIS.rows, "FP32", True)
        await row("infer, refused: an unknown model", refused, "NOT_FOUND", "nobody", client.infer, nobody)
    await over_stub(table, address)
    return table


async def over_stub(table, address):
    """Calls that KServe's service has and its client does not offer, in KServe's own messages."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = GRPCInferenceServiceStub(channel)
        row = table.wait
        await row("stub, ServerMetadata", server_metadata, stub)
        await row("stub, ModelMetadata", model_metadata, stub)
        await row("stub, RepositoryModelUnload, RepositoryModelLoad", repository, stub)


async def truth(method, *arguments):
    equal(await method(*arguments), True, "answer")


async def untruth(method, *arguments):
    equal(await method(*arguments), False, "answer")


async def refused(status, word, method, *arguments):
    """Expects this status, and a text that has `word`."""
    try:
        answer = await method(*arguments)
    except httpx.HTTPStatusError as error:
        equal(error.response.status_code, status, str(error))
        expect(word in str(error), f"the text names {word!r}", str(error))
        return str(error)
    except grpc.RpcError as error:
        equal(error.code().name, status, error.details())
        expect(word in error.details(), f"the text names {word!r}", error.details())
        return error.details()
    raise Failed(f"expected a refusal, got {answer!r}")


async def rest_iris(client, base, binary, named):
    headers = {}
    both(await client.infer(base, iris(binary, **named), "iris", response_headers=headers))
    length = headers.get("inference-header-content-length")
    equal(length is not None, bool(named.get("parameters", {}).get("binary_data_output")), "the answer has bytes")


async def rest_echo(client, base, model, datatype, array, binary):
    named = {"parameters": {"binary_data_output": binary}}
    answer = await client.infer(base, asked(model, "x", array, datatype, binary, **named), model)
    same(answer.get_output_by_name("x_out").as_numpy(), array, "x_out")


async def rest_mixed(client, base):
    outputs = [RequestedOutput(LABEL, {"binary_data": False}), RequestedOutput(PROBABILITY, {"binary_data": True})]
    both(await client.infer(base, iris(True, request_outputs=outputs), "iris"))


async def rest_id(client, base):
    equal((await client.infer(base, iris(True, request_id="k-7"), "iris")).id, "k-7", "id")


async def rest_dictionary(client, base):
    tensor = {"name": IRIS.input_name, "shape": list(IRIS.rows.shape), "datatype": "FP32", "data": IRIS.rows.tolist()}
    both(await client.infer(base, {"inputs": [tensor]}, "iris"))


async def v1_digits(client, base):
    answer = await client.infer(base, {"instances": DIGITS.rows.tolist()}, "digits")
    close(np.array(answer["predictions"]), DIGITS.answers["probabilities"], "predictions")


async def v1_iris(client, base):
    """TensorFlow Serving's row format: one object for a row where there are several outputs."""
    answer = await client.infer(base, {"instances": IRIS.rows.tolist()}, "iris")
    for name in [LABEL, PROBABILITY]:
        got = np.array([one[name] for one in answer["predictions"]])
        close(got, IRIS.answers[name], name)


async def grpc_iris(client, binary):
    both(await client.infer(iris(binary)))


async def grpc_echo(client, model, datatype, array, binary):
    answer = await client.infer(asked(model, "x", array, datatype, binary))
    same(answer.get_output_by_name("x_out").as_numpy(), array, "x_out")


async def grpc_id(client):
    answer = await client.infer(iris(True, request_id="k-7", model_version="1"))
    both(answer)
    equal((answer.id, answer.model_version), ("k-7", "1"), "id and version")


async def grpc_parameters(client):
    both(await client.infer(iris(True, parameters={"text": "größer", "whole": 7, "flag": True})))


async def grpc_outputs(client):
    answer = await client.infer(iris(True, request_outputs=[RequestedOutput(PROBABILITY)]))
    equal([output.name for output in answer.outputs], [PROBABILITY], "outputs")
    close(answer.outputs[0].as_numpy(), IRIS.answers[PROBABILITY], PROBABILITY)


async def server_metadata(stub):
    told = await stub.ServerMetadata(pb.ServerMetadataRequest())
    expect(told.name and told.version and told.extensions, "name, version and extensions", told)
    return f"{told.name} {told.version}"


async def model_metadata(stub):
    told = await stub.ModelMetadata(pb.ModelMetadataRequest(name="iris"))
    got = [(one.name, one.datatype, list(one.shape)) for one in [*told.inputs, *told.outputs]]
    wanted = [("float_input", "FP32", [-1, 4]), (LABEL, "INT64", [-1]), (PROBABILITY, "FP32", [-1, 3])]
    equal(got, wanted, "tensors")


async def repository(stub):
    """KServe's messages have the model's name where Triton's have the repository's."""
    gone = await stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name="digits"))
    equal((gone.model_name, gone.isUnloaded), ("digits", True), "reply to unload")
    ready = await stub.ModelReady(pb.ModelReadyRequest(name="digits"))
    equal(ready.ready, False, "ready after unload")
    back = await stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name="digits"))
    equal((back.model_name, back.isLoaded), ("digits", True), "reply to load")
    ready = await stub.ModelReady(pb.ModelReadyRequest(name="digits"))
    equal(ready.ready, True, "ready after load")


async def main():
    host, http, port = sys.argv[1:]
    # The clients log each refusal with a traceback.
    logging.disable(logging.CRITICAL)
    return [await rest(f"{host}:{http}"), await rest_v1(f"{host}:{http}"), await over_grpc(f"{host}:{port}")]


if __name__ == "__main__":
    end(*asyncio.run(main()))
