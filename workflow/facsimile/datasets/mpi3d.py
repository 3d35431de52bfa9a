"""MPI3D: an object on a robot arm, in drawings or photographs (Gondal et al. 2019)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets import _npz
from facsimile.datasets.base.file import DatasetError, Rows
from facsimile.datasets.base.official import Official
from facsimile.datasets.base.on_disk import OnDisk

LABELS = {
    "mpi3d_real": "MPI3D (real)",
    "mpi3d_realistic": "MPI3D (realistic)",
    "mpi3d_toy": "MPI3D (toy)",
}
_BLOCK = 4800  # images read at once: 59 MB
# How an error message shows the shape of the competition's first release, which is what
# disentanglement_lib's mpi3d.py reads under these names.
_COMPETITION = "[460800, "
MEMBERS = {
    "mpi3d_toy": {"md5": "55889cb7c7dfc655d6e0277beee88868"},
    "mpi3d_realistic": {"md5": "59a6225b88b635365f70c91b3e52f70f"},
    "mpi3d_real": {"md5": "0f33f609918fb5c97996692f91129802"},
}


def official(name: str, md5: str) -> Official:
    """One of the three archives; addresses are the authors' present one, then that of 2019."""
    return Official(
        f"{name}.npz",
        (
            f"https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/{name}.npz",
            f"https://storage.googleapis.com/disentanglement_dataset/Final_Dataset/{name}.npz",
        ),
        checksum=f"md5:{md5}",
        checksum_from="not the authors'; disent's (_groundtruth__mpi3d.py)",
    )


class MPI3D(OnDisk):
    """1,036,800 images of an object on a robot arm.

    They are simple drawings (toy), realistic drawings or real photographs. They are read in blocks
    from the .npz archive and kept on disk: 12.7 GB.

    Values of the factors: colours white, green, red, blue, brown, olive; shapes cone, cube,
    cylinder, hexagonal, pyramid, sphere; sizes small, large; cameras top, centre, bottom;
    backgrounds purple, sea green, salmon.

    disentanglement_lib's ``mpi3d_toy`` and ``mpi3d_realistic`` have 4 colours and 4 shapes, 460,800
    images: that is another release, which is refused here.
    """

    factor_names = (
        "object_color",
        "object_shape",
        "object_size",
        "camera_height",
        "background_color",
        "horizontal_axis",
        "vertical_axis",
    )
    factor_sizes = (6, 6, 2, 3, 3, 40, 40)
    # The axes are ordinal: the arm's joints turn within a range and do not complete a circle.
    factor_kinds = (
        "categorical",
        "categorical",
        "ordinal",
        "ordinal",
        "categorical",
        "ordinal",
        "ordinal",
    )
    image_shape = (64, 64, 3)
    licence = "CC-BY-4.0"
    source = "https://github.com/rr-learning/disentanglement_dataset"
    md5: ClassVar[str]  # of the archive

    def __init_subclass__(cls) -> None:
        if "md5" in vars(cls):
            cls.files = (official(cls.name, cls.md5),)

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        """Yield 4,800 images at a time."""
        [path] = cls.downloaded(source).values()
        count = int(np.prod(cls.factor_sizes))
        shape = (count, *cls.image_shape)
        try:
            yield from _npz.stream(path, "images", np.uint8, shape, _BLOCK)
        except DatasetError as error:
            message = str(error)
            if _COMPETITION in message:
                message += "; that is the competition's release of 4 colours and 4 shapes"
            raise DatasetError(message) from None
