"""The reproducibility summary and the artifact checklist of a study."""

import re

import pandas as pd
import pytest
import synthetic

from facsimile.commands.pages import summary
from facsimile.comparison import claims
from facsimile.planning import workspace as workspaces
from facsimile.presentation.context import Context


@pytest.fixture
def pages(root, monkeypatch, tmp_path):
    """Pages of a smoke study with 12 runs, one of them failed, 8 claims and 2 published numbers."""
    monkeypatch.chdir(root)
    workspace = workspaces.load(results=str(tmp_path))
    study = workspace.study("locatello2019")
    folder = workspace.paths.study(study.id, "smoke")
    folder.mkdir(parents=True)
    runs = synthetic.runs(1, (0, 5)).assign(seconds=90.0)
    runs.loc[3, ["state", "reason"]] = ["failed", "non-finite loss at step 7"]
    scores = synthetic.scores(runs)
    runs.to_parquet(folder / "runs.parquet")
    scores.to_parquet(folder / "scores.parquet")
    claims.table(study, scores, Context.of(study, "smoke"), "").to_csv(folder / "claims.csv")
    pd.DataFrame({"verdict": ["reproduced", "no source"]}).to_csv(folder / "comparison.csv")
    return [path.read_text() for path in summary.write(workspace, study.id)]


def test_the_summary_reports_claims_runs_and_verdicts(pages):
    page = pages[0]
    assert (
        "- Stronger regularisation lowers the total correlation of sampled representations." in page
    )
    assert "- 11 of 12 trained runs are done; the paper's design has 12,600." in page
    assert "- Training took 16 min in all, on cpu (float32)." in page
    assert "- Published numbers: 1 reproduced." in page
    assert "- Claims: 8 not comparable." in page
    assert "- 1 of 12 runs failed" in page
    assert "of 300,000 steps" in page


def test_what_only_people_know_is_marked_as_not_stated(pages):
    assert pages[0].count(summary.UNSTATED) == 3
    assert "| in an archive with a DOI | not stated |" in pages[1]
    assert "| energy | not stated | not measured |" in pages[1]


def test_the_checklist_has_the_command_of_every_claim_and_its_cost(pages):
    page = pages[1]
    assert "| `snakemake locatello2019_fig2 locatello2019_claims --config scale=smoke` |" in page
    assert page.count("command of the claim") == 8
    assert re.search(r"\| \d+ runs, .* core-", page)
    assert "| complete: every run of this scale is done | no | 11 of 12 |" in page
    assert "| claims checked against the paper's PDF | yes | 0 are not |" in page
    assert "| README that names the paper | yes |" in page
    assert "β-VAE β 1 to 16" in page
