"""The curves of training in the records of runs."""

import pandas as pd

from facsimile.foundation.paths import Paths
from facsimile.report import _histories
from facsimile.store import files

RUNS = pd.DataFrame(
    {
        "dataset": "toy",
        "model": ["beta_vae", "beta_vae", "oracle"],
        "run": ["toy/beta_vae/0a/0", "toy/beta_vae/0a/1", "toy/oracle/0b/0"],
    }
)


def test_a_stored_run_has_its_curves_and_others_have_none(tmp_path):
    paths = Paths(tmp_path)
    folder = paths.run("toy/beta_vae/0a/0")
    folder.mkdir(parents=True)
    history = pd.DataFrame({"step": [0, 10], "loss": [2.5, float("nan")]})
    history.to_parquet(folder / files.HISTORY)
    assert dict(_histories.payloads(paths, RUNS)) == {
        "toy/beta_vae": {"toy/beta_vae/0a/0": {"step": [0, 10], "loss": [2.5, None]}},
        "toy/oracle": {},
    }


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends():
    history = pd.DataFrame({"step": range(10_000)})
    steps = _histories.thinned(history)["step"]
    assert len(steps) == _histories.POINTS
    assert (steps.iloc[0], steps.iloc[-1]) == (0, 9_999)
    assert set(steps.diff().dropna()) <= {50, 51}
