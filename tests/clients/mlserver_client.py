"""Drives a running server with MLServer's client side: the `mlserver infer` tool, and MLServer's
own types as judges of the server's JSON.

    python mlserver_client.py HOST HTTP_PORT

The server must serve what `known.py` names. Needs `mlserver`; its own server is not started.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import numpy as np
from mlserver import types
from mlserver.codecs import NumpyCodec

from known import ECHOES, IRIS, LABEL, PROBABILITY, close, same
from table import Table, end, equal, expect

TOOL = pathlib.Path(sys.executable).parent / "mlserver"


def tool(address):
    """`mlserver infer`: requests from a file, several in one where it is told to."""
    table = Table("mlserver infer")
    for mode, more in [("JSON", []), ("bytes", ["-b"])]:
        table.row(f"{mode}, one row a request", iris, address, [*more, "-w", "2"], 1)
        table.row(f"{mode}, five requests sent as one", iris, address, [*more, "-s", "5"], 1)
        table.row(f"{mode}, rows of three", iris, address, more, 3)
        table.row(f"{mode}, a header", iris, address, [*more, "-H", "x-team: forest"], 12)
        table.row(f"{mode}, outputs named", iris, address, more, 4, [PROBABILITY])
        for model in ["bool", "int64", "fp64"]:
            table.row(f"{mode}, {ECHOES[model][0]}", echo, address, more, model)
        table.row(f"{mode}, text", text, address, more)
        table.row(f"{mode}, a refusal is written to the file", refused, address, more)
    return table


def ask(address, model, requests, more):
    """Runs the tool over a file of requests; the answers in the order of the requests."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "in.txt"), pathlib.Path(folder, "out.txt")
        source.write_text("".join(json.dumps(request) + "\n" for request in requests))
        command = [str(TOOL), "infer", "-u", address, "-m", model, "-i", str(source), "-o", str(target), "-r", "1", *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        equal(done.returncode, 0, f"status; {done.stdout}")
        answers = [json.loads(line) for line in target.read_text().splitlines()]
    equal(len(answers), len(requests), f"answers; {done.stdout}")
    return sorted(answers, key=lambda answer: answer["parameters"]["batch_index"])


def tensor(name, array, datatype):
    values = [item.decode() if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": values}


def decoded(answer, name):
    """An output of an answer that MLServer's type accepts, as MLServer's codec reads it."""
    expect("error" not in answer, "no error", answer)
    answer = types.InferenceResponse.model_validate(answer)
    found = [output for output in answer.outputs if output.name == name]
    equal(len(found), 1, f"outputs named {name}")
    return NumpyCodec.decode_output(found[0])


def iris(address, more, rows, outputs=None):
    starts = range(0, len(IRIS.rows), rows)
    requests = [{"inputs": [tensor(IRIS.input_name, IRIS.rows[start : start + rows], "FP32")]} for start in starts]
    for index, request in enumerate(requests):
        request["id"] = f"m{index}"
        if outputs:
            request["outputs"] = [{"name": name} for name in outputs]
    answers = ask(address, "iris", requests, more)
    for start, request, answer in zip(starts, requests, answers):
        equal(answer["model_name"], "iris", "model_name")
        equal(answer["id"], request["id"], "id")
        for name in outputs or [LABEL, PROBABILITY]:
            wanted = IRIS.answers[name][start : start + rows]
            # MLServer's codec reads a vector as a column.
            close(decoded(answer, name).reshape(wanted.shape), wanted, name)
    return f"{len(answers)} answers"


def echo(address, more, model):
    datatype, array = ECHOES[model]
    answer = ask(address, model, [{"inputs": [tensor("x", array, datatype)]}], more)[0]
    same(decoded(answer, "x_out"), array, "x_out")


def text(address, more):
    array = np.array([["plain", "größer"], ["", '"\\']], dtype=np.object_)
    answer = ask(address, "bytes", [{"inputs": [tensor("x", array, "BYTES")]}], more)[0]
    wanted = [item.encode() for item in array.ravel()]
    got = [item.encode() if isinstance(item, str) else item for item in answer["outputs"][0]["data"]]
    equal(got, wanted, "data")


def refused(address, more):
    request = {"inputs": [tensor(IRIS.input_name, IRIS.rows[:, :3], "FP32")]}
    answer = ask(address, "iris", [request], more)[0]
    told = answer["error"]["msg"]
    expect("[-1, 4]" in told, "the text names the shape", told)
    return told


def judge(address):
    """Every JSON document that MLServer has a type for."""
    table = Table("mlserver.types")
    row = table.row
    row("MetadataServerResponse", read, address, "/v2", types.MetadataServerResponse)
    for model in ["iris", "digits", *ECHOES]:
        row(f"MetadataModelResponse {model}", read, address, f"/v2/models/{model}", types.MetadataModelResponse)
    row("MetadataModelResponse, version", read, address, "/v2/models/iris/versions/1", types.MetadataModelResponse)
    for body in [None, {}, {"ready": True}]:
        row(f"RepositoryIndexResponse, asked {json.dumps(body)}", index, address, body)
    row("InferenceResponse", inference, address)
    bad = {"inputs": [tensor(IRIS.input_name, IRIS.rows[:, :3], "FP32")]}
    row("InferenceErrorResponse", error, address, "/v2/models/iris/infer", bad, 400, types.InferenceErrorResponse)
    row("MetadataModelErrorResponse", error, address, "/v2/models/nobody", None, 404, types.MetadataModelErrorResponse)
    path = "/v2/repository/models/nobody"
    row("RepositoryLoadErrorResponse", error, address, f"{path}/load", {}, 404, types.RepositoryLoadErrorResponse)
    row("RepositoryUnloadErrorResponse", error, address, f"{path}/unload", {}, 404, types.RepositoryUnloadErrorResponse)
    return table


def fetch(address, path, body=None, method=None):
    """Status, content type and text of a reply."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{address}{path}", data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers["Content-Type"], refusal.read()


def read(address, path, kind, body=None, method=None):
    status, content_type, content = fetch(address, path, body, method)
    equal(status, 200, f"status; {content!r}")
    equal(content_type, "application/json", "content type")
    kind.model_validate_json(content)
    return content.decode()


def index(address, body):
    path, kind = "/v2/repository/index", types.RepositoryIndexResponse
    models = kind.model_validate_json(read(address, path, kind, body, "POST"))
    states = {model.name: model.state for model in models.root}
    for model in ["iris", "digits", *ECHOES]:
        equal(states.get(model), "READY", f"state of {model}")
    return f"{len(states)} models"


def inference(address):
    request = types.InferenceRequest(inputs=[NumpyCodec.encode_input(IRIS.input_name, IRIS.rows)], id="judge")
    content = read(address, "/v2/models/iris/infer", types.InferenceResponse, json.loads(request.model_dump_json(exclude_none=True)))
    answer = types.InferenceResponse.model_validate_json(content)
    equal(answer.id, "judge", "id")
    for name in [LABEL, PROBABILITY]:
        close(decoded(answer.model_dump(), name).reshape(IRIS.answers[name].shape), IRIS.answers[name], name)


def error(address, path, body, wanted, kind):
    status, content_type, content = fetch(address, path, body)
    equal(status, wanted, f"status; {content!r}")
    equal(content_type, "application/json", "content type")
    expect(kind.model_validate_json(content).error, "an error's text", content)
    return content.decode()


def main():
    host, http = sys.argv[1:3]
    end(tool(f"{host}:{http}"), judge(f"{host}:{http}"))


if __name__ == "__main__":
    main()
