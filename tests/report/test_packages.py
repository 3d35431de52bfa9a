"""Libraries of the pages: pinned, checked, and taken from the cache without a network."""

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile

import pytest

from facsimile.datasets import DatasetError
from facsimile.report import _packages
from facsimile.report._packages import Package


def archive(files):
    """A package as npm packs it."""
    data_of_archive = io.BytesIO()
    with tarfile.open(fileobj=data_of_archive, mode="w:gz") as archive_file:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive_file.addfile(entry, io.BytesIO(data))
    return data_of_archive.getvalue()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with one package, which is the only one pinned."""
    data = archive({"dist/a.js": b"/*! A licence */ a()", "dist/a.wasm": b"\0asm" * 9})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    package = Package("a", "1.0.0", "MIT", integrity, ["dist/a.js"], ["dist/a.wasm"])
    monkeypatch.setattr(_packages, "packages", lambda: [package])
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "a-1.0.0.tgz").write_bytes(data)
    return folder


def test_files_licence_and_embedded_bytes_are_written(cache, tmp_path):
    _packages.install(cache, tmp_path / "vendor")
    assert (tmp_path / "vendor/a.js").read_bytes() == b"/*! A licence */ a()"
    assert "a 1.0.0, MIT\n\nA licence" in (tmp_path / "vendor/LICENCES.txt").read_text()
    script = (tmp_path / "vendor/a.wasm.js").read_text()
    match = re.fullmatch(r"facsimile\.give\(\S+, JSON\.parse\((.*)\)\);", script.strip())
    assert gzip.decompress(base64.b64decode(json.loads(json.loads(match[1])))) == b"\0asm" * 9


def test_an_altered_package_is_an_error_with_its_name(cache, tmp_path):
    file = cache / "a-1.0.0.tgz"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(DatasetError, match=r"a-1\.0\.0\.tgz: truncated, altered or another file"):
        _packages.install(cache, tmp_path / "vendor")


def test_every_package_is_pinned_to_a_version_and_a_checksum():
    for package in _packages.packages():
        assert re.fullmatch(r"\d+\.\d+\.\d+", package.version)
        assert re.fullmatch(r"sha512:[0-9a-f]{128}", package.official.checksum)
        assert package.licence in ("MIT", "BSD-3-Clause")
