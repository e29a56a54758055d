"""What generic gRPC tools do with a running server: reflection, calls in messages that are built from
it alone as `grpcurl` builds them, and health checks.

    python grpc_tools.py HOST GRPC_PORT

The server must serve `tests/models/iris` as `iris` and `tests/models/digits-mlp` as `digits`. Needs
grpcio, grpcio-reflection and grpcio-health-checking; no generated code of the services that are
called.
"""

import base64
import json
import pathlib
import struct
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from table import Failed, Table, end, equal, expect

IRIS = json.loads((pathlib.Path(__file__).resolve().parent.parent / "models/iris/expected.json").read_text())
ROWS = IRIS["inputs"]["float_input"]
LABELS = IRIS["outputs"]["output_label"]["values"]
PROBABILITIES = IRIS["outputs"]["output_probability"]["values"]
ANSWER_S = 60

SERVICES = {
    "seldon.protos.Generic": "TransformInput TransformOutput Route Aggregate SendFeedback",
    "seldon.protos.Model": "Predict SendFeedback Metadata",
    "seldon.protos.Router": "Route SendFeedback",
    "seldon.protos.Transformer": "TransformInput",
    "seldon.protos.OutputTransformer": "TransformOutput",
    "seldon.protos.Combiner": "Aggregate",
    "seldon.protos.Seldon": "Predict SendFeedback ModelMetadata GraphMetadata",
    "inference.GRPCInferenceService": (
        "ServerLive ServerReady ModelReady ServerMetadata ModelMetadata ModelInfer ModelStreamInfer ModelConfig ModelStatistics"
        " RepositoryIndex RepositoryModelLoad RepositoryModelUnload TraceSetting LogSettings SystemSharedMemoryStatus"
        " SystemSharedMemoryRegister SystemSharedMemoryUnregister CudaSharedMemoryStatus CudaSharedMemoryRegister"
        " CudaSharedMemoryUnregister"
    ),
    "tensorflow.serving.PredictionService": "Predict GetModelMetadata",
    "tensorflow.serving.ModelService": "GetModelStatus",
    "grpc.health.v1.Health": "Check Watch",
}


class Reflection:
    """A client of one version of the reflection service; both have the same messages."""

    def __init__(self, channel, version):
        self.call = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )

    def ask(self, *questions):
        """One stream: a reply for each question."""
        requests = iter([reflection_pb2.ServerReflectionRequest(**question) for question in questions])
        replies = list(self.call(requests, timeout=ANSWER_S))
        equal(len(replies), len(questions), "replies")
        return replies

    def files(self, question):
        """The files that a reply holds, each of which says what it depends on."""
        reply = self.ask(question)[0]
        found = reply.WhichOneof("message_response")
        equal(found, "file_descriptor_response", f"reply to {question}: {reply.error_response}")
        held = reply.file_descriptor_response.file_descriptor_proto
        return [descriptor_pb2.FileDescriptorProto.FromString(content) for content in held]

    def pool(self):
        """Descriptors of all that the services need, gathered file by file."""
        files = {}
        wanted = [{"file_containing_symbol": service} for service in SERVICES]
        while wanted:
            for file in self.files(wanted.pop()):
                if file.name not in files:
                    files[file.name] = file
                    wanted += [{"file_by_filename": name} for name in file.dependency if name not in files]
        pool = descriptor_pool.DescriptorPool()
        while files:
            ready = [name for name, file in files.items() if not any(other in files for other in file.dependency)]
            expect(ready, "files depend on each other in no circle", list(files))
            for name in ready:
                pool.AddSerializedFile(files.pop(name).SerializeToString())
        return pool


