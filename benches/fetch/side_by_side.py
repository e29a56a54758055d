"""How fast `radiant fetch` is beside the clouds' own clients, on the same server in the same minute.

    side_by_side.py RADIANT [--store s3|azure] [--megabytes 200] [--rounds 9] [--folder FOLDER]
    side_by_side.py RADIANT --smoke

Starts `s3s-fs` and `azurite-blob` (both in PATH) on ports of the system's choice, puts one object into
each as their users put it, and downloads it in turns, every client into a folder that is new. The order
turns round with every round. A client of Python's is warm, has its connections, and is timed from the
call to its return; `radiant fetch` is timed from the start of its process to its end. The others run as
they come, and with as many requests at once as `radiant fetch`.

What counts is the ratio of throughputs, over the quickest of the others: the median of the rounds. Fails
when one is below 0.9, and when contents differ. `--smoke` is one round with 2 MB, whose ratio is not
looked at.
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.config
from azure.storage.blob import BlobServiceClient
from boto3.s3.transfer import TransferConfig

RATIO_MIN = 0.9
PARALLEL = 8
BUCKET, NAME = "models", "iris/model.bin"
ACCESS_KEY, SECRET_KEY = "AKEXAMPLE", "SKEXAMPLE"
# The account that every Azurite has, and its key, which is no secret.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextlib.contextmanager
def server(command, environment=None):
    """Runs a program until the block ends; gives the address that it says it listens on."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "RUST_LOG": "info", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in process.stdout:
            if found := re.search(r"127\.0\.0\.1:[1-9]\d*", line):
                break
        else:
            sys.exit(f"`{command[0]}` ended before it listened")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield found[0]
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def s3(content):
    """The clients of an S3 server, by name: functions that download into a file, and what `radiant` is given."""
    with tempfile.TemporaryDirectory() as root:
        command = ["s3s-fs", "--host", "127.0.0.1", "--port", "0"]
        with server([*command, "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY, root]) as address:
            client = boto3.client(
                "s3",
                endpoint_url=f"http://{address}",
                region_name="us-east-1",
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=botocore.config.Config(s3={"addressing_style": "path"}, max_pool_connections=2 * PARALLEL),
            )
            client.create_bucket(Bucket=BUCKET)
            client.upload_file(str(content), BUCKET, NAME)

            def by(**options):
                # Not by awscrt, which has no addresses with the bucket in the path.
                config = TransferConfig(preferred_transfer_client="classic", **options)
                return lambda file: client.download_file(BUCKET, NAME, str(file), Config=config)

            yield {
                "boto3": by(),
                f"boto3, {PARALLEL} at once": by(max_concurrency=PARALLEL),
            }, {
                "uri": f"s3://{BUCKET}/{NAME}",
                "AWS_ENDPOINT_URL": f"http://{address}",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            }


@contextlib.contextmanager
def azure(content):
    """The same for a server of Azure's."""
    options = ["--blobHost=127.0.0.1", "--blobPort=0", "--inMemoryPersistence", "--extentMemoryLimit=2000"]
    options += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with server(["azurite-blob", *options]) as address:
        endpoint = f"http://{address}/{ACCOUNT}"
        service = BlobServiceClient(endpoint, credential=ACCOUNT_KEY)
        container = service.create_container(BUCKET)
        blob = container.get_blob_client(NAME)
        with open(content, "rb") as source:
            blob.upload_blob(source)

        def by(parallel):
            def download(file):
                with open(file, "wb") as target:
                    blob.download_blob(max_concurrency=parallel).readinto(target)

            return download

        yield {"azure-storage-blob": by(1), f"azure-storage-blob, {PARALLEL} at once": by(PARALLEL)}, {
            "uri": f"az://{BUCKET}/{NAME}",
            "RCLONE_CONFIG_AZ_TYPE": "azureblob",
            "RCLONE_CONFIG_AZ_ACCOUNT": ACCOUNT,
            "RCLONE_CONFIG_AZ_KEY": ACCOUNT_KEY,
            "RCLONE_CONFIG_AZ_ENDPOINT": endpoint,
        }


def by_radiant(program, settings):
    """A function that runs `radiant fetch` into the folder of a file."""
    environment = {**os.environ, **settings, "RADIANT_FETCH_PARALLEL": str(PARALLEL)}
    uri = environment.pop("uri")

    def fetch(file):
        done = subprocess.run([program, "fetch", uri, str(file.parent)], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"`radiant fetch {uri}` failed:\n{done.stderr}")

    return fetch


def digest(file):
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def seconds(download, folder, expected):
    """How long one download takes into a folder that is not there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file = folder / pathlib.PurePath(NAME).name
    # What others have written is not to be waited for.
    os.sync()
    began = time.perf_counter()
    download(file)
    took = time.perf_counter() - began
    if digest(file) != expected:
        sys.exit("contents differ")
    shutil.rmtree(folder)
    return took


def compare(name, store, options, content):
    """Prints a row for each client and the ratio; whether it is good enough."""
    expected, n_bytes = digest(content), content.stat().st_size
    with store(content) as (others, settings):
        ours = by_radiant(options.radiant, settings)
        clients = {"radiant fetch": ours, **others}
        times = {client: [] for client in clients}
        folder = options.folder / "download"
        for round_idx in range(-1, options.rounds):
            order = list(clients.items())
            for client, download in order if round_idx % 2 else reversed(order):
                took = seconds(download, folder, expected)
                # The first round is for connections, caches and modules.
                if round_idx >= 0:
                    times[client].append(took)
    print(f"\n{name}, {n_bytes / 1e6:.0f} MB, {options.rounds} rounds")
    for client, took in times.items():
        speeds = sorted(n_bytes / 1e6 / each for each in took)
        print(f"  {client:32} {statistics.median(speeds):7.0f} MB/s ({speeds[0]:.0f} to {speeds[-1]:.0f})")
    best = min(others, key=lambda client: statistics.median(times[client]))
    ratios = sorted(other / our for our, other in zip(times["radiant fetch"], times[best]))
    ratio = statistics.median(ratios)
    print(f"  ratio to {best}: {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)
    return ratio >= RATIO_MIN


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("radiant", help="the program")
    parser.add_argument("--store", choices=["s3", "azure"], action="append")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=pathlib.Path, help="where files are written; by default in the temporary folder")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.megabytes, options.rounds = 2, 1
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        options.folder = pathlib.Path(folder)
        content = options.folder / "content"
        content.write_bytes(os.urandom(options.megabytes * 1_000_000))
        stores = {"s3": s3, "azure": azure}
        wanted = options.store or list(stores)
        good = [compare(name, stores[name], options, content) for name in wanted]
    if not options.smoke and not all(good):
        sys.exit(f"BEYOND the limit: expected a ratio of at least {RATIO_MIN}")


if __name__ == "__main__":
    main()
