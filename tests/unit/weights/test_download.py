from __future__ import annotations

import pytest

from genkol.errors import WeightsMissing
from genkol.weights import download as module
from genkol.weights.download import ClientNeeded, Network, download
from tests.unit.weights.conftest import MODEL, Site

NETWORK = Network()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF_S", 0.001)


def fetch(site: Site, target, network=NETWORK, heard=None) -> None:
    def hear(label, done_bytes, total_bytes):
        if heard is not None:
            heard.append((done_bytes, total_bytes))

    download(f"{site.url}/a.whl", target, network, hear, "a")


def test_a_broken_download_goes_on_where_it_stopped(site, tmp_path):
    site.files["/a.whl"] = MODEL
    site.break_after = [300_000, 200_000]
    heard = []
    fetch(site, tmp_path / "a", heard=heard)
    assert (tmp_path / "a").read_bytes() == MODEL
    first, second, third = site.gets("/a.whl")
    assert first == ""
    assert 0 < int(second[6:-1]) <= 300_000
    assert int(second[6:-1]) < int(third[6:-1]) <= 500_000
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (len(MODEL), len(MODEL))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_later_process_goes_on_too(site, tmp_path, monkeypatch):
    site.files["/a.whl"] = MODEL
    site.break_after = [400_000]
    monkeypatch.setattr(module, "MAX_FAILURES", 0)
    with pytest.raises(WeightsMissing, match=r"127\.0\.0\.1 does not answer or breaks off"):
        fetch(site, tmp_path / "a")
    kept = (tmp_path / "a.part").stat().st_size
    assert 0 < kept <= 400_000
    fetch(site, tmp_path / "a")
    assert site.gets("/a.whl")[-1] == f"bytes={kept}-"
    assert (tmp_path / "a").read_bytes() == MODEL


def test_a_file_that_has_changed_is_begun_anew(site, tmp_path, monkeypatch):
    site.files["/a.whl"] = bytes(len(MODEL))
    site.break_after = [400_000]
    monkeypatch.setattr(module, "MAX_FAILURES", 0)
    with pytest.raises(WeightsMissing):
        fetch(site, tmp_path / "a")
    site.files["/a.whl"], site.etag = MODEL, '"two"'
    fetch(site, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == MODEL


def test_a_server_without_ranges_sends_all_again(site, tmp_path):
    site.files["/a.whl"], site.ranges = MODEL, False
    site.break_after = [300_000]
    fetch(site, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == MODEL


def test_a_dead_server_is_given_up_after_some_attempts(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FAILURES", 3)
    site.files["/a.whl"], site.break_after = MODEL, [0] * 50
    with pytest.raises(WeightsMissing, match="breaks off"):
        fetch(site, tmp_path / "a")
    assert len(site.gets("/a.whl")) == 3  # and not more


def test_an_absent_file_is_not_asked_for_twice(site, tmp_path):
    with pytest.raises(WeightsMissing, match=r"answers 404 for a\.whl"):
        fetch(site, tmp_path / "a")
    assert len(site.gets("/a.whl")) == 1


def test_refused_without_credentials_is_left_to_the_package_client(site, tmp_path):
    site.files["/a.whl"], site.refuse = MODEL, frozenset({"/a.whl"})
    with pytest.raises(ClientNeeded, match="answers 401"):
        fetch(site, tmp_path / "a")


def test_certificates_that_cannot_be_read_leave_it_to_the_package_client(site, tmp_path):
    site.files["/a.whl"] = MODEL
    with pytest.raises(ClientNeeded, match="certificates"):
        fetch(site, tmp_path / "a", Network(cafile=tmp_path / "none.pem"))


def test_the_proxy_of_the_configuration_is_used(site, tmp_path):
    """The site plays the proxy: it is asked for the whole address of a host that does not exist."""
    address = "http://packages.invalid/a.whl"
    site.files[address] = MODEL
    download(address, tmp_path / "a", Network(proxy=site.url), lambda *_: None, "a")
    assert site.gets(address) == [""]


def test_a_file_address_is_copied(tmp_path):
    (tmp_path / "a b.whl").write_bytes(MODEL)
    download((tmp_path / "a b.whl").as_uri(), tmp_path / "out", Network(), lambda *_: None, "a")
    assert (tmp_path / "out").read_bytes() == MODEL