class Caller:
    """Calls methods whose messages are known from descriptors only."""

    def __init__(self, channel, pool):
        self.channel, self.pool = channel, pool

    def __call__(self, service, method, document):
        """Sends a JSON document in protobuf's JSON form; the answer is a message."""
        described = self.pool.FindServiceByName(service).FindMethodByName(method)
        request = message_factory.GetMessageClass(described.input_type)
        response = message_factory.GetMessageClass(described.output_type)
        call = self.channel.unary_unary(
            f"/{service}/{method}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
        )
        return call(json_format.ParseDict(document, request()), timeout=ANSWER_S)


def reflection(table, channel, version):
    client, row = Reflection(channel, version), table.row
    row(f"reflection {version}, list services", services, client)
    for service in SERVICES:
        row(f"reflection {version}, describe {service}", describe, client, service)
    row(f"reflection {version}, describe a method and a message", symbols, client)
    row(f"reflection {version}, an unknown symbol", unknown, client, {"file_containing_symbol": "nobody.Nothing"})
    row(f"reflection {version}, an unknown file", unknown, client, {"file_by_filename": "nothing.proto"})
    row(f"reflection {version}, several questions in a stream", several, client)
    row(f"reflection {version}, all types resolve", resolve, client)


def listed(reply):
    return {service.name for service in reply.list_services_response.service}


def services(client):
    got = listed(client.ask({"list_services": ""})[0])
    equal(sorted(set(SERVICES) - got), [], "services that are not listed")
    return f"{len(got)} services"


def describe(client, service):
    file = next(file for file in client.files({"file_containing_symbol": service}) if service.startswith(f"{file.package}."))
    name = service[len(file.package) + 1 :]
    methods = [method.name for found in file.service if found.name == name for method in found.method]
    lacking = sorted(set(SERVICES[service].split()) - set(methods))
    equal(lacking, [], f"methods that {file.name} lacks")
    return f"{file.name}: {', '.join(methods)}"


def symbols(client):
    for symbol in ["inference.GRPCInferenceService.ModelInfer", "inference.ModelInferRequest.InferInputTensor", "seldon.protos.SeldonMessage"]:
        expect(client.files({"file_containing_symbol": symbol}), f"{symbol} is found")


def unknown(client, question):
    """In the protocol a question that has no answer is answered so and the stream goes on; several
    servers end the stream with the status instead, which `grpcurl` takes for the same."""
    try:
        reply = client.ask(question)[0]
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.NOT_FOUND, error.details())
        return f"ends the stream: {error.details()}"
    equal(reply.error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0], f"error code; {reply}")
    return f"goes on: {reply.error_response.error_message}"


def several(client):
    first, second, third = client.ask({"list_services": ""}, {"file_containing_symbol": "seldon.protos.Model"}, {"list_services": ""})
    equal(listed(first), listed(third), "services")
    equal(second.original_request.file_containing_symbol, "seldon.protos.Model", "original request")
    expect(second.file_descriptor_response.file_descriptor_proto, "files", second)


def resolve(client):
    pool = client.pool()
    methods = [method for service in SERVICES for method in pool.FindServiceByName(service).methods]
    return f"{len(methods)} methods, {len({method.input_type.full_name for method in methods})} request types"


def official(channel):
    """The library's own reflection client, which speaks v1alpha."""
    database = ProtoReflectionDescriptorDatabase(channel)
    equal(sorted(set(SERVICES) - set(database.get_services())), [], "services that are not listed")
    described = descriptor_pool.DescriptorPool(database).FindServiceByName("inference.GRPCInferenceService")
    equal(described.methods_by_name["ModelInfer"].input_type.full_name, "inference.ModelInferRequest", "request")


