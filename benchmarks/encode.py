"""Memory and speed of encoding a data set as large as Shapes3D: 480,000 RGB images, 5.9 GB.

    python benchmarks/encode.py [--out benchmarks/results/encode.md]

Writes an archive in the official format with generated images (64 × 64 × 3), makes the data set
from it, and encodes a tenth and then all of it with an untrained β-VAE. Each part runs in its own
process with one thread, as in a job. Needs 14 GB of disk.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ARCHIVE, DATA = "3dshapes.h5", "shapes3d.h5"
IMAGES = 480_000
HUES = 10  # values of the first factor; a tenth of the data set has one of them


def main() -> None:
    """Run each part in a process and print its time and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    parser.add_argument("--part", nargs=2, metavar=("PART", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        PARTS[arguments.part[0]][1](Path(arguments.part[1]))
        return
    lines = ["| part | images | s | images/s | peak MB |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            lines.append(measured(part, folder))
            print(lines[-1], flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join([*ABOUT, *lines]) + "\n")


def measured(part: str, folder: str) -> str:
    """Run a part in a process and return its row of the table."""
    from facsimile.planning.environment import MALLOC

    command = [sys.executable, __file__, "--part", part, folder]
    began = time.monotonic()
    child = subprocess.Popen(command, env=os.environ | MALLOC | {"OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    if status:
        sys.exit(f"{part}: failed")
    images = PARTS[part][0]
    memory = used.ru_maxrss / 1e3
    return f"| {part} | {images:,} | {seconds:.0f} | {images / seconds:,.0f} | {memory:,.0f} |"


def archive(folder: Path) -> None:
    """Write images of noisy squares, and labels, in the chunked format of the official file."""
    import h5py
    import numpy as np

    from facsimile.datasets.shapes3d import Shapes3D

    n, sizes, rng = (
        math.prod(Shapes3D.factor_sizes),
        Shapes3D.factor_sizes,
        np.random.default_rng(0),
    )
    with h5py.File(folder / ARCHIVE, "w") as file:
        file["labels"] = np.indices(sizes).reshape(len(sizes), -1).T.astype(np.float64)
        images = file.create_dataset(
            "images", (n, *Shapes3D.image_shape), np.uint8, chunks=(1000, *Shapes3D.image_shape)
        )
        for first in range(0, n, 1000):
            images[first : first + 1000] = (
                rng.integers(0, 256, (1000, 16, 16, 3), np.uint8).repeat(4, 1).repeat(4, 2)
            )


def make(folder: Path) -> None:
    """Make the data set from the archive as a job does, without checking the official checksum."""
    from facsimile import datasets
    from facsimile.datasets.shapes3d import Shapes3D

    Shapes3D.origin = classmethod(lambda cls, source: {})
    datasets.make("shapes3d", folder / DATA, folder)
    (folder / ARCHIVE).unlink()


def encode(folder: Path, strides: dict[str, int]) -> None:
    """Write means and log-variances of every image to an HDF5 file."""
    from facsimile import datasets, models
    from facsimile.planning import config
    from facsimile.store import latents
    from facsimile.studies.training import Adam, Training
    from facsimile.training import encode, loop, machine

    machine.one_thread()
    data = datasets.of_images(datasets.dataset("shapes3d", folder / DATA).subgrid(strides))
    model, how = models.model("beta_vae", beta=1), machine.encoding(config.Config())
    training = Training(steps=1, batch_size=64, latents=10, network="dlib", adam=Adam(lr=0.0001))
    weights = loop.weights(loop.start(model, training, data.image_shape, 0, "float32"))
    networks = encode.networks(model, training, data.image_shape, weights, how.device)
    blocks = encode.encode(model, networks, data, 0, how.precision, how.device)
    latents.write(
        folder / "latents.h5", (len(data), training.latents), blocks, {"precision": how.precision}
    )


PARTS = {  # name -> (number of images, function of the folder)
    "the archive": (IMAGES, archive),
    "the data set's file": (IMAGES, make),
    "latents of a tenth": (IMAGES // HUES, lambda folder: encode(folder, {"floor_hue": HUES})),
    "latents of all": (IMAGES, lambda folder: encode(folder, {})),
}
ABOUT = [
    f"# Encoding a data set of the size of Shapes3D, {time.strftime('%Y-%m-%d')}",
    "",
    "`python benchmarks/encode.py`: one process with one thread per part; seconds include imports.",
    "",
]

if __name__ == "__main__":
    main()
