"""Lets Triton's `perf_analyzer` measure a running server, and checks that each run completes.

    python perf.py HOST HTTP_PORT GRPC_PORT

The server must serve `tests/models/iris` as `iris`. The tool comes with `tritonclient` 2.51.0, the
last release whose tool runs on glibc 2.36. It is linked with the CUDA runtime, of which a package
beside it has the library, and with libb64, for which LD_LIBRARY_PATH must lead to one that is not
installed. No GPU is used. Figures are printed and not judged: for so few requests the tool divides
by a whole second, so that only the latency tells anything.
"""

import os
import pathlib
import re
import subprocess
import sys
import sysconfig

from table import Table, end, equal, expect

TOOL = pathlib.Path(sys.executable).parent / "perf_analyzer"
CUDA = pathlib.Path(sysconfig.get_path("purelib"), "nvidia/cuda_runtime/lib")
REQUESTS = 200


def main():
    host, http, grpc = sys.argv[1:]
    http, grpc = f"{host}:{http}", f"{host}:{grpc}"
    table = Table("perf_analyzer")
    over_http, over_grpc = ["-i", "http", "-u", http], ["-i", "grpc", "-u", grpc]
    as_json = ["--input-tensor-format", "json", "--output-tensor-format", "json"]
    modes = [
        ("gRPC", over_grpc, 1),
        ("gRPC, 8 rows", over_grpc, 8),
        ("gRPC, asynchronous calls", [*over_grpc, "--async"], 1),
        ("gRPC, a stream", [*over_grpc, "--async", "--streaming"], 1),
        ("gRPC, gzip", [*over_grpc, "--grpc-compression-algorithm", "gzip"], 1),
        ("HTTP, bytes", over_http, 1),
        ("HTTP, bytes, 8 rows", over_http, 8),
        ("HTTP, bytes, asynchronous calls", [*over_http, "--async"], 1),
        ("HTTP, JSON", [*over_http, *as_json], 1),
        ("HTTP, JSON, 8 rows", [*over_http, *as_json], 8),
        ("HTTP, JSON in, bytes out", [*over_http, *as_json[:2]], 1),
        ("HTTP, bytes in, JSON out", [*over_http, *as_json[2:]], 1),
    ]
    for mode, arguments, rows in modes:
        load = ["--concurrency-range", "2"]
        table.row(f"{mode}, 2 at once", analyze, [*arguments, *load, "-b", str(rows)])
    open_loop = ["--request-rate-range", "200", "--request-distribution", "poisson"]
    for mode, arguments in [("gRPC", over_grpc), ("HTTP, bytes", over_http)]:
        table.row(f"{mode}, 200 a second", analyze, [*arguments, *open_loop, "-b", "1"])
    end(table)


def analyze(arguments):
    """Runs the tool once and reads what it printed."""
    paths = [os.environ.get("LD_LIBRARY_PATH"), str(CUDA)]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(path for path in paths if path)}
    # No figure of a shared machine is stable: the tool is to take the first as it is.
    command = [str(TOOL), "-m", "iris", *arguments, "--request-count", str(REQUESTS), "-s", "999", "--input-data", "zero"]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )
    equal(done.returncode, 0, f"status of {' '.join(command[1:])}: {done.stdout}")
    expect(not re.search(r"\b(error|fail)", done.stdout, re.I), "no word of an error", done.stdout)
    count = re.search(r"Request count: (\d+)", done.stdout)
    throughput = re.search(r"throughput: ([\d.]+) infer/sec, latency (\d+) usec", done.stdout)
    expect(count and throughput, "a count and a throughput", done.stdout)
    expect(int(count[1]) >= REQUESTS, f"{REQUESTS} requests are measured", done.stdout)
    return f"{count[1]} requests, {throughput[1]} rows/s, {throughput[2]} us"


if __name__ == "__main__":
    main()
