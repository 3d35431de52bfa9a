"""A bundle: results of a study in one tar file, every member named, sized and checksummed. What `export` writes, `adopt` reads.

First comes ``facsimile-bundle.json`` with every member's name and bytes, so that a reader knows what is to come before it
unpacks anything; last comes ``SHA256SUMS``, which ``sha256sum --check`` reads, too.
"""

import re

from facsimile.store import files

FORMAT = 1
MANIFEST, SUMS = "facsimile-bundle.json", "SHA256SUMS"
CHUNK = 2**20
_NAME = r"[a-z][a-z0-9_]{0,63}"
KEY = rf"{_NAME}/{_NAME}/[0-9a-f]{{8}}/[0-9]{{1,9}}"
SCORES = rf"scores/{_NAME}-[0-9a-f]{{8}}\.json"
_FILES = "|".join(
    [*map(re.escape, (files.RECORD, files.HISTORY, files.WEIGHTS, files.LATENTS)), SCORES]
)
OF_A_RUN = re.compile(rf"runs/({KEY})/({_FILES})")
BESIDE = re.compile(
    rf"study/{_NAME}\.yaml|study/(?:requirements|torch)\.lock|tables/(?:runs|scores)\.parquet"
)


class BundleError(ValueError):
    """A bundle is damaged, or holds what it must not; the message names the bundle and its member."""
