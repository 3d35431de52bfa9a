"""Divergences and bottlenecks against closed forms and values of the released code."""

import math

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.cs_ib.metrics import divergence_descent as descent_metric
from facsimile.papers.cs_ib.metrics import information_plane
from facsimile.papers.cs_ib.models import _kernels
from facsimile.papers.cs_ib.models.divergence_descent import MeanKernel, points_of
from facsimile.papers.cs_ib.models.nonlinear_bottleneck import pairwise_bound

MEANS = torch.tensor([[-4.0, -4.0], [4.0, 4.0]])


@pytest.fixture
def released():
    """The inputs of which the released functions give the values below, float64."""
    torch.manual_seed(0)
    x = torch.randn(64, 8, dtype=torch.float64)
    codes = x @ torch.randn(8, 5, dtype=torch.float64) * 0.3
    y = torch.randn(64, dtype=torch.float64) * 0.5
    predicted = y + 0.3 * torch.randn(64, dtype=torch.float64)
    return x, codes, y, predicted


def test_values_are_those_of_the_released_functions(released):
    """loss_cs.py of the authors' repository at 252f86b, run on these inputs in float64."""
    x, codes, y, predicted = released
    columns = y[:, None], predicted[:, None]
    # CS_Div of vectors, of columns, and CS_QMI_normalized, all with sigma = 1.
    assert _kernels.collapsed_divergence(y, predicted).item() == pytest.approx(8.648547291212157)
    on_columns = _kernels.conditional_divergence(x, *columns, squares_within=True)
    assert on_columns.item() / math.log(2) == pytest.approx(0.08756095460465207, rel=1e-10)
    information = _kernels.normalised_information(x, codes).item()
    assert information == pytest.approx(0.901849532248192, rel=1e-10)


@pytest.mark.slow
def test_the_divergence_of_vectors_is_a_sum_of_squared_errors(released):
    """With |y|² of the whole batch in place of each target's, K of y is 1 everywhere."""
    x, _, y, predicted = released
    kernel = _kernels.gaussian_kernel(x, x)
    predicted.requires_grad_()

    def with_vectors(first, second):
        return torch.exp(-(first @ first + second @ second - 2 * first @ second) / 2)

    logarithms = []
    for first, second in ((predicted, y), (y, y), (predicted, predicted)):
        joint = kernel * with_vectors(first, second)
        logarithms.append((joint.sum(1) / kernel.square().sum(1)).sum().log2())
    literal = logarithms[1] + logarithms[2] - 2 * logarithms[0]
    collapsed = _kernels.collapsed_divergence(y, predicted)
    assert literal.item() == pytest.approx(collapsed.item(), rel=1e-12)
    gradients = [torch.autograd.grad(value, predicted)[0] for value in (literal, collapsed)]
    torch.testing.assert_close(*gradients)
    # The model's default is this sum.
    model = models.model("cs_bottleneck", beta=0)
    assert model._error(x, y, predicted).item() == collapsed.item()


@pytest.mark.slow
def test_divergence_of_gaussian_samples_has_its_closed_form():
    """D_CS of N(0, 1.5²) and N(1, 1.5²), each smoothed: |Δ|² / (2 (1.5² + 1/2))."""
    drawn = torch.Generator().manual_seed(0)
    first, second = torch.randn((2, 4000, 1), generator=drawn, dtype=torch.float64) * 1.5
    kernels = [(first, first), (second + 1, second + 1), (first, second + 1)]
    value = _kernels.divergence(*(_kernels.gaussian_kernel(*pair) for pair in kernels))
    assert value.item() == pytest.approx(1 / (2 * (1.5**2 + 0.5)), rel=0.08)
    same = _kernels.gaussian_kernel(first, first)
    assert _kernels.divergence(same, same, same).item() == pytest.approx(0, abs=1e-12)
    assert _kernels.squared_mmd(same, same, same).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("squares_within", [False, True])
def test_shifting_targets_and_predictions_changes_nothing(released, squares_within):
    x, _, y, predicted = released
    values = []
    for shift in (0.0, 7.0):
        columns = y[:, None] + shift, predicted[:, None] + shift
        divergence = _kernels.conditional_divergence(x, *columns, squares_within=squares_within)
        values.append(divergence.item())
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    equal = _kernels.conditional_divergence(x, y[:, None], y[:, None], squares_within)
    assert equal.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_information_of_independent_variables_vanishes_with_the_number_of_points():
    drawn = torch.Generator().manual_seed(0)
    values = []
    for n in (200, 3200):
        first, second = torch.randn((2, n, 2), generator=drawn, dtype=torch.float64)
        kernels = [_kernels.gaussian_kernel(points, points) for points in (first, second)]
        values.append(_kernels.quadratic_information(*kernels).item())
    assert 0 < values[1] < values[0] / 8
    assert _kernels.normalised_information(first, first).item() == pytest.approx(1)


