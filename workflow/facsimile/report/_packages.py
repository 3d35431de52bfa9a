"""Libraries of the pages, from the npm registry: pinned in packages.json by version and checksum, kept under results/web.

Their packages are ready-made for browsers, so that neither Node nor a bundler is needed (docs/adr says why so).
"""

import base64
import gzip
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from facsimile.datasets.base.download import fetch
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.progress import lines
from facsimile.report._script import script

PINS = Path(__file__).with_name("packages.json")
REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class Package:
    """A package of the registry, the files of it that pages load, and those that pages hold within a script."""

    name: str
    version: str
    licence: str
    integrity: str  # as npm writes it: sha512-, then base64
    files: list[str]
    embedded: list[str] = field(default_factory=list)

    @property
    def official(self) -> Official:
        """Its archive, known by its checksum."""
        file = f"{self.name}-{self.version}.tgz"
        algorithm, _, digest = self.integrity.partition("-")
        checksum = f"{algorithm}:{base64.b64decode(digest).hex()}"
        return Official(
            file,
            (f"{REGISTRY}/{self.name}/-/{file}",),
            checksum=checksum,
            checksum_from="packages.json",
        )


def packages() -> list[Package]:
    """Those of packages.json."""
    return [Package(**pinned) for pinned in json.loads(PINS.read_text(encoding="utf-8"))]


def install(cache: Path, folder: Path) -> None:
    """Write the libraries into a folder, and LICENCES.txt; downloads into the cache what it lacks.

    Raises DatasetError that names the address, the cache and what to put there, if there is no network or a file is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    licences = []
    for package in packages():
        path = fetch(
            package.official, cache, lines(f"{package.name} {package.version}", "MB", 10**6)
        )
        package.official.sha256(path)
        with tarfile.open(path) as archive:
            for file in package.files:
                (folder / PurePosixPath(file).name).write_bytes(_member(archive, file))
            for file in package.embedded:
                name = PurePosixPath(file).name
                (folder / f"{name}.js").write_bytes(
                    script(f"embedded/{name}", _text(_member(archive, file)))
                )
            licences.append(
                f"{package.name} {package.version}, {package.licence}\n\n{_licence(archive, package)}"
            )
    (folder / "LICENCES.txt").write_text("\n\n---\n\n".join(licences), encoding="utf-8")


def _text(data: bytes) -> str:
    """Bytes as text that a script can hold, gzip and base64: a page that is opened from disk may not fetch files."""
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def _member(archive: tarfile.TarFile, file: str) -> bytes:
    found = archive.extractfile(f"package/{file}")
    if found is None:
        raise FileNotFoundError(f"package/{file}: no such file; correct {PINS}")
    return found.read()


def _licence(archive: tarfile.TarFile, package: Package) -> str:
    """Its LICENSE, or where the package has none the comment at the top of its script."""
    if "package/LICENSE" in archive.getnames():
        return _member(archive, "LICENSE").decode().strip()
    return _member(archive, package.files[0]).decode().partition("*/")[0].strip("/*! \n")
