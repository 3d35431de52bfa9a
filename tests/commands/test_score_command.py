"""``facsimile score FILE``: scores of a user's own latents, and the message for a bad file."""
# ruff: noqa: F811 (fixtures)

import json
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from latents_files import GRID, N, npz, save, score  # noqa: F401
from typer.testing import CliRunner

import facsimile
from facsimile.__main__ import app, main
from facsimile.commands import score_file
from facsimile.datasets import grid as dataset_grid
from facsimile.foundation import discover
from facsimile.scoring import latents_file
from facsimile.store import latents


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
