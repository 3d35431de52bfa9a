"""``facsimile score FILE``: scores of a user's own latents, and the message for a bad file."""

import fcntl
import io
import json
import sys
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import facsimile
from facsimile.__main__ import app, main
from facsimile.commands import score_file
from facsimile.datasets import grid as dataset_grid
from facsimile.foundation import discover
from facsimile.metrics.base.cases import Grid
from facsimile.scoring import latents_file, stored_arrays
from facsimile.store import latents

GRID = Grid((3, 4, 5))
N = len(GRID.factors)
POINTS = (200, 100)


def arrays(**changed):
    """The arrays of a valid file, some of them replaced; None removes an array."""
    valid = {"codes": GRID.oracle(), "factors": GRID.factors} | changed
    return {name: value for name, value in valid.items() if value is not None}


def npz(path, **changed):
    np.savez(path, **arrays(**changed))
    return path


def h5(path, **changed):
    with h5py.File(path, "w") as file:
        for name, value in arrays(**changed).items():
            file[name] = value
    return path


WRITERS = {"a.npz": npz, "a.h5": h5}


@pytest.fixture(params=WRITERS)
def save(request, tmp_path):
    return lambda **changed: WRITERS[request.param](tmp_path / request.param, **changed)


def score(path, metrics=("mig", "dci"), outputs=(), **options):
    """Score a file; return the scores and the printed text."""
    out = io.StringIO()
    convention = options.pop("convention", "dlib")
    table = score_file.score(
        path, metrics, convention, 0, POINTS, 64, outputs, Console(file=out, width=100)
    )
    return table, out.getvalue()


def test_a_file_is_scored_as_its_arrays_are(save):
    table, _ = score(save())
    expected = facsimile.score(
        GRID.oracle(), GRID.factors, metrics=["mig", "dci"], n_train=200, n_test=100
    )
    pd.testing.assert_frame_equal(table.drop(columns="seconds"), expected.drop(columns="seconds"))


def test_log_variances_and_peers_reach_the_metrics_that_need_them(save):
    spread, peers = (
        np.full((N, 3), -4, np.float32),
        np.stack([GRID.oracle()[:, ::-1], -GRID.oracle()]),
    )
    path = save(
        log_variances=spread, peers=peers, peers_log_variances=np.full(peers.shape, -4, np.float32)
    )
    table, _ = score(path, metrics=["udr", "chen_mig"])
    values = table.set_index("score").value
    # The peers are the same latents in another order, and mirrored.
    assert values["udr_lasso"] > 0.8
    assert values["chen_mig"] > 0.9
    assert values["informative_latents"] == 3


def test_without_names_the_metrics_of_the_study_are_computed(save):
    content = latents_file.read(save(log_variances=np.zeros((N, 3))))
    assert set(content.outputs) == {"log_variances"}
    table, _ = score(save(), metrics=None)
    assert set(table.metric) == set(facsimile.metrics.STUDY)


def test_latents_of_a_run_get_the_factors_of_its_data_set(tmp_path):
    data = dataset_grid("toy").subgrid({"x_position": 2})
    factors, path = data.factors(np.arange(len(data))), tmp_path / "latents.h5"
    codes = factors.astype(np.float32)
    about = {"dataset": "toy", "statement": {"subgrid": {"x_position": 2}}}
    latents.write(path, codes.shape, iter([(codes, np.zeros_like(codes))]), about)
    content = latents_file.read(path)
    np.testing.assert_array_equal(content.factors, factors)
    np.testing.assert_array_equal(content.codes, codes)
    with h5py.File(path, "r+") as file:
        file.attrs["statement"] = json.dumps({})
    with pytest.raises(
        ValueError, match=rf"latents.h5: codes is .*toy has {len(dataset_grid('toy'))} rows"
    ):
        latents_file.read(path)


def test_unused_arrays_are_named(save, capsys):
    score(save(images=np.zeros((N, 2)), log_varaince=np.zeros((N, 3))), metrics=["mig"])
    assert (
        "not used: images, log_varaince (recognised names: codes, factors, log_variances"
        in capsys.readouterr().err
    )


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


def test_the_table_shows_which_values_are_better_and_the_convention(tmp_path):
    table, printed = score(npz(tmp_path / "a.npz"))
    points = f"200 + 100 points · {table.n_shared[0]} test points are training points · seed 0"
    assert f"60 rows, 3 codes, 3 factors · {points}" in " ".join(printed.split())
    [line] = [line for line in printed.splitlines() if " disentanglement " in line]
    assert line.split()[:3] == ["dci", "disentanglement", "1.0000"]
    assert "0 to 1 ↑" in line
    assert "dlib-sklearn020" in line


