"""The difference of a method's mean score between two data sets."""

import pandas as pd
import pytest

from facsimile.papers.overlap.claims.dataset_gap import DatasetGap

SCORES = {
    ("near", "ours"): 0.6,
    ("far", "ours"): 0.2,
    ("near", "other"): 0.0,
    ("far", "other"): 0.9,
}


def scores(spread=0.01):
    rows = []
    for (dataset, method), mean in SCORES.items():
        for seed in range(3):
            rows.append(
                {
                    "run": f"{dataset}/{method}/{seed}",
                    "dataset": dataset,
                    "model": method,
                    "method": method,
                    "name": "mig.mig",
                    "result": mean + spread * (seed - 1),
                }
            )
    return pd.DataFrame(rows)


def test_the_gap_is_that_of_the_first_and_the_last_data_set_of_the_models_named():
    finding = DatasetGap("mig.mig", ("ours",)).compute(scores(), ["near", "between", "far"])
    assert finding.missing == ()
    assert finding.estimate.value == pytest.approx(0.4)
    assert finding.estimate.n == 6
    # No resample of three runs is further than 0.01 from its mean.
    assert 0.38 <= finding.estimate.low < 0.4 < finding.estimate.high <= 0.42


def test_the_order_of_the_data_sets_gives_the_sign():
    finding = DatasetGap("mig.mig", ("ours",)).compute(scores(), ["far", "near"])
    assert finding.estimate.value == pytest.approx(-0.4)


def test_a_single_or_absent_data_set_gives_no_gap():
    single = DatasetGap("mig.mig").compute(scores(), ["near"])
    assert single.missing[0].startswith("needs two data sets: there is ")
    absent = DatasetGap("mig.mig").compute(scores(), ["near", "elsewhere"])
    assert absent.missing[0].startswith("no such scores: MIG")
