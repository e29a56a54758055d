"""Drives a running server with Seldon Core's own Python clients, over REST.

    python seldon_tools.py HOST PORT

The server must serve `tests/models/iris`. The tools end with status 0 whatever came back, so what
they print is read: every answer must be the probabilities of three classes, and the answers to
known rows must be those of `expected.json`.

Not driven, because the server does not have it: the gRPC half of the tools. Not driven, because the
tools need TensorFlow for it: `tftensor`.
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

HERE = pathlib.Path(__file__).resolve().parent
CONTRACT = str(HERE / "contract.json")
EXPECTED = json.loads((HERE.parent / "models/iris/expected.json").read_text())
BIN = pathlib.Path(sys.executable).parent
FEATURES = [feature["name"] for feature in json.loads(pathlib.Path(CONTRACT).read_text())["features"]]


def table(tensor):
    """A tensor of expected.json as an array."""
    return np.array(tensor["values"]).reshape(tensor["shape"])


ROWS = table(EXPECTED["inputs"]["float_input"])
PROBABILITIES = table(EXPECTED["outputs"]["output_probability"])


def check(what, holds, got):
    if not holds:
        sys.exit(f"FAILED: {what}; got:\n{got}")
    print(f"ok: {what}", flush=True)


def tool(name, *arguments):
    """Runs one of the tools and returns what it printed."""
    command = [str(BIN / name), *map(str, arguments)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    shown = " ".join([name, *map(str, arguments)])
    print(f"$ {shown}\n{done.stdout.rstrip()}", flush=True)
    check(f"`{name}` ends with status 0", done.returncode == 0, done.returncode)
    return done.stdout


def check_probabilities(what, array, rows):
    array = np.asarray(array, dtype=float)
    holds = array.shape == (rows, 3) and (array >= 0).all() and np.allclose(array.sum(axis=1), 1, atol=1e-5)
    check(f"{what}: probabilities of three classes for {rows} rows", bool(holds), array)


def message(printed):
    """A reply as a message: one tool prints protobuf text, the other a Python dictionary."""
    if printed.startswith("{"):
        return json_to_seldon_message(ast.literal_eval(printed))
    return text_format.Parse(printed, prediction_pb2.SeldonMessage())


def check_printed(what, printed, requests, rows):
    """Reads the replies that a tool printed."""
    replies = re.findall(r"RECEIVED RESPONSE:\n(.*?)\n\n", printed + "\n", re.S)
    check(f"{what}: {requests} replies are printed", len(replies) == requests, printed)
    for text in replies:
        reply = message(text)
        check_probabilities(what, get_data_from_proto(reply), rows)
        check(f"{what}: names are t:i", list(reply.data.names) == ["t:0", "t:1", "t:2"], reply)


def testers(host, port):
    """`seldon-core-tester` and `seldon-core-api-tester`."""
    for kind in [(), ("--tensor",)]:
        printed = tool("seldon-core-tester", CONTRACT, host, port, "-p", "-n", 2, "-b", 3, *kind)
        check_printed(f"seldon-core-tester {' '.join(kind)}", printed, 2, 3)
        for namespace in [(), ("--namespace", "models")]:
            arguments = (CONTRACT, host, port, "iris", "-p", "-n", 2, "-b", 3, *kind, *namespace)
            printed = tool("seldon-core-api-tester", *arguments)
            check_printed(f"seldon-core-api-tester {' '.join(kind + namespace)}", printed, 2, 3)
    printed = tool("seldon-core-tester", CONTRACT, host, port, "-p")
    check_printed("seldon-core-tester, one row", printed, 1, 1)
    for name, more in [("seldon-core-tester", ()), ("seldon-core-api-tester", ("iris", "--namespace", "models"))]:
        printed = tool(name, CONTRACT, host, port, *more, "-p", "--endpoint", "send-feedback")
        check(f"{name}: feedback is taken", "Success:True" in printed, printed)
    printed = tool("seldon-core-tester", CONTRACT, host, port, "-p", "-t", "--endpoint", "transform-input")
    check("seldon-core-tester: a transform returns its input", printed.count("values:") == 4, printed)


def batch_processor(host, port):
    """`seldon-batch-processor`, row by row and several rows a request."""
    lines = {
        "data": [json.dumps([row]) for row in ROWS.tolist()],
        "raw": [json.dumps({"data": {"names": FEATURES, "ndarray": [row]}}) for row in ROWS.tolist()],
    }
    cases = [("data", "ndarray", 1), ("data", "ndarray", 5), ("data", "tensor", 5), ("raw", "ndarray", 1), ("raw", "ndarray", 5)]
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "in.txt"), pathlib.Path(folder, "out.txt")
        for data_type, payload, size in cases:
            source.write_text("".join(line + "\n" for line in lines[data_type]))
            tool(
                "seldon-batch-processor", "-d", "iris", "-g", "istio", "-n", "models", "-h", f"{host}:{port}", "--transport", "rest",
                "-a", data_type, "-p", payload, "-w", 2, "-r", 1, "-u", size, "-m", "predict", "-i", source, "-o", target,
            )
            replies = [json.loads(line) for line in target.read_text().splitlines()]
            what = f"seldon-batch-processor {data_type} {payload}, {size} rows a request"
            failed = [reply for reply in replies if "data" not in reply]
            check(f"{what}: {len(ROWS)} replies, none failed", len(replies) == len(ROWS) and not failed, failed or replies)
            replies.sort(key=lambda reply: reply["meta"]["tags"]["batch_index"])
            got = np.array([values(reply["data"]) for reply in replies])
            check(f"{what}: the reference's probabilities", got.shape == PROBABILITIES.shape and np.allclose(got, PROBABILITIES, atol=1e-6), got)


def values(data):
    """The one row of a reply."""
    return data["tensor"]["values"] if "tensor" in data else data["ndarray"][0]


def refused(got):
    """Whether a call was answered with 400 and the body of an error."""
    return not got.success and got.msg.lower() == "bad request" and got.response.status.reason == "MICROSERVICE_BAD_DATA"


def client(host, port):
    """`SeldonClient`, as programs use it."""
    endpoint = f"{host}:{port}"
    node = SeldonClient(microservice_endpoint=endpoint)
    for payload in ["ndarray", "tensor"]:
        got = node.microservice(data=ROWS, names=FEATURES, payload_type=payload, transport="rest", method="predict")
        check(f"SeldonClient.microservice {payload} succeeds", got.success, got)
        array = get_data_from_proto(got.response)
        check(f"SeldonClient.microservice {payload}: the reference's probabilities", np.allclose(array, PROBABILITIES, atol=1e-6), array)
        check(f"SeldonClient.microservice {payload}: answered in kind", got.response.data.WhichOneof("data_oneof") == payload, got)
    got = node.microservice(str_data="no numbers", transport="rest", method="predict")
    check("SeldonClient.microservice: text is refused as bad data", refused(got), got)
    got = node.microservice(data=ROWS, transport="rest", method="route")
    check("SeldonClient.microservice: a model has no routes", refused(got), got)
    for gateway in ["ambassador", "istio"]:
        outside = SeldonClient(
            gateway=gateway, gateway_endpoint=endpoint, transport="rest", deployment_name="iris", namespace="models"
        )
        got = outside.predict(data=ROWS, names=FEATURES, payload_type="ndarray", client_return_type="dict")
        check(f"SeldonClient.predict through {gateway} succeeds", got.success, got)
        check_probabilities(f"SeldonClient.predict through {gateway}", got.response["data"]["ndarray"], len(ROWS))


def main():
    host, port = sys.argv[1:]
    testers(host, port)
    batch_processor(host, port)
    client(host, port)
    print("not run: gRPC (the server has none yet), tftensor (the tools need TensorFlow for it)")
    print("Seldon's client tools: all as expected")


if __name__ == "__main__":
    main()
