"""Arrays that anybody may have written (HDF5, .npz, safetensors).

A bad file is a clear error, and nothing huge is allocated.
"""

import io
import shutil
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from mutants import memory_limit, mutants, read_or_refuse

from facsimile.scoring import latents_file
from facsimile.store import checkpoints, files, inferred_arrays, latents, records
from facsimile.store.files import StoreError

pytestmark = pytest.mark.slow

KEY = "toy/beta_vae/01234567/0"
HUGE = 10**12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run's folder, as the store names it."""
    path = tmp_path_factory.mktemp("untrusted") / "runs" / KEY
    path.mkdir(parents=True)
    return path


# Latents and archives


def latents_of(path, rows=40, width=4):
    values = np.random.default_rng(0).normal(size=(2, rows, width)).astype(np.float32)
    latents.write(
        path,
        (rows, width),
        iter([(values[0], values[1])]),
        {"run": KEY, "dataset": "toy", "statement": {}},
    )
    return values


def test_damaged_latents(folder):
    path = folder / "latents.h5"
    values = latents_of(path)
    whole = path.read_bytes()
    with memory_limit():
        for data in mutants(whole, 400):
            path.write_bytes(data)
            latents.attributes_or_none(path)
            mean = read_or_refuse(lambda: latents.read(path), path)
            if mean is not None:
                assert np.array_equal(mean, values[0])


@pytest.mark.parametrize(
    "what", ["rows", "width", "group", "text", "link", "external", "empty", "soft"]
)
def test_latents_that_are_not_what_they_pretend_to_be(folder, what):
    path = folder / "latents.h5"
    latents_of(path)
    with h5py.File(path, "r+") as file:
        del file["mean"]
        if what == "rows":
            file.create_dataset("mean", (HUGE, 4), "f4", chunks=(1024, 4))
        elif what == "width":
            file.create_dataset("mean", (4, HUGE), "f4", chunks=(4, 1024), compression="gzip")
        elif what == "group":
            file.create_group("mean")
        elif what == "text":
            file["mean"] = [["a", "b"]]
        elif what == "link":
            file["mean"] = h5py.ExternalLink("/etc/passwd", "/x")
        elif what == "external":
            file.create_dataset("mean", (4, 4), "f4", external=[("/etc/passwd", 0, 64)])
        elif what == "empty":
            file["mean"] = h5py.Empty("f4")
        else:
            file["mean"] = h5py.SoftLink("/log_variance")
    with (
        memory_limit(),
        pytest.raises(StoreError, match=r"latents\.h5: truncated or not a latents file"),
    ):
        latents.read(path)


def test_damaged_arrays_of_a_model(folder):
    path = folder / "latents.h5"
    values = {"mean": np.arange(30.0).reshape(10, 3), "labels": np.arange(10)}
    inferred_arrays.write(path, values, {"run": KEY})
    whole = path.read_bytes()
    with memory_limit():
        for data in mutants(whole, 300):
            path.write_bytes(data)
            arrays = read_or_refuse(lambda: inferred_arrays.read(path), path)
            if arrays is not None:
                assert all(np.array_equal(arrays[name], values[name]) for name in arrays)


@pytest.mark.parametrize("what", ["rows", "link", "text"])
def test_arrays_of_a_model_that_are_not_what_they_pretend_to_be(folder, what):
    path = folder / "latents.h5"
    inferred_arrays.write(path, {"mean": np.arange(30.0)}, {"run": KEY})
    with h5py.File(path, "r+") as file:
        del file["mean"]
        if what == "rows":
            file.create_dataset("mean", (HUGE, 4), "f4", chunks=(1024, 4))
        elif what == "link":
            file["mean"] = h5py.ExternalLink("/etc/passwd", "/x")
        else:
            file["mean"] = [["a", "b"]]
    with (
        memory_limit(),
        pytest.raises(
            StoreError, match=r"latents\.h5: truncated or no file of arrays.*forget --latents"
        ),
    ):
        inferred_arrays.read(path)


def npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_damaged_latents_of_a_user(folder, ending):
    path = folder / f"own.{ending}"
    codes, factors = np.zeros((30, 3), np.float32), np.zeros((30, 2), int)
    if ending == "npz":
        whole = npz(path, codes=codes, factors=factors)
    else:
        with h5py.File(path, "w") as file:
            file["codes"], file["factors"] = codes, factors
        whole = path.read_bytes()
    with memory_limit():
        for data in mutants(whole, 400):
            path.write_bytes(data)
            read_or_refuse(lambda: latents_file.read(path), path, ValueError)


def bomb(path, header, megabytes=0):
    """An archive with an array of this header and zeros behind it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("codes.npy", "w", force_zip64=True) as file:
            file.write(header)
            for _ in range(megabytes):
                file.write(bytes(2**20))
        plain = io.BytesIO()
        np.save(plain, np.zeros((3, 2), int))
        archive.writestr("factors.npy", plain.getvalue())


def header(text, version=b"\x01\x00", size=2, declared=None):
    return b"\x93NUMPY" + version + (declared or len(text)).to_bytes(size, "little") + text


@pytest.mark.parametrize(
    ("start", "megabytes"),
    [
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 4)}\n" % HUGE), 1),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1%s)}\n" % (b"0" * 20)), 1),
        (header(b"{'descr': '|O', 'fortran_order': False, 'shape': (3, 2)}\n"), 1),
        (
            header(
                b"{'descr': ('<f4', (1000000, 1000000)), 'fortran_order': False, 'shape': (3, 2)}\n"
            ),
            1,
        ),
        (header(b" ", b"\x02\x00", 4, 2**32 - 1), 100),
        (header(b"(" * 9000, b"\x01\x00", 2), 0),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 2)}\n"), 1),
    ],
    ids=["rows", "overflow", "pickle", "subarray", "header", "nested", "negative"],
)
def test_archives_that_are_not_what_they_pretend_to_be(folder, start, megabytes):
    path = folder / "bomb.npz"
    bomb(path, start, megabytes)
    with memory_limit(1000), pytest.raises(ValueError, match=r"bomb\.npz"):
        latents_file.read(path)


# Weights and checkpoints


def test_damaged_checkpoints_and_weights(folder):
    import torch

    for path in folder.iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    checkpoints.save_checkpoint(
        folder, {"weights.encoder.a": torch.zeros(3, 4)}, {"step": 4, "history": []}
    )
    whole = (folder / files.CHECKPOINT).read_bytes()
    with memory_limit():
        for data in mutants(whole, 400):
            (folder / files.CHECKPOINT).write_bytes(data)
            read_or_refuse(lambda: checkpoints.load_checkpoint(folder), folder / files.CHECKPOINT)
    (folder / files.CHECKPOINT).unlink()
    records.finish(
        folder,
        {"encoder.a": torch.zeros(3, 4)},
        pd.DataFrame({"step": [1]}),
        {"run": KEY, "state": "done"},
    )
    whole = (folder / files.WEIGHTS).read_bytes()
    for data in mutants(whole, 200):
        (folder / files.WEIGHTS).write_bytes(data)
        if data != whole:
            with pytest.raises(StoreError, match=r"model\.safetensors"):
                records.weights(folder)
