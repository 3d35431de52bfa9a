"""Reads the parameters in a checkpoint of PyTorch, without PyTorch and without running code."""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.file import DatasetError

Floats = npt.NDArray[np.float32]


def parameters(path: Path) -> list[Floats]:
    """Return the tensors under ``model`` of a checkpoint, in their order, flat.

    The file is a zip archive of a pickle and of the numbers of each tensor, float32.

    Raises:
        DatasetError: the file is truncated or contains anything but such tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            folder = archive.namelist()[0].partition("/")[0]
            pickled = io.BytesIO(archive.read(f"{folder}/data.pkl"))
            state = _Tensors(pickled, archive, folder).load()["model"]
        return [np.asarray(tensor, np.float32) for tensor in state.values()]
    except (
        *(AttributeError, EOFError, IndexError, KeyError, OSError, TypeError, ValueError),
        *(pickle.UnpicklingError, zipfile.BadZipFile),
    ) as error:
        raise DatasetError(
            f"{path}: truncated or not the official checkpoint ({error}); download it again"
        ) from None


class _Tensors(pickle.Unpickler):
    """Unpickles dictionaries of tensors, and refuses all else."""

    def __init__(
        self,
        pickled: io.BytesIO,
        archive: zipfile.ZipFile,
        folder: str,
    ) -> None:
        super().__init__(pickled)
        self._archive = archive
        self._folder = folder

    def persistent_load(self, pid: Any) -> Floats:
        """The numbers of a tensor; ``pid`` names the entry of the archive."""
        _, _, key, _, _ = pid
        return np.frombuffer(self._archive.read(f"{self._folder}/data/{key}"), "<f4")

    def find_class(self, module_name: str, global_name: str) -> Any:
        """What stands for a name in the pickle; nothing is imported."""
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch.FloatStorage": np.float32,
            "torch._utils._rebuild_tensor_v2": _flat,
        }
        name = f"{module_name}.{global_name}"
        if name not in known:
            raise pickle.UnpicklingError(f"it names {name}")
        return known[name]


def _flat(
    numbers: Floats,
    offset: int,
    shape: tuple[int, ...],
    *_: Any,
) -> Floats:
    return numbers[offset : offset + math.prod(shape)]
