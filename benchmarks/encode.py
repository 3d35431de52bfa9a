"""Memory and rate of the encoding of a data set of the size of Shapes3D: 480,000 images of 64 × 64 × 3, 5.9 GB.

    python benchmarks/encode.py [--out benchmarks/results/encode.md]

The archive is written in the official format with images of our own, the data set is made of it, and a β-VAE with its first
weights encodes a tenth of it and all of it, in processes of their own: what a job does, one thread each. 14 GB of disk.
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
HUES = 10  # of the first factor, of which the tenth of the data set has one


def main() -> None:
    """Run each part in a process and print what it took."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--out", type=Path, help="also write the table to this file")
    asked.add_argument("--part", nargs=2, metavar=("PART", "FOLDER"), help=argparse.SUPPRESS)
    words = asked.parse_args()
    if words.part:
        PARTS[words.part[0]][1](Path(words.part[1]))
        return
    lines = ["| part | images | s | images/s | peak MB |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            lines.append(measured(part, folder))
            print(lines[-1], flush=True)
    if words.out:
        words.out.write_text("\n".join([*ABOUT, *lines]) + "\n")


def measured(part: str, folder: str) -> str:
    """A row of the table."""
    from facsimile.planning.environment import MALLOC

    command = [sys.executable, __file__, "--part", part, folder]
    began = time.monotonic()
    child = subprocess.Popen(command, env=os.environ | MALLOC | {"OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    if status:
        sys.exit(f"{part}: failed")
    images = PARTS[part][0]
    return f"| {part} | {images:,} | {seconds:.0f} | {images / seconds:,.0f} | {used.ru_maxrss / 1e3:,.0f} |"


def archive(folder: Path) -> None:
    """The official file's arrays and labels, in chunks; images of squares of noise."""
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
    """What a job makes of the archive, but for the comparison with the official file's checksum."""
    from facsimile import datasets
    from facsimile.datasets.shapes3d import Shapes3D

    Shapes3D.origin = classmethod(lambda cls, source: {})
    datasets.make("shapes3d", folder / DATA, folder)
    (folder / ARCHIVE).unlink()


def encode(folder: Path, strides: dict[str, int]) -> None:
    """Means and log-variances of every image into an HDF5 file."""
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
    made = encode.networks(model, training, data.image_shape, weights, how.device)
    blocks = encode.encode(model, made, data, 0, how.precision, how.device)
    latents.write(
        folder / "latents.h5", (len(data), training.latents), blocks, {"precision": how.precision}
    )


PARTS = {  # how many images each is of, and what it does in a folder
    "the archive": (IMAGES, archive),
    "the data set's file": (IMAGES, make),
    "latents of a tenth": (IMAGES // HUES, lambda folder: encode(folder, {"floor_hue": HUES})),
    "latents of all": (IMAGES, lambda folder: encode(folder, {})),
}
ABOUT = [
    f"# Encoding a data set of the size of Shapes3D, {time.strftime('%Y-%m-%d')}",
    "",
    "`python benchmarks/encode.py`: one process and thread a part; seconds are its whole, imports and all.",
    "",
]

if __name__ == "__main__":
    main()
