"""Files that ``facsimile score`` gets: damaged, misleading, of another kind, with wrong arrays."""
# ruff: noqa: F811 (fixtures)

import fcntl
import io
import zipfile

import h5py
import numpy as np
import pytest
from latents_files import GRID, POINTS, WRITERS, N, arrays, h5, npz, save, score  # noqa: F401

import facsimile
from facsimile.scoring import latents_file, stored_arrays

SPREAD = np.zeros((2, N, 3), np.float32)
BAD = {
    "no codes": (
        {"codes": None, "coeds": GRID.oracle()},
        r"no array 'codes' \[N, d\]; did you mean 'coeds'\? It holds: coeds, factors",
    ),
    "no factors": ({"factors": None}, r"no array 'factors' \[N, k\], .*; it holds: codes$"),
    "turned": (
        {"codes": GRID.oracle().T},
        r"codes have 3 rows and factors 60; .*transpose codes: codes.T is \[60, 3\]",
    ),
    "too short": (
        {"codes": GRID.oracle()[:-1]},
        "codes have 59 rows and factors 60; each row is one image$",
    ),
    "one column": (
        {"factors": GRID.factors[:, 0]},
        r"factors must be \[N, k\] and not empty, not \[60\]; .*factors\[:, None\]",
    ),
    "empty": ({"codes": np.zeros((N, 0))}, r"codes must be \[N, d\] and not empty, not \[60, 0\]"),
    "a scalar": ({"codes": np.float32(3)}, r"codes must be \[N, d\] and not empty, not \[\]"),
    "factors that are not whole": (
        {"factors": GRID.factors / 2},
        r"factors must be integers .*: column 0 has 3 values in 60 rows, which are not whole "
        r"numbers; number them: numpy.unique\(column, return_inverse=True\)\[1\]",
    ),
    "complex": (
        {"codes": GRID.oracle() * 1j},
        "codes must be real numbers, not complex64; concatenate codes.real and codes.imag",
    ),
    "text": ({"codes": np.full((N, 3), b"1.0")}, r"codes must be real numbers, not \|S3"),
    "log-variances": (
        {"log_variances": np.zeros((N, 2))},
        r"log_variances are \[60, 2\]; give one for each code, \[60, 3\]",
    ),
    "peers alone": (
        {"peers": SPREAD},
        r"give peers and peers_log_variances, both \[p, N, d\], or neither",
    ),
    "peers apart": (
        {"peers": SPREAD, "peers_log_variances": SPREAD[:, :, :2]},
        r"peers are \[2, 60, 3\] and peers_log_variances \[2, 60, 2\]",
    ),
    "peers' rows": (
        {"peers": SPREAD[:, :9], "peers_log_variances": SPREAD[:, :9]},
        "peers have 9 rows, codes 60",
    ),
    "peers flat": (
        {"peers": SPREAD[0], "peers_log_variances": SPREAD[0]},
        r"peers must be \[p, N, d\]",
    ),
}


