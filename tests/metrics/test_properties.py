"""Properties of metrics for any codes and factors; hypothesis looks for counterexamples.

The first half tests every file of metrics/; the second tests more properties of the metrics that
the study reports, for which theory predicts more. A metric that cannot have one of the general
properties is listed here with the reason.
"""

import dataclasses
from typing import Any

import numpy as np
import pytest
from every_metric import NAMES, named
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from facsimile import metrics
from facsimile.foundation import discover
from facsimile.metrics import sap
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.cases import Grid

POINTS = (120, 60)
# Without shrinking: a failure shows latents of three factors at most, and shrinking takes minutes.
SOME = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
MANY = settings(SOME, max_examples=15)

# Not the same for latents in another order, and why.
TIES = "trees cut the first of the latents that tie, and points that they never saw fall elsewhere"
ORDERED: dict[str, str] = {
    "citris": "networks begin at weights drawn by position",
    "downstream": TIES,
    "elbo": "one z is drawn, latent by latent: another order is another draw",
    "elbo_decomposition": "one z is drawn, latent by latent: another order is another draw",
    "frechet_distance": "one z is drawn, latent by latent: another order is another draw",
    "strong_generalisation": TIES,
}


@dataclasses.dataclass(frozen=True)
class Latents:
    """A grid of factors and codes on it, with a readable representation in hypothesis's reports."""

    sizes: tuple[int, ...]
    width: int
    seed: int
    noise: float

    @property
    def factors(self) -> np.ndarray:
        return np.stack(np.unravel_index(np.arange(np.prod(self.sizes)), self.sizes), axis=1)

    @property
    def codes(self) -> np.ndarray:
        """Random mixtures of the factors, bent, with noise: no two values alike."""
        rng = np.random.default_rng(self.seed)
        mixed = np.tanh(
            (self.factors - self.factors.mean(0)) @ rng.normal(size=(len(self.sizes), self.width))
        )
        return (mixed + self.noise * rng.standard_normal(mixed.shape)).astype(np.float32)


LATENTS = st.builds(
    Latents,
    sizes=st.lists(st.integers(2, 4), min_size=2, max_size=3).map(tuple),
    width=st.integers(1, 5),
    seed=st.integers(0, 2**16),
    noise=st.sampled_from([0.1, 0.5, 3.0]),
)
WIDER = LATENTS.filter(lambda latents: latents.width > 1)


def odd(latents: Latents, kind: str) -> np.ndarray:
    """Difficult codes: with few values, constant, copied, tiny, huge, or with an outlier."""
    codes = latents.codes
    if kind == "few values":
        return np.round(codes)
    if kind == "constant":
        codes[:, 0] = 0.3
    if kind == "all constant":
        codes[:] = -2
    if kind == "copied":
        codes = np.repeat(codes, 2, axis=1)
    if kind == "outlier":
        codes[0] = 1e4
    return codes * np.float32({"tiny": 2**-20, "huge": 2**20}.get(kind, 1))


KINDS = st.sampled_from(
    ["few values", "constant", "all constant", "copied", "outlier", "tiny", "huge", "plain"]
)


def scored(
    name: str, codes: Any, factors: Any, with_model: Any = None, convention: str = "dlib"
) -> dict[str, float]:
    """All scores of a metric."""
    options = (
        {field.name: getattr(with_model, field.name) for field in dataclasses.fields(with_model)}
        if with_model
        else {}
    )
    n_train, n_test = POINTS
    points = {"n_train": n_train, "n_test": n_test, "sampling": "replacement"}
    table = metrics.score(codes, factors, [name], convention, **points, **options)
    return dict(zip(table["score"], table["value"], strict=True))


def headline(name: str, *arguments: Any) -> float:
    return scored(name, *arguments)[discover.module("metrics", name).HEADLINE]


def model(latents: Latents, codes: np.ndarray) -> base_draws.ModelOutputs:
    """All model outputs that a metric may need besides codes."""
    return Grid(latents.sizes).outputs(codes)