def test_the_pairwise_bound_is_0_for_equal_means_and_log_n_for_distant_ones():
    log_variance = torch.tensor(-1.0)
    equal = pairwise_bound(torch.ones(16, 3), log_variance)
    assert equal.item() == pytest.approx(0, abs=1e-6)
    distant = pairwise_bound(100 * torch.eye(16), log_variance)
    assert distant.item() == pytest.approx(math.log(16), rel=1e-6)


def test_the_gradient_of_the_mean_kernel_is_that_of_autograd():
    drawn = torch.Generator().manual_seed(0)
    first = torch.randn((7, 2), generator=drawn, dtype=torch.float64, requires_grad=True)
    second = torch.randn((5, 2), generator=drawn, dtype=torch.float64, requires_grad=True)
    expected = _kernels.gaussian_kernel(first, second).mean()
    torch.testing.assert_close(MeanKernel.apply(first, second), expected)
    assert torch.autograd.gradcheck(MeanKernel.apply, (first, second))
    assert torch.autograd.gradcheck(lambda points: MeanKernel.apply(points, points), (first,))


def test_expected_kernels_are_the_mean_over_draws_of_the_points():
    model = models.model("divergence_descent", rate=20)
    values = []
    for seed in range(60):
        networks = model.networks({"mean": (2,)}, 2, "own")
        model.initialise(networks, seed)
        fixed, free, cross = points_of(networks).kernels(MEANS)
        values.append([fixed.item(), free.item(), cross.item()])
    mean, error = np.mean(values, 0), np.std(values, 0) / math.sqrt(len(values))
    theory = descent_metric._expected(MEANS.numpy().astype(np.float64))
    discrepancy = mean[0] + mean[1] - 2 * mean[2]
    assert abs(discrepancy - theory["squared_mmd_0_theory"]) < 4 * np.hypot(*error[:2])
    divergence = math.log(mean[0]) + math.log(mean[1]) - 2 * math.log(mean[2])
    relative = 2 * error[2] / mean[2]
    assert abs(divergence - theory["cs_divergence_0_theory"]) < 4 * relative
    assert relative < 0.2, "too noisy for a conclusion"


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("cs_bottleneck", {"beta": -1}, "beta must be 0 or more"),
        ("cs_bottleneck", {"beta": 0, "error": 3}, "error must be 0, 1 or 2"),
        ("nonlinear_bottleneck", {"beta": 0, "function": 3}, "function must be 0, 1 or 2"),
        ("divergence_descent", {"rate": 0}, "rate must be above 0"),
    ],
)
def test_impossible_hyper_parameters_are_refused(name, wrong, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **wrong)


def test_information_about_the_target_is_that_of_its_formula():
    """The best prediction of y = f + e reaches the information of e, on every part."""
    random = np.random.default_rng(0)
    f, noise = random.normal(size=(2, 500)) * [[2.0], [0.5]]
    parts = np.repeat([0, 1, 2], [260, 120, 120])
    outputs = RunOutputs(
        model="cs_bottleneck",
        params={},
        inferred={"prediction": f, "information": np.array([0.25, 0.75])},
        history=None,
        data={"y": f + noise, "part": parts, "noise": noise},
        images=None,
        grid=None,
        n_points=(500, 0),
        seed=0,
    )
    scores = information_plane.score(outputs)
    assert scores["i_xt"] == 0.5
    variance = (f + noise)[:260].var(ddof=1)
    # 260 rows are two batches of 128 and one of 4.
    blocks = [noise[:128], noise[128:256], noise[256:260]]
    by_hand = np.mean([0.5 * np.log2(variance / np.mean(block**2)) for block in blocks])
    assert scores["i_ty_training"] == pytest.approx(by_hand)
    for part in ("training", "held_out", "test"):
        assert scores[f"i_ty_{part}"] == pytest.approx(scores[f"i_ty_{part}_theory"])
    assert scores["rmse_test"] == pytest.approx(math.sqrt((noise[380:] ** 2).mean()))
