"""The store in an S3-compatible bucket, with a bounded folder of copies on this machine.

An object is put whole or not at all, and read-after-write is strong, so the promises of `Store` hold across machines. Objects
are named prefix/ab/abcd….suffix. A requested object is copied into the folder and served from there; the copies
that were unused longest go when the folder passes its limit.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rendering import sums
from rendering.store import RESERVE, Store, StoreAway

log = logging.getLogger(__name__)

FRESH = 600.0  # seconds after its last use for which a copy stays, however full the folder is
LOW = 0.8  # of the limit, down to which copies go
PART = 16 << 20  # bytes: larger objects are put in parts


class ObjectStore(Store):
    """limit: bytes of copies in `folder`. endpoint: absent for AWS. public_endpoint: where browsers reach it, if elsewhere.

    Every method that needs the bucket raises StoreAway if it does not answer.
    """

    shared = True

    def __init__(
        self,
        folder: Path | str,
        *,
        bucket: str,
        endpoint: str = "",
        public_endpoint: str = "",
        region: str = "",
        key_id: str = "",
        secret: str = "",
        prefix: str = "store",
        limit: int = 20_000_000_000,
        reserve: int = RESERVE,
    ) -> None:
        super().__init__(folder, reserve=reserve)
        self.bucket, self.prefix, self.limit = bucket, prefix, limit
        self._options = {
            "region_name": region or "us-east-1",
            "aws_access_key_id": key_id or None,
            "aws_secret_access_key": secret or None,
        }
        self._client = self._connect(endpoint)
        self._signer = self._connect(public_endpoint) if public_endpoint else self._client
        self._counting = threading.Lock()
        self._held = self.total()

    def _connect(self, endpoint: str) -> Any:
        import boto3  # large: loaded when it is needed
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 4},
            # Stores other than AWS know the newer checksums late or never.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        session = boto3.session.Session()
        return session.client("s3", endpoint_url=endpoint or None, config=config, **self._options)

    def _name(self, key: str, suffix: str) -> str:
        self.path(key, suffix)  # refuses what is not a key
        return f"{self.prefix}/{key[:2]}/{key}{suffix}"

    def find(self, key: str, suffix: str) -> Path | None:
        path = self.path(key, suffix)
        if not self._is_whole(path):  # no copy, or a damaged one
            return self._fetch(key, suffix)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # used now
        return path

    def _fetch(self, key: str, suffix: str) -> Path | None:
        path = self.path(key, suffix)
        with self._room():
            draft = self._draft(suffix)
            try:
                with _request() as problem:
                    found = self._client.get_object(Bucket=self.bucket, Key=self._name(key, suffix))
                    with draft.open("wb") as file:
                        shutil.copyfileobj(found["Body"], file, 1 << 20)
                if problem.absent:
                    return None
                if draft.stat().st_size != found["ContentLength"]:
                    raise StoreAway("an object came incomplete")
                sha256 = sums.digest(draft)
                if found["Metadata"].get("sha256", sha256) != sha256:
                    log.warning("%s is damaged and counts as absent", self._name(key, suffix))
                    return None
                self._publish(draft, path, sha256)
            finally:
                draft.unlink(missing_ok=True)
        self._keep_within(path)
        return path

    @contextmanager
    def write(self, key: str, suffix: str) -> Iterator[Path]:
        """Like `Store.write`; when the block has ended, the object is in the bucket and a copy of it on this
        machine."""
        path, name = self.path(key, suffix), self._name(key, suffix)
        with self._room():
            draft = self._draft(suffix)
            try:
                yield draft
                from boto3.s3.transfer import TransferConfig  # large: loaded when it is needed

                sha256 = sums.digest(draft)

                with _request():
                    self._client.upload_file(
                        *(str(draft), self.bucket, name),
                        ExtraArgs={"Metadata": {"sha256": sha256}},
                        Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART),
                    )
                self._publish(draft, path, sha256)
            finally:
                draft.unlink(missing_ok=True)
        self._keep_within(path)

    def remove(self, key: str, suffix: str) -> None:
        with _request():
            self._client.delete_object(Bucket=self.bucket, Key=self._name(key, suffix))
        super().remove(key, suffix)

    def forget(self, key: str) -> None:
        with _request():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._name(key, ".")
            )
            for found in [each["Key"] for page in pages for each in page.get("Contents", ())]:
                self._client.delete_object(Bucket=self.bucket, Key=found)
        super().forget(key)

    def still_there(self, key: str, suffix: str) -> bool:
        """Asks the bucket, even if this machine holds a copy."""
        with _request() as problem:
            self._client.head_object(Bucket=self.bucket, Key=self._name(key, suffix))
        if problem.absent:
            super().remove(key, suffix)
        return not problem.absent

    def url(
        self, key: str, suffix: str, *, name: str, kind: str, seconds: int, download: bool
    ) -> str:
        """A signed link to the object itself, with ranges, that expires after `seconds`."""
        how = "attachment" if download else "inline"
        return self._signer.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": self._name(key, suffix),
                "ResponseContentType": kind,
                "ResponseContentDisposition": f"{how}; filename*=UTF-8''{quote(name)}",
            },
            ExpiresIn=seconds,
        )

    def create(self) -> None:
        """Makes the bucket if there is none."""
        with _request() as problem:
            self._client.head_bucket(Bucket=self.bucket)
        if problem.absent:
            region = self._client.meta.region_name
            location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            with _request():
                self._client.create_bucket(
                    Bucket=self.bucket, **(location if region != "us-east-1" else {})
                )

    def _probed(self, probe: str) -> bytes:
        Store.remove(self, probe, ".probe")
        found = self.find(probe, ".probe")
        return found.read_bytes() if found else b""

    def _keep_within(self, newest: Path) -> None:
        """Counts a new copy, and removes those unused longest when the limit is passed."""
        with self._counting:
            self._held += newest.stat().st_size
            if self._held <= self.limit:
                return
            copies = []
            for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
                for entry in os.scandir(folder):
                    if not entry.name.endswith(sums.SUFFIX):
                        stat = entry.stat()
                        copies.append((stat.st_atime, stat.st_size, entry.path))
            held, young = sum(size for _, size, _ in copies), time.time() - FRESH
            for used, size, path in sorted(copies):
                if held <= LOW * self.limit or used > young:
                    break
                sums.drop(Path(path))
                held -= size
            self._held = held


class _Outcome:
    absent = False


@contextmanager
def _request() -> Iterator[_Outcome]:
    """Around a request: "there is no such object" is noted, anything else raises StoreAway."""
    from boto3.exceptions import Boto3Error  # large: loaded when it is needed
    from botocore.exceptions import BotoCoreError, ClientError

    answer = _Outcome()
    try:
        yield answer
    except ClientError as problem:
        if problem.response.get("Error", {}).get("Code") not in ("NoSuchKey", "404", "NotFound"):
            raise StoreAway(problem) from problem
        answer.absent = True
    except (BotoCoreError, Boto3Error) as problem:
        raise StoreAway(problem) from problem