# Every metric -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@SOME
@example(latents=Latents((2, 2), 1, 1, 3.0), kind="few values")
@example(latents=Latents((2, 2), 2, 0, 0.1), kind="constant")
@given(latents=LATENTS, kind=KINDS)
def test_scores_are_finite_and_the_headline_is_in_its_range(name, latents, kind):
    codes, metric = odd(latents, kind), discover.module("metrics", name)
    scores = scored(name, codes, latents.factors, model(latents, codes))
    assert all(np.isfinite(value) for value in scores.values()), scores
    assert metric.RANGE[0] <= scores[metric.HEADLINE] <= metric.RANGE[1]


@pytest.mark.parametrize("name", NAMES)
@SOME
@given(latents=WIDER, data=st.data())
def test_the_order_of_latents_does_not_matter(name, latents, data):
    if name in ORDERED:
        pytest.skip(ORDERED[name])
    order = data.draw(st.permutations(range(latents.width)))
    one, other = (
        headline(name, c, latents.factors, model(latents, c))
        for c in (latents.codes, latents.codes[:, order])
    )
    assert one == pytest.approx(other, abs=TOLERANCE.get(name, 1e-5), rel=1e-5)


# Trees cut the first of the features that tie, and with so few points many do; solvers stop near
# the optimum, not at it.
TOLERANCE = {"dci": 0.05}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@SOME
@given(latents=LATENTS, seed=st.integers(0, 2**16))
def test_the_order_of_rows_does_not_matter(name, latents, seed):
    """A grid is recognised by its factors, in any order of rows."""
    codes, rows = latents.codes, np.random.default_rng(seed).permutation(len(latents.factors))
    whole = model(latents, codes)
    moved = dataclasses.replace(
        whole,
        log_variances=whole.log_variances[rows],
        images=whole.images[rows],
        peers=[(mean[rows], spread[rows]) for mean, spread in whole.peers],
    )
    one, other = (
        scored(name, codes, latents.factors, whole),
        scored(name, codes[rows], latents.factors[rows], moved),
    )
    assert one == pytest.approx(other, abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
@SOME
@given(latents=LATENTS, value=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]), data=st.data())
def test_codes_that_are_not_finite_raise(name, latents, value, data):
    codes = latents.codes.astype(np.float64)
    whole = model(latents, latents.codes)
    row, column = (
        data.draw(st.integers(0, len(codes) - 1)),
        data.draw(st.integers(0, latents.width - 1)),
    )
    codes[row, column] = value
    with pytest.raises(
        ValueError, match=rf"codes: 1 values are not finite .*row {row}, column {column}"
    ):
        scored(name, codes, latents.factors, whole)


@pytest.mark.parametrize("name", NAMES)
def test_missing_inputs_are_named(name):
    latents, with_model = (
        Latents((3, 4), 3, 0, 0.1),
        {field.name for field in dataclasses.fields(base_draws.ModelOutputs)},
    )
    if needs := with_model & set(discover.module("metrics", name).NEEDS):
        with pytest.raises(ValueError, match=f"{name} needs ({'|'.join(needs)}):"):
            scored(name, latents.codes, latents.factors)
    else:
        assert scored(name, latents.codes, latents.factors)


# Errors before any metric is computed -------------------------------------------


@MANY
@given(latents=LATENTS, lost=st.integers(1, 3), where=st.sampled_from(["codes", "factors"]))
def test_different_numbers_of_rows_raise(latents, lost, where):
    codes, factors = latents.codes, latents.factors
    pair = (codes[:-lost], factors) if where == "codes" else (codes, factors[:-lost])
    with pytest.raises(ValueError, match=r"codes have \d+ rows and factors \d+"):
        metrics.score(*pair, metrics=["mig"])
    with pytest.raises(ValueError, match=r"train codes have \d+ rows and factors \d+"):
        metrics.score_draws(pair, (codes, factors), metrics=["mig"])


@MANY
@given(shape=st.sampled_from([(0, 0), (0, 3), (6, 0), (6,), (6, 2, 1), ()]), which=st.booleans())
def test_empty_arrays_and_wrong_shapes_raise(shape, which):
    good, bad = np.indices((2, 3)).reshape(2, -1).T, np.zeros(shape, np.int64)
    with pytest.raises(ValueError, match=r"must be \[N, [dk]\] and not empty"):
        metrics.score(*((good, bad) if which else (bad, good)), metrics=["mig"])


