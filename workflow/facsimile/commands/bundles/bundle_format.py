"""The format of a bundle: results of a study in a tar file, from ``export`` for ``adopt``.

The first member, ``facsimile-bundle.json``, lists the name and size of every member, so that a
reader knows what will come before it unpacks anything. The last member, ``SHA256SUMS``, holds their
checksums, which ``sha256sum --check`` reads, too.
"""

import re

from facsimile.store import files

FORMAT = 1
MANIFEST = "facsimile-bundle.json"
SUMS = "SHA256SUMS"
CHUNK = 2**20  # bytes read at a time

# Only these names are unpacked: no other characters, and no path that leaves the folder.
_NAME = r"[a-z][a-z0-9_]{0,63}"
KEY = rf"{_NAME}/{_NAME}/[0-9a-f]{{8}}/[0-9]{{1,9}}"
SCORES = rf"scores/{_NAME}-[0-9a-f]{{8}}\.json"
_FILES = "|".join(
    [
        re.escape(files.RECORD),
        re.escape(files.HISTORY),
        re.escape(files.WEIGHTS),
        re.escape(files.LATENTS),
        SCORES,
    ]
)
# Files of a run; group 1 is the key of the run.
RUN_FILE = re.compile(rf"runs/({KEY})/({_FILES})")
# Files of the study: its definition, the lock files, and the gathered tables.
STUDY_FILE = re.compile(
    rf"study/{_NAME}\.yaml|study/(?:requirements|torch)\.lock|tables/(?:runs|scores)\.parquet"
)


class BundleError(ValueError):
    """A bundle is damaged or holds a forbidden file; the message names bundle and member."""