def test_scores_are_written_where_asked(tmp_path):
    outputs = [tmp_path / "scores.csv", tmp_path / "scores.parquet"]
    table, _ = score(npz(tmp_path / "a.npz"), outputs=outputs)
    stored = pd.read_parquet(outputs[1])
    pd.testing.assert_frame_equal(stored.drop(columns="versions"), table)
    assert set(stored.versions) == {table.attrs["versions"]}
    np.testing.assert_allclose(pd.read_csv(outputs[0]).value, table.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("scores.txt", "must end in .csv"), ("no/folder/scores.csv", "must be a folder that exists")],
)
def test_an_output_that_cannot_be_written_is_refused_first(tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        score_file.checked(tmp_path / name, ".csv")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command line in an empty folder; returns exit status, stdout and stderr."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["facsimile", *arguments])
        with pytest.raises(SystemExit) as done:
            main()
        return done.value.code, *capsys.readouterr()

    return run


def test_the_command_needs_no_project_and_keeps_stdout_for_the_table(tmp_path, command):
    npz(tmp_path / "a.npz")
    options = [
        "--metrics",
        "mig, modularity",
        "--train",
        "200",
        "--test",
        "100",
        "--csv",
        "out.csv",
    ]
    code, out, err = command("score", "a.npz", *options)
    assert code == 0
    assert "mig: " in err
    assert "higher is better" in out
    assert set(pd.read_csv(tmp_path / "out.csv").metric) == {"mig", "modularity"}


def test_an_error_of_the_command_keeps_its_brackets(tmp_path, command):
    npz(tmp_path / "a.npz", codes=GRID.oracle()[:, 0])
    code, out, err = command("score", "a.npz")
    assert (code, out) == (1, "")
    assert err == (
        "error: a.npz: codes must be [N, d] and not empty, not [60]; "
        "a single column is codes[:, None]\n"
    )


def test_a_metric_without_a_value_sets_the_exit_status_and_the_rest_is_written(tmp_path, command):
    random = np.random.default_rng(0)
    factors = random.integers(1, 4, (300, 2))
    factors[7, 1] = 99
    npz(tmp_path / "a.npz", codes=factors + random.normal(0, 0.1, factors.shape), factors=factors)
    code, out, err = command("score", "a.npz", "--metrics", "MIG,beta_vae_score", "--csv", "s.csv")
    assert code == 1
    [warning] = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert "beta_vae_score was not computed: factor column 1: value 99 has a single row" in warning
    assert "–" in out
    stored = pd.read_csv(tmp_path / "s.csv", keep_default_na=True)
    assert stored.value.isna().tolist() == [False, True]
    assert "value 99" in stored.reason[1]
    assert "disjoint rows" in " ".join(out.split())


def test_the_command_bins_and_splits(tmp_path, command):
    random = np.random.default_rng(0)
    truth = random.random((500, 2))
    npz(tmp_path / "a.npz", codes=truth + random.normal(0, 0.01, truth.shape), factors=truth)
    code, _, err = command("score", "a.npz", "--metrics", "mig")
    assert (code, "bins=20 (on the command line --bins 20)" in err) == (1, True)
    options = ["--metrics", "mig", "--bins", "10", "--sampling", "replacement", "--csv", "s.csv"]
    code, out, _ = command("score", "a.npz", *options)
    assert code == 0
    assert "bins: column 0: 10, column 1: 10" in " ".join(out.split())
    assert set(pd.read_csv(tmp_path / "s.csv").sampling) == {"replacement"}


def test_a_metric_of_the_users_own_folder_is_computed(tmp_path, monkeypatch):
    """Without `--papers` the name is unknown; a folder without papers is an error."""
    monkeypatch.setenv(discover.OUTSIDE, "")
    metric = tmp_path / "papers" / "tools" / "metrics" / "mean_code.py"
    metric.parent.mkdir(parents=True)
    metric.write_text(
        '"""The mean code."""\n\n'
        'RANGE, BETTER, HEADLINE = (0.0, 9.0), "higher", "mean_code"\n'
        'NEEDS, REFERENCE = ("codes",), "mine 2026"\n'
        'CONVENTIONS, SCORES = {"dlib": "the only one"}, {"mean_code": "mean of all codes"}\n\n\n'
        'def score(draws, convention="dlib"):\n'
        '    """Mean."""\n'
        '    return {"mean_code": float(draws.train.codes.mean())}\n'
    )
    factors = np.indices((4, 5)).reshape(2, -1).T
    np.savez(tmp_path / "mine.npz", codes=np.full((20, 3), 0.5, np.float32), factors=factors)
    command = ["score", str(tmp_path / "mine.npz"), "--metrics", "mean_code"]
    csv = tmp_path / "scores.csv"
    try:
        unknown = CliRunner().invoke(app, command)
        assert "no metric 'mean_code'" in str(unknown.exception)
        empty = CliRunner().invoke(app, [*command, "--papers", str(tmp_path / "papers" / "tools")])
        assert "give the folder that holds your papers" in str(empty.exception)
        papers = ["--papers", str(tmp_path / "papers"), "--csv", str(csv)]
        result = CliRunner().invoke(app, [*command, *papers])
        assert result.exit_code == 0, result.exception
    finally:
        discover.use_papers([])
    [row] = pd.read_csv(csv).to_dict("records")
    assert row["value"] == 0.5