@MANY
@given(latents=LATENTS, value=st.sampled_from([np.nan, np.inf]), data=st.data())
def test_model_outputs_that_are_not_finite_raise(latents, value, data):
    whole = model(latents, latents.codes)
    broken = np.array(whole.log_variances)
    broken[data.draw(st.integers(0, len(broken) - 1)), 0] = value
    with pytest.raises(ValueError, match="log_variances: 1 values are not finite"):
        metrics.score(latents.codes, latents.factors, ["mig"], log_variances=broken)
    with pytest.raises(ValueError, match=r"peers\[0\] log-variances: 1 values are not finite"):
        metrics.score(latents.codes, latents.factors, ["mig"], peers=[(latents.codes, broken)])


# What theory says of the study's metrics ----------------------------------------------

# Scores that do not change to the last bit if each latent, or all at once, is scaled by a power of
# two.
SCALE_FREE = {
    "mig": ["mig"],
    "modularity": ["modularity"],
    "dci": ["disentanglement", "completeness", "informativeness_test"],
    "factor_vae_score": ["factor_vae_score"],
    "explicitness": ["explicitness_test"],
}
SCALE_FREE_TOGETHER = SCALE_FREE | {
    "irs": ["irs"],  # weighs latents by their largest deviation
    "unsupervised": [
        "gaussian_total_correlation",
        "gaussian_wasserstein_correlation_norm",
        "mutual_info_score",
    ],
}


@pytest.mark.parametrize("name", named(SCALE_FREE))
@SOME
@given(latents=LATENTS, data=st.data())
def test_the_scale_of_each_latent_does_not_matter(name, latents, data):
    scales = 2.0 ** np.array(
        data.draw(st.lists(st.integers(0, 5), min_size=latents.width, max_size=latents.width))
    )
    one, other = (
        scored(name, codes, latents.factors) for codes in (latents.codes, latents.codes * scales)
    )
    for score in SCALE_FREE[name]:
        assert one[score] == pytest.approx(other[score], abs=1e-6)


@pytest.mark.parametrize("name", named(SCALE_FREE_TOGETHER))
@SOME
@given(latents=LATENTS, power=st.integers(1, 6))
def test_the_scale_of_all_latents_does_not_matter(name, latents, power):
    one, other = (scored(name, latents.codes * scale, latents.factors) for scale in (1, 2**power))
    for score in SCALE_FREE_TOGETHER[name]:
        assert one[score] == pytest.approx(other[score], abs=1e-6)


@MANY
@given(latents=WIDER, power=st.integers(1, 6))
def test_wasserstein_correlation_grows_with_the_variance(latents, power):
    one, other = (
        scored("unsupervised", latents.codes * scale, latents.factors) for scale in (1, 2**power)
    )
    score = "gaussian_wasserstein_correlation"
    assert other[score] == pytest.approx(4**power * one[score], rel=1e-6, abs=1e-9)


# Mirrored, a bin is open on its other side and a tree cuts on the other side of a gap: only
# extremes of latents are at an edge here; test points between two training points move by one cut.
MIRRORED = {"dci": 0.1, "explicitness": 1e-3, "sap": 0.03, "beta_vae_score": 0.02}


@pytest.mark.parametrize("name", named(metrics.STUDY))
@SOME
@given(latents=LATENTS, data=st.data())
def test_signs_do_not_matter(name, latents, data):
    signs = data.draw(
        st.lists(st.sampled_from([-1, 1]), min_size=latents.width, max_size=latents.width)
    )
    one, other = (
        headline(name, codes, latents.factors)
        for codes in (latents.codes, latents.codes * np.float32(signs))
    )
    assert one == pytest.approx(other, abs=MIRRORED.get(name, 1e-6))


# Boosted trees process the classes of a stage one after another (scikit-learn 0.20), and
# predictions of many classes break ties by number.
RENAMED = {"dci": 0.15, "sap": 0.03}


