"""Starts a server, waits until it is ready, does something with it, and stops it.

    serve.py curl -- PROGRAM ARGUMENTS...
        runs the `curl` line that the server prints, as it is printed
    serve.py with COMMAND -- PROGRAM ARGUMENTS...
        runs COMMAND, in which {port} stands for the HTTP port and {grpc} for the gRPC port

Ports come from the system. The server must end with status 0 when it is told to stop. Python 3.9,
standard library only.
"""

import json
import os
import pathlib
import queue
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

# A cold `cargo run` builds first.
READY_S = {"curl": 1800, "with": 60}
STOP_S = 20
LINE = re.compile(r"(?:^|.*\s)(curl .*(?:localhost|127\.0\.0\.1):\d+/.*)$")
PORTS = ["HTTP", "GRPC", "METRICS"]


class Server:
    """A running server and what it has printed."""

    def __init__(self, command, ports_file):
        self.ports_file = pathlib.Path(ports_file)
        any_port = {f"RADIANT_{name}_PORT": "0" for name in PORTS}
        environment = {**any_port, **os.environ, "RADIANT_PORTS_FILE": ports_file}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.echo, daemon=True).start()

    def echo(self):
        for line in self.process.stdout:
            print(f"  server| {line}", end="", flush=True)
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def curl(self, ready_s):
        """The line to try, once the server has printed it."""
        deadline = time.monotonic() + ready_s
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                sys.exit(f"FAILED: the server printed no `curl` line within {ready_s} s")
            if line is None:
                sys.exit(f"FAILED: the server ended with status {self.process.wait()} before it was ready")
            found = LINE.match(line)
            if found:
                return found[1]

    def ports(self, ready_s):
        """The open ports by name, once the server has written them."""
        deadline = time.monotonic() + ready_s
        while not self.ports_file.exists():
            if self.process.poll() is not None:
                sys.exit(f"FAILED: the server ended with status {self.process.returncode} before it was ready")
            if time.monotonic() > deadline:
                sys.exit(f"FAILED: the server was not ready within {ready_s} s")
            time.sleep(0.02)
        return json.loads(self.ports_file.read_text())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit(f"FAILED: the server had not ended {STOP_S} s after SIGTERM")
        if status != 0:
            sys.exit(f"FAILED: after SIGTERM the server ended with status {status}, expected 0")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run_curl(line):
    """Runs the printed line and checks that the answer is probabilities."""
    print(f"$ {line}", flush=True)
    done = subprocess.run(["bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60)
    print(done.stdout, flush=True)
    rows = json.loads(done.stdout)["data"]["ndarray"]
    holds = done.returncode == 0 and len(rows) >= 1
    holds = holds and all(len(row) >= 2 and abs(sum(row) - 1) < 1e-5 and min(row) >= 0 for row in rows)
    if not holds:
        sys.exit("FAILED: expected rows of probabilities")


def run_told(told, ports):
    """Runs a command that is given the ports."""
    told = [word.replace("{port}", str(ports["http"])).replace("{grpc}", str(ports.get("grpc"))) for word in told]
    print(f"$ {shlex.join(told)}", flush=True)
    status = subprocess.run(told, stdin=subprocess.DEVNULL).returncode
    if status != 0:
        sys.exit(f"FAILED: status {status}")


def main():
    action, *rest = sys.argv[1:]
    split = rest.index("--")
    told, command = rest[:split], rest[split + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(command, str(pathlib.Path(folder, "ports.json")))
        try:
            if action == "curl":
                run_curl(server.curl(READY_S[action]))
            else:
                run_told(told, server.ports(READY_S[action]))
            server.stop()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
