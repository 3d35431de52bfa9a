"""Scores of distributions whose divergence from the Ising model is known."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize

from facsimile.papers.mam.datasets.ising import MEMBERS, Ising
from facsimile.papers.mam.ising import Torus
from facsimile.papers.mam.metrics import discrete_fit, image_likelihoods, marginal_agreement


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


def test_likelihoods_of_images_are_compared_within_groups_that_are_apart():
    orders = np.array([[-10.0, -10.0, -12.0], [-20.0, -20.0, -19.0], [-40.0, -40.0, -42.0]])
    # The second completion is within 5 nats of the first and left out.
    completed = np.array([[-10.0, -13.0, -30.0], [-50.0, -20.0, -30.0]])
    outputs = SimpleNamespace(
        inferred={
            "log_marginal": np.array([-11.0, -22.0, -39.0]),
            "log_q": orders,
            "completed_log_marginal": np.array([[-12.0, 0.0, -20.0], [-30.0, -10.0, -40.0]]),
            "completed_log_q": completed[..., None].repeat(3, -1),
            "sites": np.array(10),
        }
    )
    scores = image_likelihoods.score(outputs)
    bits = 10 * np.log(2)
    assert scores["nll"] == pytest.approx(70 / 3 / bits)
    assert scores["nll_one_order"] == pytest.approx(73 / 3 / bits)
    assert scores["nll_of_marginals"] == pytest.approx(24 / bits)
    assert scores["groups"] == 2
    # Two likelihoods have a correlation of 1; three here one of 1/2 by rank.
    assert scores["spearman"] == pytest.approx((2 * 1 + 3 * 0.5) / 5)
    assert scores["pearson_one_order"] == pytest.approx(1)