@pytest.mark.parametrize("name", named(metrics.STUDY))
@SOME
@given(latents=LATENTS, seed=st.integers(0, 2**16))
def test_the_names_of_factor_values_do_not_matter(name, latents, seed):
    """A row is left out, so that points are drawn by row and not by value."""
    rng = np.random.default_rng(seed)
    codes, factors = (
        np.repeat(latents.codes, 2, axis=0)[1:],
        np.repeat(latents.factors, 2, axis=0)[1:],
    )
    renamed = np.stack(
        [
            rng.permutation(size)[column]
            for size, column in zip(latents.sizes, factors.T, strict=True)
        ],
        axis=1,
    )
    assert headline(name, codes, factors) == pytest.approx(
        headline(name, codes, renamed), abs=RENAMED.get(name, 1e-6)
    )


def with_constant(latents: Latents) -> np.ndarray:
    return np.c_[latents.codes, np.full(len(latents.factors), 0.7, np.float32)]


@pytest.mark.parametrize(
    "name", named(["mig", "irs", "factor_vae_score", "beta_vae_score", "explicitness"])
)
@SOME
@given(latents=LATENTS)
def test_a_constant_latent_changes_nothing(name, latents):
    one, other = (
        headline(name, codes, latents.factors) for codes in (latents.codes, with_constant(latents))
    )
    assert one == pytest.approx(other, abs=1e-6)


@SOME
@given(latents=WIDER)
def test_a_constant_latent_adds_one_to_the_base_of_completeness(latents):
    """D stays; C is 1 - H / log d, and d is one more."""
    one, other = (
        scored("dci", codes, latents.factors) for codes in (latents.codes, with_constant(latents))
    )
    assert other["disentanglement"] == pytest.approx(one["disentanglement"], abs=1e-6)
    entropies = [
        (1 - scores["completeness"]) * np.log(width)
        for scores, width in ((one, latents.width), (other, latents.width + 1))
    ]
    assert entropies[0] == pytest.approx(entropies[1], abs=1e-6)


@pytest.mark.slow
@MANY
@given(latents=LATENTS)
def test_a_constant_latent_counts_as_not_modular_unless_corrected(latents):
    one, other = (
        headline("modularity", codes, latents.factors)
        for codes in (latents.codes, with_constant(latents))
    )
    assert other == pytest.approx(one * latents.width / (latents.width + 1), abs=1e-9)
    corrected = scored("modularity", with_constant(latents), latents.factors, None, "corrected")[
        "modularity"
    ]
    assert corrected == pytest.approx(one, abs=1e-9)


@MANY
@given(latents=WIDER)
def test_a_constant_latent_is_independent_of_the_others(latents):
    one, other = (
        scored("unsupervised", codes, latents.factors)
        for codes in (latents.codes, with_constant(latents))
    )
    for score in ("gaussian_total_correlation", "gaussian_wasserstein_correlation"):
        assert other[score] == pytest.approx(one[score], abs=1e-6)
    pairs = latents.width * (latents.width - 1), latents.width * (latents.width + 1)
    assert other["mutual_info_score"] * pairs[1] == pytest.approx(
        one["mutual_info_score"] * pairs[0], abs=1e-9
    )


@SOME
@given(latents=LATENTS)
def test_a_constant_latent_predicts_one_class_of_each_factor(latents):
    codes = with_constant(latents)
    draws = base_draws.from_table(codes, latents.factors, *POINTS, seed=0)
    scores = sap.matrix(draws)
    np.testing.assert_allclose(
        scores[:-1],
        sap.matrix(base_draws.from_table(latents.codes, latents.factors, *POINTS, seed=0)),
    )
    shares = [
        np.bincount(column, minlength=size) / POINTS[1]
        for column, size in zip(draws.test.factors.T, latents.sizes, strict=True)
    ]
    assert all(value in share for value, share in zip(scores[-1], shares, strict=True))


@SOME
@given(latents=LATENTS)
def test_active_dimensions_are_counted_where_corrected(latents):
    for name in ("factor_vae_score", "irs"):
        scores = scored(name, with_constant(latents), latents.factors, None, "corrected")
        assert scores["active_dimensions"] == latents.width
