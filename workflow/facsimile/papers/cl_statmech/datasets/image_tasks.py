"""Tasks of classification for continual learning, of images of 28 × 28 pixels."""

from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from facsimile.datasets import fashion_mnist, mnist
from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.official import Official

LABELS = {
    "mnist_once": "MNIST, 32,000 + 10,000",
    "mnist_then_fashion": "MNIST, then Fashion-MNIST",
}
MEMBERS = {
    "mnist_once": {"sources": ("mnist",)},
    "mnist_then_fashion": {"sources": ("mnist", "fashion_mnist")},
}
SHOWN = {"train": 500 * 64, "t10k": 10_000}  # images of a task by official part, as in the release
PIXELS = mnist.SIDE**2
# Official files of both parts, by the name of the data set.
FILES = {
    "mnist": mnist.FILES,
    "fashion_mnist": fashion_mnist.FILES,
}


class ImageTasks(ArchivedArrays):
    """For each task 32,000 images for training, the first official ones, and 10,000 for test.

    Li et al. 2023, "Statistical mechanics of continual learning", and its release.

    ``images``: uint8 [n, 784]. ``labels``: int64 [n], 0 to 9. ``task``: int64 [n], from 0 on.
    ``held_out``: int64 [n], 1 for images for test.
    """

    shapes: ClassVar = {
        "images": (PIXELS,),
        "labels": (),
        "task": (),
        "held_out": (),
    }
    licence = "CC BY-SA 3.0 (MNIST), MIT (Fashion-MNIST)"
    source = "Chan-Li/VCL, Continual learning in deep neural networks"
    sources: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        if "sources" in vars(cls):
            files: list[Official] = []
            for source in cls.sources:
                files += [*FILES[source]["train"], *FILES[source]["t10k"]]
            cls.files = tuple(files)
            cls.rows = len(cls.sources) * sum(SHOWN.values())

    @classmethod
    def part_rows(cls, part: str) -> tuple[int, int]:
        """Rows of an official part, and how many of them, the first ones, are used."""
        whole = sum(SHOWN.values())
        of_task = cls.rows // len(cls.sources)
        held_out = of_task * SHOWN["t10k"] // whole
        used = held_out if part == "t10k" else of_task - held_out
        return mnist.ROWS[part] * of_task // whole, used

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        blocks: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in cls.shapes}
        for task, name in enumerate(cls.sources):
            for part in SHOWN:
                rows, used = cls.part_rows(part)
                members = {"name": cls.name, "files": FILES[name][part], "rows": rows}
                part_class = cast(type[mnist.MNIST], type("Part", (mnist.MNIST,), members))
                official = part_class.generate(source)
                blocks["images"].append(official["images"][:used].reshape(used, PIXELS))
                blocks["labels"].append(official["labels"][:used])
                blocks["task"].append(np.full(used, task))
                blocks["held_out"].append(np.full(used, int(part == "t10k")))
        return {name: np.concatenate(parts) for name, parts in blocks.items()}
