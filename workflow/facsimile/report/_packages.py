"""JavaScript libraries of the pages, from the npm registry.

packages.json pins them by version and checksum; they are kept under results/web. They are built for
browsers, so that neither Node nor a bundler is needed (docs/adr gives the reasons).
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
    """A package of the registry.

    Pages load ``files`` as they are; ``embedded`` files become scripts, because a page opened from
    disk may not fetch them. ``integrity`` is npm's: sha512-, then base64.
    """

    name: str
    version: str
    licence: str
    integrity: str
    files: list[str]
    embedded: list[str] = field(default_factory=list)

    @property
    def official(self) -> Official:
        """The archive of the package, with its checksum."""
        file = f"{self.name}-{self.version}.tgz"
        algorithm, _, digest = self.integrity.partition("-")
        checksum = base64.b64decode(digest).hex()
        return Official(
            file,
            (f"{REGISTRY}/{self.name}/-/{file}",),
            checksum=f"{algorithm}:{checksum}",
            checksum_from="packages.json",
        )


def packages() -> list[Package]:
    """The packages in packages.json."""
    pins = json.loads(PINS.read_text(encoding="utf-8"))
    return [Package(**pin) for pin in pins]


def install(cache: Path, folder: Path) -> None:
    """Write the libraries and LICENCES.txt into a folder; downloads those missing in the cache.

    Raises DatasetError, with the address and where to put the file, if a download fails or a file
    has another checksum.
    """
    folder.mkdir(parents=True, exist_ok=True)
    licences = []
    for package in packages():
        progress = lines(f"{package.name} {package.version}", "MB", 10**6)
        path = fetch(package.official, cache, progress)
        package.official.sha256(path)
        with tarfile.open(path) as archive:
            _extract(archive, package, folder)
            head = f"{package.name} {package.version}, {package.licence}"
            licences.append(f"{head}\n\n{_licence(archive, package)}")
    text = "\n\n---\n\n".join(licences)
    (folder / "LICENCES.txt").write_text(text, encoding="utf-8")


def _extract(archive: tarfile.TarFile, package: Package, folder: Path) -> None:
    """Write the files of a package, without their folders."""
    for file in package.files:
        name = PurePosixPath(file).name
        (folder / name).write_bytes(_member(archive, file))
    for file in package.embedded:
        name = PurePosixPath(file).name
        text = _as_text(_member(archive, file))
        (folder / f"{name}.js").write_bytes(script(f"embedded/{name}", text))


def _as_text(data: bytes) -> str:
    """Bytes as text that a script can contain: gzip, then base64."""
    # Without a time the same bytes give the same text.
    compressed = gzip.compress(data, mtime=0)
    return base64.b64encode(compressed).decode()


def _member(archive: tarfile.TarFile, file: str) -> bytes:
    # npm puts all files of a package under package/.
    member = archive.extractfile(f"package/{file}")
    if member is None:
        raise FileNotFoundError(f"package/{file}: no such file; correct {PINS}")
    return member.read()


def _licence(archive: tarfile.TarFile, package: Package) -> str:
    """The package's LICENSE, or the comment at the top of its script if it has none."""
    if "package/LICENSE" in archive.getnames():
        return _member(archive, "LICENSE").decode().strip()
    text = _member(archive, package.files[0]).decode()
    comment, _, _ = text.partition("*/")
    return comment.strip("/*! \n")
