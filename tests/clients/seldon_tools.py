"""Drives a running server with Seldon Core's own Python clients, over REST and gRPC.

    python seldon_tools.py HOST HTTP_PORT GRPC_PORT

The server must serve `tests/models/iris` as its main model. The tools end with status 0 whatever
came back, so what they print is read: every answer must be the probabilities of three classes, and
the answers to known rows must be those of `expected.json`. Needs `seldon-core`.

Not driven, because the tools need TensorFlow for it: `tftensor`. `seldon-core-tester` has no
transform-output, and sends the rows of its contract only.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from google.protobuf import text_format
from seldon_core.proto import prediction_pb2
from seldon_core.seldon_client import SeldonClient
from seldon_core.utils import get_data_from_proto, json_to_seldon_message

from known import IRIS, PROBABILITY
from table import Table, end, equal, expect

CONTRACT = str(pathlib.Path(__file__).resolve().parent / "contract.json")
BIN = pathlib.Path(sys.executable).parent
FEATURES = [feature["name"] for feature in json.loads(pathlib.Path(CONTRACT).read_text())["features"]]
ROWS, PROBABILITIES = IRIS.rows.astype(float), IRIS.answers[PROBABILITY]


def tool(name, *arguments):
    """Runs one of the tools and returns what it printed."""
    command = [str(BIN / name), *map(str, arguments)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    equal(done.returncode, 0, f"status; {done.stdout}")
    return done.stdout


def probabilities(array, rows):
    array = np.asarray(array, dtype=float)
    equal(array.shape, (rows, 3), "shape")
    expect((array >= 0).all() and np.allclose(array.sum(axis=1), 1, atol=1e-5), "probabilities of three classes", array)


def reference(array):
    array = np.asarray(array, dtype=float)
    equal(array.shape, PROBABILITIES.shape, "shape")
    expect(np.allclose(array, PROBABILITIES, rtol=0, atol=1e-6), "the reference's probabilities", array)


def message(printed):
    """A reply as a message: one tool prints protobuf text, the other a Python dictionary."""
    if printed.startswith("{"):
        return json_to_seldon_message(ast.literal_eval(printed))
    return text_format.Parse(printed, prediction_pb2.SeldonMessage())


def tester(name, requests, rows, *arguments):
    """Runs a tester that prints its replies, and reads them."""
    printed = tool(name, CONTRACT, *arguments, "-p", "-n", requests, "-b", rows)
    replies = re.findall(r"RECEIVED RESPONSE:\n(.*?)\n\n", printed + "\n", re.S)
    expect(len(replies) == requests, f"{requests} replies are printed", printed)
    for text in replies:
        reply = message(text)
        probabilities(get_data_from_proto(reply), rows)
        equal(list(reply.data.names), ["t:0", "t:1", "t:2"], "names")
        kind = "tensor" if "--tensor" in arguments else "ndarray"
        equal(reply.data.WhichOneof("data_oneof"), kind, "answered in kind")
    return f"{requests} replies of {rows} rows"


def success(name, *arguments):
    """Runs a tester that sends feedback."""
    printed = tool(name, CONTRACT, *arguments, "-p", "--endpoint", "send-feedback")
    expect("Success:True" in printed, "feedback is taken", printed)


def transform(*arguments):
    """A model without a transform returns its input: four numbers."""
    printed = tool("seldon-core-tester", CONTRACT, *arguments, "-p", "-t", "--endpoint", "transform-input")
    expect(printed.count("values:") == 4, "a transform returns its input", printed)


def testers(transport, *address):
    """`seldon-core-tester` and `seldon-core-api-tester`. The latter's feedback needs an answer first,
    for which it asks without a namespace."""
    table = Table(f"testers, {transport}")
    over = ["--grpc"] if transport == "gRPC" else []
    for kind in [[], ["--tensor"]]:
        shown = " ".join(kind)
        table.row(f"seldon-core-tester {shown}", tester, "seldon-core-tester", 2, 3, *address, *over, *kind)
        for namespace in [[], ["--namespace", "models"]]:
            mode = f"seldon-core-api-tester {' '.join([*kind, *namespace])}"
            table.row(mode, tester, "seldon-core-api-tester", 2, 3, *address, "iris", *over, *kind, *namespace)
    table.row("seldon-core-tester, one row", tester, "seldon-core-tester", 1, 1, *address, *over)
    table.row("seldon-core-tester, feedback", success, "seldon-core-tester", *address, *over)
    table.row("seldon-core-tester, feedback --tensor", success, "seldon-core-tester", *address, *over, "-t")
    table.row("seldon-core-api-tester, feedback", success, "seldon-core-api-tester", *address, "iris", "--namespace", "models", *over)
    table.row("seldon-core-tester, transform-input", transform, *address, *over)
    return table


LINES = {
    "data": [json.dumps([row]) for row in ROWS.tolist()],
    "raw": [json.dumps({"data": {"names": FEATURES, "ndarray": [row]}}) for row in ROWS.tolist()],
}


def batch(address, transport, data_type, payload, rows):
    """`seldon-batch-processor` over the known rows."""
    replies = processed(address, transport, LINES[data_type], "-a", data_type, "-p", payload, "-u", rows, "-m", "predict")
    failed = [reply for reply in replies if "data" not in reply]
    expect(not failed, "no reply failed", failed)
    replies.sort(key=lambda reply: reply["meta"]["tags"]["batch_index"])
    reference([only_row(reply["data"]) for reply in replies])
    return f"{len(replies)} replies"


def batch_feedback(address, transport):
    lines = [json.dumps({"request": {"data": {"ndarray": [row]}}, "reward": 1.0}) for row in ROWS.tolist()]
    replies = processed(address, transport, lines, "-a", "raw", "-m", "feedback")
    failed = [reply for reply in replies if reply.get("status", {}).get("info") == "FAILURE"]
    expect(not failed, "no reply failed", failed)
    return f"{len(replies)} replies"


def processed(address, transport, lines, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "in.txt"), pathlib.Path(folder, "out.txt")
        source.write_text("".join(line + "\n" for line in lines))
        printed = tool(
            "seldon-batch-processor", "-d", "iris", "-g", "istio", "-n", "models", "-h", address, "--transport", transport,
            "-w", 2, "-r", 1, "-i", source, "-o", target, *arguments,
        )
        replies = [json.loads(line) for line in target.read_text().splitlines()]
    equal(len(replies), len(lines), f"replies; {printed}")
    return replies


def only_row(data):
    values = data["tensor"]["values"] if "tensor" in data else data["ndarray"]
    return values if "tensor" in data else values[0]


def batches(transport, address):
    table = Table(f"batch-processor, {transport}")
    cases = [("data", "ndarray", 1), ("data", "tensor", 1), ("data", "ndarray", 5), ("data", "tensor", 5), ("raw", "ndarray", 1), ("raw", "ndarray", 5)]
    for data_type, payload, rows in cases:
        table.row(f"{data_type} {payload}, {rows} rows a request", batch, address, transport.lower(), data_type, payload, rows)
    table.row("feedback", batch_feedback, address, transport.lower())
    return table


def succeeded(got):
    expect(got.success, "success", got.msg)
    return got.response


def refused(got, transport):
    """Whether a call was answered as a mistake of the caller."""
    expect(not got.success, "no success", got)
    if transport == "gRPC":
        expect("INVALID_ARGUMENT" in got.msg, "INVALID_ARGUMENT", got.msg)
        return got.msg
    equal(got.msg.lower(), "bad request", "reason phrase")
    equal(got.response.status.reason, "MICROSERVICE_BAD_DATA", "reason")
    return got.response.status.info


def client(transport, address):
    """`SeldonClient`, as programs use it."""
    table, way = Table(f"SeldonClient, {transport}"), transport.lower()
    node = SeldonClient(microservice_endpoint=address, transport=way)
    for payload in ["ndarray", "tensor"]:
        table.row(f"microservice predict {payload}", microservice, node, payload)
        table.row(f"microservice_feedback {payload}", microservice_feedback, node, payload, way)
        table.row(f"microservice transform-input {payload}", untouched, node, payload, "transform-input")
        table.row(f"microservice transform-output {payload}", untouched, node, payload, "transform-output")
    table.row("microservice, text is refused", lambda: refused(node.microservice(str_data="no numbers", method="predict"), transport))
    table.row("microservice, a wrong shape is refused", lambda: refused(node.microservice(data=ROWS[:, :3], method="predict"), transport))
    table.row("microservice, a model has no routes", lambda: refused(node.microservice(data=ROWS, method="route"), transport))
    for gateway in ["ambassador", "istio", "seldon"]:
        outside = SeldonClient(gateway=gateway, gateway_endpoint=address, transport=way, deployment_name="iris", namespace="models")
        for payload in ["ndarray", "tensor"]:
            for kind in ["proto", "dict"]:
                table.row(f"{gateway}: predict {payload}, answered as {kind}", predict, outside, payload, kind)
        table.row(f"{gateway}: predict, a document", predict_raw, outside)
        table.row(f"{gateway}: feedback", feedback, outside)
        if gateway != "seldon":
            table.row(f"{gateway}: predict, headers and tags", predict_tagged, outside)
    return table


def microservice(node, payload):
    reply = succeeded(node.microservice(data=ROWS, names=FEATURES, payload_type=payload, method="predict"))
    reference(get_data_from_proto(reply))
    equal(reply.data.WhichOneof("data_oneof"), payload, "answered in kind")


def microservice_feedback(node, payload, way):
    asked = node.microservice(data=ROWS, payload_type=payload, method="predict")
    succeeded(asked)
    got = node.microservice_feedback(asked.request, asked.response, reward=1.0, transport=way)
    succeeded(got)


def untouched(node, payload, method):
    reply = succeeded(node.microservice(data=ROWS, names=FEATURES, payload_type=payload, method=method))
    got = get_data_from_proto(reply)
    expect(np.array_equal(np.asarray(got, dtype=float), ROWS), "what came in", got)


def predict(outside, payload, kind):
    reply = succeeded(outside.predict(data=ROWS, names=FEATURES, payload_type=payload, client_return_type=kind))
    reply = json_to_seldon_message(reply) if kind == "dict" else reply
    reference(get_data_from_proto(reply))
    equal(reply.data.WhichOneof("data_oneof"), payload, "answered in kind")


def predict_raw(outside):
    document = {"data": {"names": FEATURES, "ndarray": ROWS.tolist()}, "meta": {"puid": "p7"}}
    reply = succeeded(outside.predict(raw_data=document, client_return_type="proto"))
    reference(get_data_from_proto(reply))
    equal(reply.meta.puid, "p7", "puid")


def predict_tagged(outside):
    reply = succeeded(outside.predict(data=ROWS, headers={"seldon-puid": "p8"}, meta={"team": "forest"}, client_return_type="proto"))
    reference(get_data_from_proto(reply))
    equal(reply.meta.tags["team"].string_value, "forest", "tag")


def feedback(outside):
    asked = outside.predict(data=ROWS, names=FEATURES, payload_type="ndarray", client_return_type="proto")
    succeeded(asked)
    for kind in ["proto", "dict"]:
        told = outside.feedback(asked.request, asked.response, reward=1.0, client_return_type=kind)
        succeeded(told)


def main():
    host, http, port = sys.argv[1:]
    tables = []
    for transport, number in [("REST", http), ("gRPC", port)]:
        address = f"{host}:{number}"
        tables += [testers(transport, host, number), batches(transport, address), client(transport, address)]
    end(*tables)


if __name__ == "__main__":
    main()