def calls(table, channel, version):
    try:
        call = Caller(channel, Reflection(channel, version).pool())
    except Exception as error:  # noqa: BLE001 - told as a row
        table.fail(f"built from {version}", error)
        return
    row = table.row
    row(f"built from {version}, inference ModelInfer raw", model_infer, call, True)
    row(f"built from {version}, inference ModelInfer typed", model_infer, call, False)
    for service in ["Seldon", "Model"]:
        for kind in ["tensor", "ndarray"]:
            row(f"built from {version}, seldon {service}.Predict {kind}", seldon, call, service, kind)
    row(f"built from {version}, seldon Predict tftensor", seldon, call, "Seldon", "tftensor")
    row(f"built from {version}, seldon SendFeedback", feedback, call)
    row(f"built from {version}, seldon ModelMetadata", seldon_metadata, call)
    row(f"built from {version}, seldon Predict refused", refused, call, "seldon.protos.Seldon", "Predict", {"strData": "x"})
    row(f"built from {version}, tensorflow Predict", tensorflow, call)
    row(f"built from {version}, tensorflow GetModelMetadata", tensorflow_metadata, call)
    row(f"built from {version}, tensorflow GetModelStatus", tensorflow_status, call)


def near(got, wanted, what):
    got = list(got)
    equal(len(got), len(wanted), f"{what}: values")
    distance = max(abs(one - other) for one, other in zip(got, wanted))
    expect(distance <= 1e-6, f"{what}: {distance} from the reference", got)


def packed(values, kind):
    return base64.b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def model_infer(call, raw):
    tensor = {"name": "float_input", "datatype": "FP32", "shape": ROWS["shape"]}
    document = {"modelName": "iris", "id": "g", "inputs": [tensor]}
    if raw:
        document["rawInputContents"] = [packed(ROWS["values"], "f")]
    else:
        tensor["contents"] = {"fp32Contents": ROWS["values"]}
    answer = call("inference.GRPCInferenceService", "ModelInfer", document)
    equal((answer.model_name, answer.id), ("iris", "g"), "model and id")
    equal([output.name for output in answer.outputs], ["output_label", "output_probability"], "outputs")
    equal(bool(answer.raw_output_contents), raw, "answered in raw contents")
    if raw:
        labels = struct.unpack("<12q", answer.raw_output_contents[0])
        values = struct.unpack("<36f", answer.raw_output_contents[1])
    else:
        labels, values = answer.outputs[0].contents.int64_contents, answer.outputs[1].contents.fp32_contents
    equal(list(labels), LABELS, "labels")
    near(values, PROBABILITIES, "probabilities")


def table_of(values, width):
    return [values[start : start + width] for start in range(0, len(values), width)]


def seldon(call, service, kind):
    data = {
        "tensor": {"tensor": {"shape": ROWS["shape"], "values": ROWS["values"]}},
        "ndarray": {"ndarray": table_of(ROWS["values"], 4)},
        "tftensor": {"tftensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": 12}, {"size": 4}]}, "floatVal": ROWS["values"]}},
    }[kind]
    answer = call(f"seldon.protos.{service}", "Predict", {"data": {"names": list("abcd"), **data}, "meta": {"puid": "p7"}})
    equal(answer.data.WhichOneof("data_oneof"), kind, "answered in kind")
    equal(answer.meta.puid, "p7", "puid")
    equal(list(answer.data.names), ["t:0", "t:1", "t:2"], "names")
    if kind == "ndarray":
        values = [number for row in json_format.MessageToDict(answer.data.ndarray) for number in row]
    elif kind == "tensor":
        values = answer.data.tensor.values
    else:
        found = answer.data.tftensor
        wide = {1: (4, "f"), 2: (8, "d")}[found.dtype]
        values = struct.unpack(f"<{len(found.tensor_content) // wide[0]}{wide[1]}", found.tensor_content)
    near(values, PROBABILITIES, "probabilities")


def feedback(call):
    message = {"data": {"ndarray": [[1, 2, 3, 4]]}}
    answer = call("seldon.protos.Seldon", "SendFeedback", {"request": message, "reward": 1.0})
    expect(answer.status.status == 0, "no failure", answer)


def seldon_metadata(call):
    return str(call("seldon.protos.Seldon", "ModelMetadata", {"name": "iris"}))


