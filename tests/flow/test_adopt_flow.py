"""Results of another place count as finished in the real workflow: adopted, or just copied."""

import shutil

import pandas as pd
import pytest
from project import Project

pytestmark = pytest.mark.slow

TABLES = {"collect", "table", "figure", "compare", "summary"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = Project.create(tmp_path_factory.mktemp("finished") / "project")
    project.snakemake("tiny")
    return project


@pytest.mark.parametrize("options", [(), ("--latents", "--weights")])
def test_snakemake_regards_adopted_results_as_finished(finished, tmp_path, options):
    bundle = tmp_path / "tiny.tar.gz"
    finished.facsimile("export", "tiny", "--to", str(bundle), *options)
    elsewhere = Project.create(tmp_path / "elsewhere")
    log = elsewhere.facsimile("adopt", str(bundle))
    assert "6 runs adopted" in log
    assert set(elsewhere.jobs("tiny")) <= TABLES
    elsewhere.snakemake("tiny")
    ours, theirs = (
        pd.read_parquet(p.folder / "results/studies/tiny/smoke/scores.parquet")
        for p in (elsewhere, finished)
    )
    pd.testing.assert_frame_equal(ours, theirs)
    elsewhere.facsimile("data", "toy")  # newer than all that was adopted
    elsewhere.facsimile("adopt")
    assert set(elsewhere.jobs("tiny")) <= TABLES


@pytest.mark.parametrize("times", ["kept", "new"])
def test_a_copied_results_folder_trains_nothing(finished, tmp_path, times):
    elsewhere = Project.create(tmp_path / "elsewhere")
    copy = shutil.copy2 if times == "kept" else shutil.copyfile
    shutil.copytree(finished.folder / "results", elsewhere.folder / "results", copy_function=copy)
    before = elsewhere.weights()
    if times == "kept":
        assert elsewhere.jobs("tiny") == {}
    else:
        elsewhere.facsimile("adopt")
        assert set(elsewhere.jobs("tiny")) <= TABLES
    elsewhere.snakemake("tiny")
    assert elsewhere.weights() == before
    assert elsewhere.jobs("tiny") == {}


def test_after_a_copy_without_adopt_jobs_start_and_train_nothing(finished, tmp_path):
    elsewhere = Project.create(tmp_path / "elsewhere")
    shutil.copytree(
        finished.folder / "results", elsewhere.folder / "results", copy_function=shutil.copyfile
    )
    (elsewhere.folder / "results/data/toy.h5").touch()
    before = elsewhere.weights()
    assert elsewhere.jobs("tiny")["train"] == 3
    elsewhere.snakemake("tiny")
    assert elsewhere.weights() == before
    logs = "".join(
        path.read_text() for path in elsewhere.folder.glob("results/logs/train/**/*.log")
    )
    assert ", 0 to make" in logs
    assert "training" not in logs
