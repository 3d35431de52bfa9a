"""Downloads from a local test server: complete, interrupted, altered, moved; no network is used."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from webserver import Site

from facsimile.datasets import DatasetError
from facsimile.datasets.base import download, progress
from facsimile.datasets.base.official import Official

DATA = np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8).tobytes()
SHA256 = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


@pytest.fixture
def site(web: Callable[[dict[str, bytes]], Site]) -> Site:
    return web({"/file.bin": DATA})


def official(
    site: Site, *paths: str, checksum: str = SHA256, size: int | None = len(DATA)
) -> Official:
    return Official(
        "file.bin",
        tuple(site.address + path for path in paths or ("/file.bin",)),
        size,
        checksum,
        "the test",
    )


def file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_part(
    folder: Path, data: bytes, site: Site, version: str = '"one"', path: str = "/file.bin"
) -> None:
    (folder / "file.bin.part").write_bytes(data)
    note = {"address": site.address + path, "version": version}
    (folder / "file.bin.part.json").write_text(json.dumps(note))


def test_a_file_comes_whole_and_leaves_nothing_else(site: Site, tmp_path: Path) -> None:
    reports: list[tuple[int, int | None]] = []
    path = download.fetch(
        official(site), tmp_path / "new", lambda done, total: reports.append((done, total))
    )
    assert path == tmp_path / "new" / "file.bin"
    assert path.read_bytes() == DATA
    assert file_names(tmp_path / "new") == ["file.bin"]
    assert reports[-1] == (len(DATA), len(DATA))


def test_a_file_that_exists_is_not_requested(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"mine")
    assert download.fetch(official(site), tmp_path).read_bytes() == b"mine"
    assert site.requests == []


def test_a_broken_connection_is_resumed_within_one_call(site: Site, tmp_path: Path) -> None:
    site.break_after = 1_234_567
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA
    assert [byte_range for _, byte_range, _ in site.requests] == [None, "bytes=1234567-"]
    assert site.requests[1][2] == '"one"', "the rest is only of use if the file is still the same"


def test_a_partial_download_of_an_earlier_call_is_resumed(site: Site, tmp_path: Path) -> None:
    site.files["/other.bin"] = DATA
    write_part(tmp_path, DATA[:1_000_000], site, path="/other.bin")
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA
    assert site.requests == [("/file.bin", "bytes=1000000-", None)]
    assert file_names(tmp_path) == ["file.bin"]


def test_what_was_complete_but_not_renamed_is_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(DATA)
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA
    assert [byte_range for _, byte_range, _ in site.requests] == [f"bytes={len(DATA)}-"]


def test_a_server_without_ranges_sends_everything(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    write_part(tmp_path, DATA[:1000], site)
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA


def test_a_file_that_changed_meanwhile_is_downloaded_from_the_start(
    site: Site, tmp_path: Path
) -> None:
    write_part(tmp_path, b"old" * 1000, site, '"zero"')
    assert download.fetch(official(site, checksum=""), tmp_path).read_bytes() == DATA
    assert site.requests == [("/file.bin", "bytes=3000-", '"zero"')]


@pytest.mark.parametrize(
    "part", [b"x" * 1000, b"x" * (len(DATA) + 5)], ids=["other bytes", "too many bytes"]
)
def test_a_part_that_is_of_something_else_is_thrown_away(
    site: Site, tmp_path: Path, part: bytes
) -> None:
    (tmp_path / "file.bin.part").write_bytes(part)
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA


def test_without_a_checksum_unknown_bytes_are_not_resumed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)
    assert download.fetch(official(site, checksum="", size=None), tmp_path).read_bytes() == DATA
    assert [byte_range for _, byte_range, _ in site.requests] == [None]


@pytest.mark.parametrize("codes", [[404], [503] * download.ATTEMPTS], ids=["gone", "busy"])
def test_a_mirror_is_tried(site: Site, tmp_path: Path, codes: list[int]) -> None:
    site.fail = list(codes)
    site.files["/mirror.bin"] = DATA
    assert download.fetch(official(site, "/file.bin", "/mirror.bin"), tmp_path).read_bytes() == DATA
    assert [path for path, *_ in site.requests] == ["/file.bin"] * len(codes) + ["/mirror.bin"]


def test_a_busy_server_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.fail = [503, 500]
    assert download.fetch(official(site), tmp_path).read_bytes() == DATA


def test_a_mirror_completes_what_the_first_address_began(site: Site, tmp_path: Path) -> None:
    site.break_after, site.files["/mirror.bin"] = 2_000_000, DATA
    begin = download.ATTEMPTS

    class Once(list[int]):
        """Fails every request after the first one until the mirror is used."""

        def __bool__(self) -> bool:
            return 1 < len(site.requests) <= 1 + begin and site.requests[-1][0] == "/file.bin"

        def pop(self, index: object = -1) -> int:
            return 503

    site.fail = Once()
    assert download.fetch(official(site, "/file.bin", "/mirror.bin"), tmp_path).read_bytes() == DATA
    assert site.requests[-1] == ("/mirror.bin", "bytes=2000000-", None)


def test_bytes_from_elsewhere_are_not_appended(site: Site, tmp_path: Path) -> None:
    site.shift, site.files["/mirror.bin"] = 7, DATA
    write_part(tmp_path, DATA[:1000], site)
    with pytest.raises(
        DatasetError,
        match="requested bytes from 1000 on, but the server sends bytes 1007-",
    ):
        download.fetch(official(site), tmp_path)
    assert (tmp_path / "file.bin.part").read_bytes() == DATA[:1000]


def test_an_altered_file_is_downloaded_again_just_once(site: Site, tmp_path: Path) -> None:
    write_part(tmp_path, DATA[:1000], site)
    site.files["/file.bin"] = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with pytest.raises(DatasetError, match="its sha256 is"):
        download.fetch(official(site), tmp_path)
    assert [byte_range for _, byte_range, _ in site.requests] == ["bytes=1000-", None]


def test_an_altered_file_is_refused_with_both_checksums(site: Site, tmp_path: Path) -> None:
    site.files["/file.bin"] = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with pytest.raises(
        DatasetError, match=r"file\.bin: cannot be downloaded .*its sha256 is .*elsewhere"
    ) as refused:
        download.fetch(official(site), tmp_path)
    assert SHA256.removeprefix("sha256:") in str(refused.value)
    assert file_names(tmp_path) == []


def test_a_file_of_another_size_is_not_downloaded(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="3,000,000 bytes are offered, the official file has 5"):
        download.fetch(official(site, size=5), tmp_path)
    assert file_names(tmp_path) == []


def test_a_failure_names_every_address_and_keeps_what_came(site: Site, tmp_path: Path) -> None:
    write_part(tmp_path, DATA[:1000], site)
    with pytest.raises(DatasetError) as failed:
        download.fetch(official(site, "/no.bin", "/nor.bin"), tmp_path)
    message = str(failed.value)
    assert (
        f"{site.address}/no.bin: HTTP 404 Not Found; {site.address}/nor.bin: HTTP 404 Not Found"
        in message
    )
    assert (
        "try again later, from the 1,000 bytes that are here, "
        "or get file.bin elsewhere and put it there" in message
    )
    assert (tmp_path / "file.bin.part").read_bytes() == DATA[:1000]


def test_no_network_is_reported_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "WAIT", 0.0)
    nowhere = Official("file.bin", ("http://127.0.0.1:9/file.bin",))
    with pytest.raises(
        DatasetError,
        match=r"127\.0\.0\.1:9/file\.bin: .*refused.*; try again later, or get file\.bin",
    ):
        download.fetch(nowhere, tmp_path)
    assert file_names(tmp_path) == []


def test_two_processes_do_not_append_to_one_part(site: Site, tmp_path: Path) -> None:
    with (tmp_path / "file.bin.part").open("ab") as file:
        download._lock(file, tmp_path / "file.bin.part")
        with pytest.raises(
            DatasetError, match=r"file\.bin\.part: another process is downloading it; wait"
        ):
            download.fetch(official(site), tmp_path)


def test_progress_is_printed_at_first_and_at_last(capsys: pytest.CaptureFixture[str]) -> None:
    report = progress.lines("file.bin", "MB", 10**6, every=1e9)
    for done in (1_000_000, 2_000_000, 4_000_000):
        report(done, 4_000_000)
    assert capsys.readouterr().err == "file.bin: 1 of 4 MB (25%)\nfile.bin: 4 of 4 MB (100%)\n"
    progress.lines("file.bin", "MB", 10**6)(3_000_000, None)
    assert capsys.readouterr().err == "file.bin: 3 MB\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!DOCTYPE html><html>", "this is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"", "this is empty"),
    ],
)
@pytest.mark.parametrize("checksum", ["", SHA256])
def test_what_stands_in_place_of_an_official_file_is_named(tmp_path, data, message, checksum):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=message):
        Official("file.bin", (), None, checksum).sha256(path)
