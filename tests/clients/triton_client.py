"""Drives a running server with Triton's Python clients in every mode that they have.

    python triton_client.py HOST HTTP_PORT GRPC_PORT

The server must serve what `known.py` names. The same checks run over `tritonclient.http`,
`tritonclient.http.aio`, `tritonclient.grpc` and `tritonclient.grpc.aio`; what only one of them has
is checked beside. Needs `tritonclient[all]`.
"""

import asyncio
import inspect
import sys

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

import triton_control
import triton_grpc
import triton_http
import triton_infer
from table import Failed, Table, end, equal, expect


class Side:
    """One client: its kind of connection, and whether its calls are awaited."""

    def __init__(self, name, module, aio, address):
        self.table = Table(name)
        self.module = module
        self.over_http = module is tritonclient.http
        self.aio = aio is not None
        self.address = address
        more = {"concurrency": 4} if self.over_http and not self.aio else {}
        self.client = (aio or module).InferenceServerClient(address, **more)

    async def call(self, method, *arguments, **named):
        """Calls a method of the client; over gRPC, answers that are no tensors are asked as JSON."""
        answer = getattr(self.client, method)(*arguments, **named)
        return await answer if inspect.isawaitable(answer) else answer

    async def ask(self, method, *arguments):
        """A method that answers with a document."""
        return await self.call(method, *arguments, **({} if self.over_http else {"as_json": True}))

    def input(self, name, array, binary=True):
        """One input. Over gRPC this client sends bytes only."""
        asked = self.module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        asked.set_data_from_numpy(array, **({"binary_data": binary} if self.over_http else {}))
        return asked

    def output(self, name, binary=True, classes=0):
        more = {"binary_data": binary} if self.over_http else {}
        return self.module.InferRequestedOutput(name, class_count=classes, **more)

    async def infer(self, model, name, array, binary=True, **named):
        return await self.call("infer", model, [self.input(name, array, binary)], **named)

    async def refused(self, http, grpc, words, method, *arguments, **named):
        """Expects that a call is refused with this status and a text that has `words`."""
        try:
            answer = await self.call(method, *arguments, **named)
        except InferenceServerException as error:
            wanted = str(http) if self.over_http else f"StatusCode.{grpc}"
            equal(error.status(), wanted, f"status of {error.message()!r}")
            for word in words:
                expect(word in error.message(), f"the text names {word!r}", error.message())
            return f"{error.status()} {error.message()}"
        raise Failed(f"expected a refusal, got {answer!r}")

    async def close(self):
        closing = self.client.close()
        if inspect.isawaitable(closing):
            await closing


async def run(side):
    await triton_control.run(side)
    await triton_infer.run(side)
    if side.over_http:
        await triton_http.run(side)
    else:
        await triton_grpc.run(side)
    await side.close()
    return side.table


async def main():
    host, http, grpc = sys.argv[1:]
    http, grpc = f"{host}:{http}", f"{host}:{grpc}"
    clients = [
        ("tritonclient.http", tritonclient.http, None, http),
        ("tritonclient.http.aio", tritonclient.http, tritonclient.http.aio, http),
        ("tritonclient.grpc", tritonclient.grpc, None, grpc),
        ("tritonclient.grpc.aio", tritonclient.grpc, tritonclient.grpc.aio, grpc),
    ]
    np.seterr(all="ignore")
    return [await run(Side(*client)) for client in clients]


if __name__ == "__main__":
    end(*asyncio.run(main()))
