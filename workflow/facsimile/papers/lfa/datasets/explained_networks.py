"""The authors' eight networks, the points at which they are explained, and the rows for test."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.table import Column
from facsimile.papers.lfa.datasets import _checkpoints, _released_files
from facsimile.papers.lfa.datasets._released_files import official
from facsimile.papers.lfa.functions import sizes

LABELS = {
    "who_networks": "WHO networks",
    "heloc_networks": "HELOC networks",
}
MEMBERS = {
    "who_networks": {"prefix": "who"},
    "heloc_networks": {"prefix": "heloc"},
}
POINTS = 100
FEATURES = {"who": 19, "heloc": 23}
TEST_ROWS = {"who": 588, "heloc": 1975}
LAYERS = (1, 3, 5, 8)  # of the networks, in the order of the files
CHECKPOINTS = "models/model_checkpoints"
FILES = {
    "who": (
        official(
            "data/clean",
            "who-clean-test20-normalized-subset.csv",
            33_395,
            "547fc2ec00d9be64a6f6021ea15e41c391d9527174153e7c54a3ee90faa305d9",
        ),
        official(
            "data/clean",
            "who-clean-test20-normalized.csv",
            204_594,
            "a1978bae3859bb2c4da370c2eb8c7bd0bb93604991353f8a1a8e6ed78deb78e8",
        ),
        official(
            CHECKPOINTS,
            "regr_linear_who_ckpt.pth",
            1281,
            "ae3dfdc826beb56c80f07b5d18ca791ec30ba3c720918722d30d183434eb5794",
        ),
        official(
            CHECKPOINTS,
            "regr_ffnnA_who_ckpt.pth",
            3365,
            "c15308e414a08f1df7f648a37043cd17e4fa69d8e659f9dc92fc860eda2adf4a",
        ),
        official(
            CHECKPOINTS,
            "regr_ffnnB_who_ckpt.pth",
            5129,
            "c40c06ed42fa0c0ed1b8ebaed9adb3f060da0b6a342a0d331588019bc21d763e",
        ),
        official(
            CHECKPOINTS,
            "regr_ffnnC_who_ckpt.pth",
            7807,
            "0060717b6013f0bc985dcbc5426eade5302d47f885a33cc3980d5ff9e781dcec",
        ),
    ),
    "heloc": (
        official(
            "data/clean",
            "heloc-clean-test20-normalized-subset.csv",
            31_257,
            "7007efdb436c06e730c5f564364ce62b98e051bec280473c94e882337fa2c0eb",
        ),
        official(
            "data/clean",
            "heloc-clean-test20-normalized.csv",
            630_572,
            "7421c6cfcebe0f62981a227e6ca7406333359a02542c9064c9d43bd5b03b9019",
        ),
        official(
            CHECKPOINTS,
            "classif_logistic_heloc_ckpt.pth",
            1345,
            "1f8bcba2a159137824dc4c3573a32afbf692398506da3bcdf2b7307a96944df2",
        ),
        official(
            CHECKPOINTS,
            "classif_ffnnA_heloc_ckpt.pth",
            3493,
            "fcd9e52e7727c3e325ccbf535dfcb67d20a41df896cc0b57d39fab8737f9d8ef",
        ),
        official(
            CHECKPOINTS,
            "classif_ffnnB_heloc_ckpt.pth",
            5257,
            "e6ad3d997a617b1f6e13c972591baee4b002be3f389a8545dad21bd8f99ef787",
        ),
        official(
            CHECKPOINTS,
            "classif_ffnnC_heloc_ckpt.pth",
            7935,
            "22fdacafc333929de55d1a194fff8ce05a7ff52c2ef4b3894453db063fcdb896",
        ),
    ),
}


class ExplainedNetworks(ArchivedArrays):
    """Four networks of one table, and its test part: a single observation.

    ``points`` are the explained rows [100, d], ``test_x`` [n, d] and ``test_y`` [n] features and
    targets of all rows for test. ``layers_1``, ``layers_3``, ``layers_5`` and ``layers_8`` are
    the parameters of the networks with so many layers, weights [out, in] and biases [out] of the
    layers in turn, as one vector. ``classify`` is 1 if their value is a probability.
    """

    rows = 1
    licence = _released_files.LICENCE
    source = f"{_released_files.REPOSITORY}, models/model_checkpoints and data/clean"
    prefix: ClassVar[str]  # "who" or "heloc", as in the names of the files

    def __init_subclass__(cls) -> None:
        if "prefix" not in vars(cls):
            return
        features = FEATURES[cls.prefix]
        cls.files = FILES[cls.prefix]
        rows = TEST_ROWS[cls.prefix]
        cls.shapes = {
            "points": (POINTS, features),
            "test_x": (rows, features),
            "test_y": (rows,),
            "classify": (),
        }
        for layers in LAYERS:
            cls.shapes[f"layers_{layers}"] = (sum(sizes(features, layers)),)

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        subset, table, *checkpoints = [paths[file.name] for file in cls.files]
        x, _ = _rows(subset, cls.shapes["points"])
        test_x, test_y = _rows(table, cls.shapes["test_x"])
        arrays = {
            "points": x[None].astype(np.float32),
            "test_x": test_x[None].astype(np.float32),
            "test_y": test_y[None].astype(np.float32),
            "classify": np.array([int(cls.prefix == "heloc")]),
        }
        _, features = cls.shapes["points"]
        for layers, path in zip(LAYERS, checkpoints, strict=True):
            parameters = _parameters(path, sizes(features, layers))
            arrays[f"layers_{layers}"] = parameters[None]
        return arrays


def _rows(
    path: Path,
    shape: tuple[int, ...],
) -> tuple[Column, Column]:
    """Features and targets of a table, which must have this shape [n, d]."""
    rows, features = shape
    x, y = _released_files.read(path, features)
    if len(x) != rows:
        raise DatasetError(f"{path}: {len(x)} rows instead of {rows}; download it again")
    return x, y


def _parameters(
    path: Path,
    expected: list[int],
) -> npt.NDArray[np.float32]:
    """The parameters of a checkpoint as one vector; ``expected``: the size of each tensor."""
    vectors = _checkpoints.parameters(path)
    found = [len(vector) for vector in vectors]
    if found != expected:
        raise DatasetError(
            f"{path}: tensors of {found} numbers instead of {expected}; download it again"
        )
    return np.concatenate(vectors)
