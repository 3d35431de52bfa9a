"""The table of scores: names of metrics, missing values with reasons, and how it prints."""

import io
import pydoc

import numpy as np
import pandas as pd
import pytest

import facsimile
from facsimile.metrics.base.rows import ScoreWarning

SMALL = {"n_train": 200, "n_test": 100}


@pytest.fixture
def rare():
    """Codes and factors of 600 rows: column 0 is constant, value 99 of column 2 has one row."""
    random = np.random.default_rng(0)
    age = random.integers(20, 30, 600)
    age[17] = 99
    factors = np.stack([np.full(600, 5), random.integers(1, 4, 600), age], axis=1)
    return factors + random.normal(0, 0.1, factors.shape), factors


def test_a_metric_that_cannot_be_computed_has_a_row_with_the_reason(rare):
    with pytest.warns(ScoreWarning, match="beta_vae_score was not computed: factor column 2"):
        table = facsimile.score(*rare, "mig,beta_vae_score,irs")
    missing = table[table.value.isna()]
    assert missing.metric.tolist() == missing.score.tolist() == ["beta_vae_score"]
    assert "factor column 2: value 99 has a single row" in missing.reason.iloc[0]
    others = table.drop(missing.index)
    assert set(others.metric) == {"mig", "irs"}
    assert set(others.reason) == {""}
    assert np.isfinite(others.value).all()


def test_frames_are_named_by_their_columns(rare):
    codes, factors = rare
    frame = pd.DataFrame(factors, columns=["colour", "shape", "age"])
    with pytest.raises(ValueError, match="factor column 'age': value 99 has a single row"):
        facsimile.score(codes, frame, "factor_vae_score")


def test_an_input_that_is_missing_is_a_reason_too(rare):
    with pytest.warns(ScoreWarning, match="udr was not computed: udr needs log_variances"):
        table = facsimile.score(*rare, "mig,udr")
    assert table.value.isna().tolist() == [False, True]


def test_if_no_metric_can_be_computed_all_reasons_are_raised(rare):
    with pytest.raises(
        ValueError, match=r"beta_vae_score: factor .*; udr: udr needs log_variances"
    ):
        facsimile.score(*rare, "beta_vae_score,udr")


def test_an_unexpected_error_is_shown_with_its_type(grid):
    with pytest.warns(ScoreWarning, match="elbo was not computed: ZeroDivisionError"):
        table = facsimile.score(
            grid.oracle(),
            grid.factors,
            "mig,elbo",
            log_variances=grid.oracle(),
            images=grid.images(),
            decoder=lambda codes: 1 // 0,
            **SMALL,
        )
    assert table.reason[1].startswith("ZeroDivisionError: ")


@pytest.mark.parametrize(
    "names", ["mig,sap", " MIG , Sap", ["MIG", "sap", "mig"], ("mig", "SAP"), "mig,,sap,"]
)
def test_names_as_a_list_by_commas_and_in_capitals(grid, names):
    table = facsimile.score(grid.oracle(), grid.factors, names, **SMALL)
    assert table.metric.tolist() == ["mig", "sap", "sap"]


def test_other_spellings_of_names(grid):
    table = facsimile.score(grid.oracle(), grid.factors, "Beta-VAE score", "DLIB", **SMALL)
    assert table.metric.tolist() == ["beta_vae_score"]
    assert table.convention.tolist() == ["dlib-sklearn020"]
    everything = facsimile.score(grid.oracle(), grid.factors, "ALL", "exact", **SMALL)
    assert set(everything.metric) == {"mig", "modularity", "fairness"}


@pytest.mark.parametrize("names", ["", " , ", []])
def test_no_name_at_all(grid, names):
    with pytest.raises(ValueError, match="metrics names no metric"):
        facsimile.score(grid.oracle(), grid.factors, names)


def test_an_unknown_name_or_convention_costs_no_computation(grid, monkeypatch):
    monkeypatch.setattr("facsimile.metrics.mig.score", lambda *_: pytest.fail("was computed"))
    for metrics, convention in (("mig,saap", "dlib"), ("mig,sap", "exact")):
        with pytest.raises(ValueError, match="There are"):
            facsimile.score(grid.oracle(), grid.factors, metrics, convention)


def test_a_metric_of_a_run_is_refused(grid):
    with pytest.raises(ValueError, match="latent_recovery is computed from the outputs of a run"):
        facsimile.score(grid.oracle(), grid.factors, "latent_recovery")


def drawn(grid):
    rows = np.random.default_rng(0).permutation(len(grid.factors))
    parts = rows[:200], rows[200:]
    return [(grid.oracle()[part], grid.factors[part]) for part in parts]


def test_given_points_have_no_exact_score(grid):
    with pytest.raises(ValueError, match=r"mig needs table; .*facsimile.score takes the whole"):
        facsimile.score_draws(*drawn(grid), convention="exact")


@pytest.mark.parametrize("convention", ["kl", "corrected", "dlib-modern"])
def test_conventions_that_need_more_are_left_out_of_all(grid, convention):
    with_all = "all" if convention == "kl" else None
    if convention == "kl":  # of active_units, which then needs log-variances
        with pytest.raises(ValueError, match="active_units needs log_variances"):
            facsimile.score_draws(*drawn(grid), with_all, convention)
        return
    table = facsimile.score_draws(*drawn(grid), with_all, convention)
    assert np.isfinite(table.value).all()
    assert set(table.convention) == {convention}


def test_the_value_is_printed_in_a_narrow_terminal(grid):
    table = facsimile.score(grid.oracle(), grid.factors, "mig,unsupervised", **SMALL)
    # max_columns 0 is pandas' default in a terminal: as many columns as fit into its width.
    narrow = {"display.max_columns": 0, "display.width": 80}
    with pd.option_context(*[item for pair in narrow.items() for item in pair]):
        lines = repr(table).splitlines()
    assert lines[0].split()[0] == "score"
    assert lines[0].split()[-1] == "value"
    assert max(map(len, lines)) <= 80


def test_the_signature_is_short():
    out = io.StringIO()
    pydoc.Helper(output=out)(facsimile.score)
    signature = out.getvalue().splitlines()[2]
    assert "factors: 'npt.ArrayLike'" in signature
    assert len(signature) < 400
