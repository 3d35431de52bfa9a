"""Draws docs/miniature-worlds.png, and prints what docs/miniature-worlds.md says of each world.

    python benchmarks/worlds.py DATA --scream PICTURE

DATA is the folder of the data sets' files; missing ones are made. PICTURE is scream.jpg, which is
downloaded if it is not given.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from facsimile import datasets
from facsimile.foundation import declared

WORLDS = (
    "mini_dsprites",
    "mini_color_dsprites",
    "mini_noisy_dsprites",
    "mini_scream_dsprites",
    "mini_room",
    "mini_uneven",
)
IMAGES = 16
PICTURE = Path(__file__).parent.parent / "docs" / "miniature-worlds.png"


def main() -> None:
    """Make the missing data sets, and draw one row of images of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scream", type=Path)
    arguments = parser.parse_args()
    figure, axes = plt.subplots(len(WORLDS), 1, figsize=(9, 4.6))
    for axis, name in zip(axes, WORLDS, strict=True):
        source = arguments.scream if name == "mini_scream_dsprites" else None
        path = arguments.data / f"{name}.h5"
        if not path.exists():
            began = time.process_time()
            datasets.make(name, path, source)
            print(f"{name}: {time.process_time() - began:.1f} CPU s")
        axis.imshow(row_of_images(name, path), cmap="gray", vmin=0, vmax=255)
        axis.set_axis_off()
        axis.set_title(declared.optional("datasets", name, "LABEL", name), fontsize=9, loc="left")
        print_effects(name, path)
    figure.tight_layout(pad=0.3)
    figure.savefig(PICTURE, dpi=130)


def row_of_images(name: str, path: Path) -> np.ndarray:
    """Some images of a world, beside each other with white between them."""
    data = datasets.of_images(datasets.dataset(name, path))
    rng = np.random.default_rng(3)
    images = data.images(rng.integers(0, len(data), IMAGES), rng)
    padded = np.pad(images, ((0, 0), (0, 0), (0, 2), (0, 0)), constant_values=255)
    row = np.concatenate(list(padded), axis=1)
    return row[..., 0] if row.shape[-1] == 1 else row


def print_effects(name: str, path: Path) -> None:
    """Print how much each factor alone changes an image: its variance, summed over pixels."""
    data = datasets.of_images(datasets.dataset(name, path))
    if data.stochastic:
        return
    images = data.images(np.arange(len(data))).astype(np.float32) / 255
    grid = images.reshape(*data.factor_sizes, -1)
    for axis, factor in enumerate(data.factor_names):
        effect = grid.var(axis=axis).sum(axis=-1).mean()
        print(f"{name} {factor}: {effect:.2f}")


if __name__ == "__main__":
    main()
