"""What Triton's clients ask about a server and its models: health, metadata, configuration,
statistics, repository, settings and shared memory."""

from known import DIGITS, ECHOES, IRIS, LABEL, PROBABILITY, close
from table import equal, expect

EXTENSIONS = ["binary_tensor_data", "classification", "model_configuration", "model_repository", "parameters", "statistics"]


async def run(side):
    row = side.table.wait
    await row("is_server_live, is_server_ready", health, side)
    await row("is_model_ready", model_ready, side)
    await row("get_server_metadata", server_metadata, side)
    await row("get_model_metadata", model_metadata, side)
    await row("get_model_metadata, each datatype", echo_metadata, side)
    await row("get_model_metadata, unknown model", side.refused, 404, "NOT_FOUND", ["nobody"], "get_model_metadata", "nobody")
    await row("get_model_metadata, unknown version", side.refused, 404, "NOT_FOUND", ["77"], "get_model_metadata", "iris", "77")
    await row("get_model_config", model_config, side)
    await row("get_model_config, unknown model", side.refused, 404, "NOT_FOUND", ["nobody"], "get_model_config", "nobody")
    await row("get_inference_statistics", statistics, side)
    await row("get_inference_statistics, unknown model", side.refused, 404, "NOT_FOUND", ["nobody"], "get_inference_statistics", "nobody")
    await row("get_model_repository_index", index, side)
    await row("unload_model, load_model", repository, side)
    await row("load_model, unknown model", side.refused, 404, "NOT_FOUND", ["nobody"], "load_model", "nobody")
    await row("get_trace_settings", trace_settings, side)
    await row("get_log_settings", log_settings, side)
    await row("get_system_shared_memory_status", shared_memory, side, "get_system_shared_memory_status")
    await row("get_cuda_shared_memory_status", shared_memory, side, "get_cuda_shared_memory_status")
    await row("unregister_*_shared_memory, all", forget_shared_memory, side)
    await row(
        "register_system_shared_memory is refused", side.refused, 501, "UNIMPLEMENTED", ["shared memory"],
        "register_system_shared_memory", "region", "/region", 64,
    )
    await row(
        "register_cuda_shared_memory is refused", side.refused, 501, "UNIMPLEMENTED", ["shared memory"],
        "register_cuda_shared_memory", "region", b"aGFuZGxl", 0, 64,
    )


async def health(side):
    expect(await side.call("is_server_live"), "live")
    expect(await side.call("is_server_ready"), "ready")


async def model_ready(side):
    for model in ["iris", "digits", *ECHOES]:
        expect(await side.call("is_model_ready", model), f"{model} is ready")
    expect(await side.call("is_model_ready", "iris", "1"), "version 1 of iris is ready")
    expect(not await side.call("is_model_ready", "nobody"), "an unknown model is not ready")
    expect(not await side.call("is_model_ready", "iris", "77"), "an unknown version is not ready")


async def server_metadata(side):
    told = await side.ask("get_server_metadata")
    expect(told["name"] and told["version"], "a name and a version", told)
    lacking = [name for name in EXTENSIONS if name not in told["extensions"]]
    equal(lacking, [], "extensions that are not told")
    return f"{told['name']} {told['version']}: {', '.join(told['extensions'])}"


def tensors(told):
    """Name, datatype and shape; over gRPC the clients spell numbers as text."""
    return [(one["name"], one["datatype"], [int(dim) for dim in one["shape"]]) for one in told]


async def model_metadata(side):
    for version in ["", "1"]:
        told = await side.ask("get_model_metadata", "iris", version)
        equal(told["name"], "iris", "name")
        equal(told["versions"], ["1"], "versions")
        expect(told["platform"], "a platform", told)
        equal(tensors(told["inputs"]), [("float_input", "FP32", [-1, 4])], "inputs")
        equal(tensors(told["outputs"]), [(LABEL, "INT64", [-1]), (PROBABILITY, "FP32", [-1, 3])], "outputs")
    return told["platform"]


