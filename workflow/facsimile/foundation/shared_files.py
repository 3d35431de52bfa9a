"""Files that come with Facsimile beside its package: in a checkout, or installed by pip."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

from facsimile.foundation.discover import PACKAGE

# Of a checkout; of an installed package, this is the folder above site-packages.
ROOT = PACKAGE.parent.parent
# Below the data folder of an environment: `data-files` in pyproject.toml.
SHARED = Path("share") / "facsimile"


def places(in_checkout: str, installed: str) -> Iterator[Path]:
    """Yield where a file or folder may be, the first to be searched first.

    ``in_checkout`` is its path below a checkout, ``installed`` that below ``SHARED``.
    """
    yield ROOT / in_checkout
    # pip installs for all users of an environment, or with --user for one.
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        yield Path(sysconfig.get_path("data", scheme)) / SHARED / installed