@pytest.mark.parametrize(("changed", "message"), BAD.values(), ids=BAD)
def test_a_bad_array_gives_one_line_with_file_array_and_remedy(save, changed, message):
    path = save(**changed)
    with pytest.raises(ValueError, match=message) as error:
        score(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_an_error_of_a_metric_names_the_file(save):
    codes = GRID.oracle()
    codes[7, 2] = np.nan
    path = save(codes=codes)
    with pytest.raises(
        ValueError, match=r"codes: 1 values are not finite .* row 7, column 2"
    ) as error:
        score(path)
    assert str(error.value).startswith(f"{path}: ")
    with pytest.raises(ValueError, match="did you mean 'mig'"):
        score(save(), metrics=["migg"])
    with pytest.raises(ValueError, match="udr needs log_variances"):
        score(save(), metrics=["udr"])


def member(shape, dtype="<f8", body=b""):
    """An array of an .npz file whose header may differ from its content."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return out.getvalue() + body


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return path


def test_sizes_are_bounded_before_anything_is_allocated(tmp_path):
    huge = (10**12, 50)
    claimed = archive(tmp_path / "huge.npz", codes=member(huge), factors=member((10**12, 3), "<i8"))
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.create_dataset("codes", huge, np.float32, chunks=(1024, 50))
        file.create_dataset("factors", (10**12, 3), np.int64, chunks=(1024, 3))
    for path in (claimed, tmp_path / "huge.h5"):
        with pytest.raises(ValueError, match=r"would need [\d.]+ GiB of memory .* save fewer rows"):
            latents_file.read(path)


def test_a_header_that_promises_more_than_there_is(tmp_path):
    path = archive(
        tmp_path / "short.npz", codes=member((60, 3), body=b"few"), factors=member((60, 3), "<i8")
    )
    with pytest.raises(
        ValueError, match=r"short.npz: damaged, or not what its name says \(codes: "
    ):
        latents_file.read(path)


class Trap:
    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def test_nothing_is_unpickled(tmp_path):
    objects = np.empty((N, 3), object)
    objects[:] = Trap()
    np.savez(tmp_path / "pickle.npz", codes=objects, factors=GRID.factors)
    with pytest.raises(ValueError, match=r"pickle.npz: codes must be real numbers, not object"):
        latents_file.read(tmp_path / "pickle.npz")
    assert not Trap.sprung


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
@pytest.mark.parametrize("kept", [0, 9, 0.5, -30])
def test_a_damaged_file_is_reported_as_damaged(tmp_path, name, kept):
    path = WRITERS[name](tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept == 0.5 else kept])
    with pytest.raises(ValueError, match=rf"{name}: damaged, or not what its name says"):
        latents_file.read(path)


def test_a_changed_byte_of_an_archive_is_found(tmp_path):
    path = npz(tmp_path / "a.npz")
    whole = bytearray(path.read_bytes())
    whole[300] ^= 1  # within codes
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"damaged.*CRC"):
        latents_file.read(path)


def test_arrays_of_other_files_are_not_read(tmp_path):
    h5(tmp_path / "other.h5")
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        file["codes"] = h5py.ExternalLink("other.h5", "codes")
        file["factors"] = GRID.factors
    with pytest.raises(ValueError, match="no array 'codes'"):
        latents_file.read(tmp_path / "linked.h5")
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((N, 3), np.float32)
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "codes", (N, 3))
        file.create_virtual_dataset("codes", layout)
        file["factors"] = GRID.factors
    with pytest.raises(ValueError, match="codes keeps its values in another file"):
        latents_file.read(tmp_path / "virtual.h5")


def compressed(path, number, name="codes"):
    """A file whose array is compressed by a filter that need not be installed."""
    with h5py.File(path, "w") as file:
        file["factors"] = GRID.factors
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((N, 3))
        properties.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple((N, 3))
        float32 = h5py.h5t.IEEE_F32LE
        array = h5py.h5d.create(file.id, name.encode(), float32, space, properties)
        array.write_direct_chunk((0, 0), b"compressed elsewhere")
    return path


@pytest.mark.parametrize(
    ("number", "name"), [(32015, "zstd"), (32001, "blosc"), (32026, "blosc2"), (4321, "unknown")]
)
def test_a_filter_that_is_not_installed_is_not_damage(tmp_path, number, name):
    path = compressed(tmp_path / "a.h5", number)
    with pytest.raises(
        ValueError, match=rf"a.h5: codes is compressed by filter {number} \({name}\).*='gzip'"
    ):
        latents_file.read(path)


def test_a_filter_of_an_array_that_is_not_used_does_not_matter(tmp_path):
    path = compressed(tmp_path / "a.h5", 32015, "images")
    with h5py.File(path, "r+") as file:
        file["codes"] = GRID.oracle()
    assert latents_file.read(path).unused == ("images",)


def test_groups_and_links_are_shown(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["test/codes"], file["test/factors"] = GRID.oracle(), GRID.factors
    with pytest.raises(ValueError, match="it holds: a group test with codes, factors: save its"):
        latents_file.read(path)
    with h5py.File(path, "w") as file:
        file["z"], file["factors"] = GRID.oracle(), GRID.factors
        file["codes"] = h5py.SoftLink("/z")
        file["more"] = h5py.ExternalLink("b.h5", "/x")
    message = (
        r"did you mean 'z'\? It holds: factors, z; a link codes to /z, .* a link more to /x in b"
    )
    with pytest.raises(ValueError, match=message):
        latents_file.read(path)


@pytest.mark.parametrize(("name", "guess"), [("mean", "codes"), ("arr_0", "codes"), ("Z", "codes")])
def test_other_names_of_codes_are_guessed(save, name, guess):
    with pytest.raises(ValueError, match=f"no array '{guess}' .*did you mean '{name}'"):
        latents_file.read(save(**{"codes": None, name: GRID.oracle()}))


def test_a_file_that_another_process_writes_is_not_damaged(tmp_path):
    path = h5(tmp_path / "a.h5")
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as HDF5 does in a process that writes
        with pytest.raises(ValueError, match="has it open for writing"):
            latents_file.read(path)
    error = PermissionError(13, "Permission denied")
    assert "no permission" in str(stored_arrays.damaged(path, error))


PLACEHOLDERS = {
    "a web page": (b"<!DOCTYPE html><html>404", "this is a web page"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\noid x", "git lfs pull"),
    "gzip": (b"\x1f\x8b\x08\x00", "compressed by gzip; unpack it by: gunzip"),
    "one array": (b"\x93NUMPY\x01\x00", "save all arrays by numpy.savez"),
}


@pytest.mark.parametrize("ending", ["npz", "h5"])
@pytest.mark.parametrize(("data", "message"), PLACEHOLDERS.values(), ids=PLACEHOLDERS)
def test_a_file_of_another_kind_is_not_called_damaged(tmp_path, ending, data, message):
    path = tmp_path / f"codes.{ending}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        latents_file.read(path)
    assert "damaged" not in str(error.value)


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "codes.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=r"\(empty; the program that wrote it may have stopped\)"):
        latents_file.read(tmp_path / "codes.h5")


@pytest.mark.parametrize("written", [0, 1])
def test_an_array_that_was_not_written_to_its_end(tmp_path, written):
    """HDF5 would read zeros."""
    path = tmp_path / "codes.h5"
    with h5py.File(path, "w") as file:
        file["factors"] = GRID.factors
        codes = file.create_dataset("codes", (N, 3), "f4", chunks=(N // 2, 3))
        if written:
            codes[: N // 2] = 1
    with pytest.raises(ValueError, match=f"codes was not written to its end: {written} of 2"):
        latents_file.read(path)
    with h5py.File(path, "r+") as file:
        del file["codes"]
        file.create_dataset("codes", (N, 3), "f4")
    with pytest.raises(ValueError, match="codes was created, but never written"):
        latents_file.read(path)


def test_two_arrays_of_one_name(tmp_path):
    path = npz(tmp_path / "a.npz")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("codes.npy", b"")
    with pytest.raises(ValueError, match=r"two arrays are called codes.npy"):
        latents_file.read(path)


def test_an_archive_by_another_method_is_not_damaged(tmp_path):
    path = npz(tmp_path / "a.npz")
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.find(signature)
        content[place + offset] = 93  # zstd
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a.npz: codes.npy: .*compression.*savez"):
        latents_file.read(path)


# Type of an array -> whether it can be scored.
TYPES = {
    "f2": True,
    "f4": True,
    ">f8": True,
    "i1": True,
    "u8": True,
    "?": True,
    "c8": False,
    "S3": False,
}


@pytest.mark.parametrize("which", ["codes", "factors"])
@pytest.mark.parametrize("dtype", TYPES)
def test_the_function_and_the_file_take_the_same_types(save, dtype, which):
    changed = {which: np.asarray(GRID.factors % 2).astype(dtype)}
    path = save(**changed)
    points = {"n_train": POINTS[0], "n_test": POINTS[1]}
    if TYPES[dtype]:
        of_file, _ = score(path, ["mig"])
        of_arrays = facsimile.score(**arrays(**changed), metrics="mig", **points)
        assert of_file.value.tolist() == of_arrays.value.tolist()
        return
    with pytest.raises(ValueError, match=f"{which} must be real numbers") as from_file:
        score(path, ["mig"])
    with pytest.raises(ValueError, match=f"{which} must be real numbers") as from_arrays:
        facsimile.score(**arrays(**changed), metrics="mig")
    assert str(from_file.value) == f"{path}: {from_arrays.value}"


def test_a_missing_file_and_one_of_another_kind(tmp_path):
    with pytest.raises(ValueError, match=r"gone.npz: there is no such file"):
        latents_file.read(tmp_path / "gone.npz")
    npz(tmp_path / "going.npz")
    with pytest.raises(ValueError, match=r"no such file; did you mean going.npz\?"):
        latents_file.read(tmp_path / "gone.npz")
    with pytest.raises(ValueError, match=r"is a folder; did you mean going.npz\?"):
        latents_file.read(tmp_path)
    h5(tmp_path / "codes.mat")
    with pytest.raises(ValueError, match=r"codes.mat: neither .*; it is an HDF5 file; name it .h5"):
        latents_file.read(tmp_path / "codes.mat")
    (tmp_path / "codes.pt").write_bytes(b"PICKLE")
    with pytest.raises(ValueError, match=r"codes.pt: neither .npz nor .h5; .*numpy.savez"):
        latents_file.read(tmp_path / "codes.pt")
