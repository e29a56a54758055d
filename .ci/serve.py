"""Starts a server, waits until it is ready, does something with it, and stops it.

    serve.py curl -- PROGRAM ARGUMENTS...
        runs the `curl` line that the server prints, as it is printed
    serve.py with COMMAND -- PROGRAM ARGUMENTS...
        runs COMMAND, in which {port} stands for the port

Ports come from the system. The server must end with status 0 when it is told to stop. Python 3.9,
standard library only.
"""

import json
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

# A cold `cargo run` builds first.
READY_S = {"curl": 1800, "with": 60}
STOP_S = 20
LINE = re.compile(r"(?:^|.*\s)(curl .*(?:localhost|127\.0\.0\.1):(\d+)/.*)$")


class Server:
    """A running server and what it has printed."""

    def __init__(self, command):
        environment = {"RADIANT_HTTP_PORT": "0", "RADIANT_METRICS_PORT": "0", **os.environ}
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
        """The line to try and its port, once the server has printed it."""
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
                return found[1], int(found[2])

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


def main():
    action, *rest = sys.argv[1:]
    split = rest.index("--")
    told, command = rest[:split], rest[split + 1 :]
    server = Server(command)
    try:
        line, port = server.curl(READY_S[action])
        if action == "curl":
            run_curl(line)
        else:
            told = [word.replace("{port}", str(port)) for word in told]
            print(f"$ {shlex.join(told)}", flush=True)
            status = subprocess.run(told, stdin=subprocess.DEVNULL).returncode
            if status != 0:
                sys.exit(f"FAILED: status {status}")
        server.stop()
    finally:
        server.kill()


if __name__ == "__main__":
    main()
