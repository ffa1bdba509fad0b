"""Where the bytes of kept results lie: a folder, or S3. Each file has a name of its own that is never used again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from genkol.errors import GenkolError
from genkol.stores.databases import Down
from genkol.stores.files import make_private, write_at_once


class Blobs(Protocol):
    """Keeps bytes by name. Safe in threads and among processes. Every error is `Down`."""

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes; they are there as a whole or not at all."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or None when they are not there."""
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Forget some; those that are not there are no matter."""
        ...

    def older(self, seconds: float) -> Iterator[str]:
        """Names of all that are older, to find what nobody knows of."""
        ...


class Folder:
    """Files of one folder, in subfolders by the first two letters.

    Args:
        root: made on first use, readable by its owner alone: results show faces.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, data: bytes) -> None:
        file = self._file(name)
        try:
            make_private(file.parent)
            write_at_once(file, data)
        except OSError as error:
            raise Down(f"{file.parent}: {error}") from error

    def get(self, name: str) -> bytes | None:
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Down(f"{self._root}: {error}") from error

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                self._file(name).unlink()

    def older(self, seconds: float) -> Iterator[str]:
        before = time.time() - seconds
        for file in self._root.glob("??/*"):
            with suppress(OSError):
                if file.stat().st_mtime < before:
                    yield file.name

    def _file(self, name: str) -> Path:
        return self._root / name[:2] / name


class S3:
    """Objects of a bucket; region, credentials and endpoint come the usual ways (``AWS_...``).

    Args:
        bucket: must exist.
        prefix: of the keys.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        patience = Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=16,
        )
        return boto3.session.Session().client("s3", config=patience)

    def put(self, name: str, data: bytes) -> None:
        self._call("put_object", Key=self._key(name), Body=data, ContentType="application/octet-stream")

    def get(self, name: str) -> bytes | None:
        from botocore.exceptions import BotoCoreError

        answer = self._call("get_object", missing=("NoSuchKey", "404"), Key=self._key(name))
        if answer is None:
            return None
        try:
            data: bytes = answer["Body"].read()
        except (BotoCoreError, OSError) as error:
            raise Down(f"s3://{self._bucket}: {error}") from error
        return data

    def delete(self, names: Iterable[str]) -> None:
        for name in names:  # one by one: some that speak S3 refuse to delete many without an MD5
            with suppress(Down):
                self._call("delete_object", Key=self._key(name))

    def older(self, seconds: float) -> Iterator[str]:
        before = datetime.fromtimestamp(time.time() - seconds, UTC)
        token: dict[str, Any] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._prefix, **token)
            for found in page.get("Contents", ()):
                if found["LastModified"] < before:
                    yield found["Key"].rpartition("/")[2]
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name[:2]}/{name}"

    def _call(self, operation: str, missing: tuple[str, ...] = (), **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in missing:
                return None
            raise Down(f"s3://{self._bucket}: {error}") from error
        except (BotoCoreError, OSError) as error:
            raise Down(f"s3://{self._bucket}: {error}") from error


def blobs_at(place: str) -> Blobs:
    """Return the store of a place: ``s3://BUCKET[/PREFIX]`` or a folder.

    Raises:
        GenkolError: it is neither.
    """
    if place.startswith("s3://"):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        if not bucket:
            raise GenkolError(f"{place!r} names no bucket. Give s3://BUCKET or s3://BUCKET/PREFIX.")
        return S3(bucket, prefix)
    if "://" in place:
        raise GenkolError(f"{place!r} is no place for kept results. Give a folder or s3://BUCKET/PREFIX.")
    return Folder(Path(place).expanduser())
