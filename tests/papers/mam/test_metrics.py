"""Scores of distributions whose divergence from the Ising model is known."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize

from facsimile.papers.mam.datasets.ising import MEMBERS, Ising
from facsimile.papers.mam.ising import Torus
from facsimile.papers.mam.metrics import discrete_fit, marginal_agreement


@pytest.fixture(scope="module")
def data():
    """The data set of 4 x 4 sites."""

    class Small(Ising):
        side = MEMBERS["ising_4"]["side"]
        rows = 200
        least = MEMBERS["ising_4"]["least"]

    return Small.generate(None)


def test_the_model_itself_has_a_divergence_of_0(data):
    inferred = {
        "log_q": data["log_p"],
        "sample_log_q": data["log_p"],
        "sample_log_f": data["log_p"] + data["log_z"],
    }
    scores = discrete_fit.score(SimpleNamespace(data=data, inferred=inferred))
    for name in ("kl_per_site", "kl_without_log_z", "nll"):
        assert scores[name] == pytest.approx(scores[f"{name}_theory"], abs=1e-5)
    assert scores["forward_kl"] == 0
    entropy = Torus(4, 0.1, 0.2).entropy / (16 * math.log(2))
    assert scores["nll"] == pytest.approx(entropy, abs=0.05)


def test_independent_spins_have_the_divergence_that_the_page_states():
    """The least over means m: log q - log f is -100 H(m) - 40 m² - 20 m on average."""

    def divergence(mean):
        up, down = (1 + mean) / 2, (1 - mean) / 2
        entropy = -up * math.log(up) - down * math.log(down)
        return -100 * entropy - 40 * mean**2 - 20 * mean

    least = optimize.minimize_scalar(divergence, bounds=(0.1, 0.99), method="bounded").fun
    log_z = 78.688056  # tested in test_ising.py
    assert least == pytest.approx(-76.45, abs=0.005)
    assert least + log_z == pytest.approx(2.24, abs=0.005)
    assert divergence(0) == pytest.approx(-100 * math.log(2))


def test_exact_marginals_agree_and_shifted_ones_correlate(data):
    exact = data["log_marginal"]
    inferred = {"log_marginal": exact - 2, "sum_of_conditionals": exact}
    scores = marginal_agreement.score(SimpleNamespace(data=data, inferred=inferred))
    assert scores["error_of_conditionals"] == 0
    assert scores["error"] == pytest.approx(2, abs=1e-6)
    assert scores["pearson"] == pytest.approx(1, abs=1e-6)
    assert scores["spearman"] == pytest.approx(1, abs=1e-6)
    known = {int(name.removeprefix("pearson_")) for name in scores if name.startswith("pearson_")}
    assert known == {3, 6, 10, 13, 16}


def test_queries_are_parts_of_the_samples(data):
    known = data["query"] != 0
    assert (data["query"][known] == data["x"][known]).all()
    everything = known.all(1)
    np.testing.assert_allclose(
        data["log_marginal"][everything], data["log_p"][everything], atol=1e-5
    )