def refused(call, service, method, document):
    try:
        answer = call(service, method, document)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT, error.details())
        expect(error.details(), "a text")
        return error.details()
    raise Failed(f"expected a refusal, got {answer}")


def tensorflow(call):
    tensor = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": 12}, {"size": 4}]}, "tensorContent": packed(ROWS["values"], "f")}
    document = {"modelSpec": {"name": "iris"}, "inputs": {"float_input": tensor}}
    answer = call("tensorflow.serving.PredictionService", "Predict", document)
    equal(sorted(answer.outputs), ["output_label", "output_probability"], "outputs")
    found = answer.outputs["output_probability"]
    equal([dim.size for dim in found.tensor_shape.dim], [12, 3], "shape")
    values = found.float_val or struct.unpack("<36f", found.tensor_content)
    near(values, PROBABILITIES, "probabilities")


def tensorflow_metadata(call):
    answer = call("tensorflow.serving.PredictionService", "GetModelMetadata", {"modelSpec": {"name": "iris"}, "metadataField": ["signature_def"]})
    expect("signature_def" in answer.metadata, "signature_def", answer)
    return answer.metadata["signature_def"].type_url


def tensorflow_status(call):
    answer = call("tensorflow.serving.ModelService", "GetModelStatus", {"modelSpec": {"name": "iris"}})
    found = answer.model_version_status[0]
    equal((found.version, found.state), (1, 30), "version and state (AVAILABLE)")


def health(table, channel):
    stub, row = health_pb2_grpc.HealthStub(channel), table.row
    for service in ["", "iris", "digits"]:
        row(f"health Check {service or 'the server'}", check, stub, service)
        row(f"health Watch {service or 'the server'}, first message", watch, stub, service)
    row("health Check, unknown service", check_unknown, stub)
    row("health Watch, unknown service", watch_unknown, stub)
    row("health Watch and Check, unloaded and loaded", follow, stub, channel)


SERVING = health_pb2.HealthCheckResponse.SERVING


def asked(service):
    return health_pb2.HealthCheckRequest(service=service)


def check(stub, service):
    equal(stub.Check(asked(service), timeout=ANSWER_S).status, SERVING, "status")


def watch(stub, service):
    stream = stub.Watch(asked(service), timeout=ANSWER_S)
    equal(next(stream).status, SERVING, "status")
    stream.cancel()


def check_unknown(stub):
    try:
        stub.Check(asked("nobody"), timeout=ANSWER_S)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.NOT_FOUND, error.details())
        return error.details()
    raise Failed("expected NOT_FOUND")


def watch_unknown(stub):
    """The protocol asks for a message here, not for a status."""
    stream = stub.Watch(asked("nobody"), timeout=ANSWER_S)
    equal(next(stream).status, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN, "status")
    stream.cancel()


def follow(stub, channel):
    call = Caller(channel, Reflection(channel, "v1").pool())
    stream = stub.Watch(asked("digits"), timeout=ANSWER_S)
    equal(next(stream).status, SERVING, "status at first")
    call("inference.GRPCInferenceService", "RepositoryModelUnload", {"modelName": "digits"})
    expect(next(stream).status != SERVING, "unloading is told")
    expect(stub.Check(asked("digits"), timeout=ANSWER_S).status != SERVING, "an unloaded model is not healthy")
    call("inference.GRPCInferenceService", "RepositoryModelLoad", {"modelName": "digits"})
    # Whether loading is told as a state of its own is the server's choice.
    equal(next(status.status for status in stream if status.status == SERVING), SERVING, "status at last")
    stream.cancel()


def main():
    host, port = sys.argv[1:]
    table = Table("gRPC tools")
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        for version in ["v1", "v1alpha"]:
            reflection(table, channel, version)
            calls(table, channel, version)
        table.row("reflection v1alpha, ProtoReflectionDescriptorDatabase", official, channel)
        health(table, channel)
    end(table)


if __name__ == "__main__":
    main()
