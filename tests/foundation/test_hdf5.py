"""HDF5 files are written atomically, in bounded memory, and without a crash on a full disk."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from facsimile.foundation import hdf5
from facsimile.store import latents

# Latents of 200,000 images, 16 MB, in a process that reports its memory.
WRITER = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from facsimile.store import latents

blocks, rows = {blocks}, 10_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
block = np.ones((rows, 10), np.float32)
latents.write(Path(sys.argv[1]), (blocks * rows, 10), ((block, block) for _ in range(blocks)), {{}})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write(path, blocks, limit=-1):
    program = WRITER.format(blocks=blocks, limit=limit)
    return subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1_000, 1_000_000, 15_999_000])
def test_a_full_disk_is_an_error_and_leaves_no_file(tmp_path, limit):
    process = write(tmp_path / "latents.h5", 20, limit)
    assert process.returncode == 1, process.stderr
    assert "OSError: [Errno 27] File too large" in process.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    few, many = (int(write(tmp_path / f"{blocks}.h5", blocks).stdout) for blocks in (20, 200))
    assert (tmp_path / "200.h5").stat().st_size > 160_000_000
    assert many - few < 20_000  # kB, of 144 MB more
    assert latents.read(tmp_path / "200.h5").shape == (2_000_000, 10)


def test_an_error_in_the_block_is_raised_and_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), hdf5.writing(tmp_path / "a.h5") as file:
        file["rows"] = np.ones(3) / (1 // 0)
    assert not list(tmp_path.iterdir())


def test_a_file_replaces_the_previous_one(tmp_path):
    for value in (1, 2):
        with hdf5.writing(tmp_path / "a.h5", libver="v110") as file:
            file["value"] = value
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["value"][()] == 2
