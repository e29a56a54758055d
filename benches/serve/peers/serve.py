"""Starts Seldon Core's Python microservice on the loopback interface.

`python serve.py CLASS [OPTIONS]` is `seldon-core-microservice CLASS [OPTIONS]` of seldon-core
1.17.1, which listens on all interfaces and has no option for that: the three places that name an
address are replaced here, and nothing else.
"""

import contextlib
import socket

from seldon_core import gunicorn_utils, microservice

HOST = "127.0.0.1"


def load_config(application, load=gunicorn_utils.StandaloneApplication.load_config):
    """The REST and metrics servers' options with another address."""
    port = application.options["bind"].rsplit(":", 1)[1]
    application.options["bind"] = f"{HOST}:{port}"
    load(application)


def run_grpc_server(*arguments, run=microservice._run_grpc_server):
    """One gRPC process; the address is its last argument."""
    *first, address = arguments
    run(*first, f"{HOST}:{address.rsplit(':', 1)[1]}")


@contextlib.contextmanager
def reserve_grpc_port(port):
    """Holds the port that the gRPC processes share."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((HOST, port))
        yield reserved.getsockname()[1]


gunicorn_utils.StandaloneApplication.load_config = load_config
microservice._run_grpc_server = run_grpc_server
microservice._reserve_grpc_port = reserve_grpc_port

if __name__ == "__main__":
    microservice.main()
