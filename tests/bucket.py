"""A real server that speaks S3's protocol, in a process of its own, and a bucket in it."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

ACCESS = {"access_key": "findings", "secret_key": "findings-secret"}


class Bucket:
    """The server's address, the bucket's name, and a client to look into it behind our back."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.name = endpoint, "evidence"
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1",
            aws_access_key_id=ACCESS["access_key"], aws_secret_access_key=ACCESS["secret_key"],
        )  # fmt: skip
        self.client.create_bucket(Bucket=self.name)

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def empty(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=self.name, Key=key)

    def storages(self, store: str, **options: Any) -> dict[str, Any]:
        """STORAGES as issuetracker/settings.py makes them for this bucket."""
        reach = {
            "bucket_name": self.name,
            "endpoint_url": self.endpoint,
            "region_name": "us-east-1",
            **ACCESS,
            **options,
        }
        return {
            "disk": {"BACKEND": "issues.models.storage.EvidenceStorage"},
            "s3": {"BACKEND": "issues.models.bucket.BucketStorage", "OPTIONS": reach},
            "default": {
                "BACKEND": "issues.models.storage.Stores",
                "OPTIONS": {"first": store, "second": "disk" if store == "s3" else "s3"},
            },
            "staticfiles": {"BACKEND": "issuetracker.static.HashedStaticFiles"},
        }

    def environment(self, store: str = "s3") -> dict[str, str]:
        """The same for a process."""
        return {
            "ISSUETRACKER_S3_BUCKET": self.name, "ISSUETRACKER_S3_ENDPOINT": self.endpoint, "ISSUETRACKER_S3_REGION": "us-east-1",
            "ISSUETRACKER_S3_ACCESS_KEY": ACCESS["access_key"], "ISSUETRACKER_S3_SECRET_KEY": ACCESS["secret_key"],
            "ISSUETRACKER_STORE": store,
        }  # fmt: skip


@contextmanager
def server() -> Iterator[Bucket]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Bucket(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)