async def echo_metadata(side):
    for model, (datatype, _) in {**ECHOES, "bf16": ("BF16", None)}.items():
        told = await side.ask("get_model_metadata", model)
        equal(tensors(told["inputs"]), [("x", datatype, [-1, -1])], f"inputs of {model}")
        equal(tensors(told["outputs"]), [("x_out", datatype, [-1, -1])], f"outputs of {model}")


async def model_config(side):
    told = await side.ask("get_model_config", "iris")
    told = told if side.over_http else told["config"]
    equal(told["name"], "iris", "name")
    rows = int(told.get("max_batch_size", 0))
    expect(rows >= 0, "max_batch_size", told)
    batch = [] if rows else [-1]
    shapes = [(one["name"], one["data_type"], [int(dim) for dim in one.get("dims", [])]) for one in told["input"] + told["output"]]
    wanted = [("float_input", "TYPE_FP32", batch + [4]), (PROBABILITY, "TYPE_FP32", batch + [3])]
    equal([shape for shape in shapes if shape[0] != LABEL], wanted, "inputs and outputs")
    return f"max_batch_size {rows}, platform {told.get('platform')!r}, backend {told.get('backend')!r}"


async def counted(side):
    told = await side.ask("get_inference_statistics", "iris")
    model = told["model_stats"][0]
    equal(model["name"], "iris", "name")
    success = model["inference_stats"].get("success", {})
    return int(model.get("inference_count", 0)), int(model.get("execution_count", 0)), int(success.get("count", 0))


async def statistics(side):
    rows, runs, requests = await counted(side)
    await side.infer("iris", IRIS.input_name, IRIS.rows)
    more_rows, more_runs, more_requests = await counted(side)
    equal(more_requests - requests, 1, "requests counted")
    equal(more_runs - runs, 1, "runs counted")
    equal(more_rows - rows, len(IRIS.rows), "rows counted")
    told = await side.ask("get_inference_statistics")
    names = {model["name"] for model in told["model_stats"]}
    expect({"iris", "digits", *ECHOES} <= names, "every model is told", names)
    return f"{more_requests} requests, {more_rows} rows"


async def index(side):
    told = await side.ask("get_model_repository_index")
    models = told if side.over_http else told["models"]
    states = {model["name"]: (model.get("version"), model.get("state")) for model in models}
    for model in ["iris", "digits", "bf16", *ECHOES]:
        equal(states.get(model), ("1", "READY"), f"version and state of {model}")
    return f"{len(models)} models"


async def repository(side):
    await side.call("unload_model", "digits")
    expect(not await side.call("is_model_ready", "digits"), "an unloaded model is not ready")
    told = await side.ask("get_model_repository_index")
    models = told if side.over_http else told["models"]
    state = next(model.get("state") for model in models if model["name"] == "digits")
    equal(state, "UNAVAILABLE", "state of an unloaded model")
    await side.call("load_model", "digits")
    expect(await side.call("is_model_ready", "digits"), "a loaded model is ready")
    answer = await side.infer("digits", DIGITS.input_name, DIGITS.rows)
    close(answer.as_numpy("probabilities"), DIGITS.answers["probabilities"], "probabilities")
    return "digits: READY, UNAVAILABLE, READY, and answers"


async def trace_settings(side):
    for model in [None, "iris"]:
        told = await side.ask("get_trace_settings", model)
        told = told if side.over_http else told["settings"]
        expect("trace_level" in told, "a trace level", told)
    return ", ".join(sorted(told))


async def log_settings(side):
    told = await side.ask("get_log_settings")
    told = told if side.over_http else told["settings"]
    for name in ["log_error", "log_warning", "log_info", "log_verbose_level"]:
        expect(name in told, f"{name} is told", told)
    return ", ".join(sorted(told))


async def shared_memory(side, method):
    told = await side.ask(method)
    equal(told, [] if side.over_http else {}, "regions")


async def forget_shared_memory(side):
    await side.call("unregister_system_shared_memory")
    await side.call("unregister_cuda_shared_memory")
