"""Denoising by fields of experts: derivatives, solvers, both methods, data and scores."""

import archives
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from facsimile import models
from facsimile.datasets import DatasetError
from facsimile.datasets.kodak import photograph
from facsimile.foundation import discover
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.maid.datasets.drawn_pictures import DrawnPictures
from facsimile.papers.maid.metrics import denoising
from facsimile.papers.maid.models import _denoising, _experts, _solvers, experts_maid

COUNT, SIZE = 3, 5


@pytest.fixture(scope="module")
def problem():
    return _experts.experts(DrawnPictures.generate(None), COUNT, SIZE)


@pytest.fixture(scope="module")
def theta():
    """Filters that matter more than the first ones do."""
    values = _experts.start(COUNT, SIZE, np.random.default_rng(0))
    values[0] = -0.5
    return torch.from_numpy(values)


def drawn(problem, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(problem.clean.shape, generator=generator, dtype=torch.float64)


def exact(problem, theta):
    """x(θ) and the hypergradient, with both solvers as exact as float64 allows."""
    begin = drawn(problem, 5)[:1]
    smoothness, _ = problem.smoothness(theta, begin)
    x, _ = _experts.fista(problem, theta, problem.noisy, 1e-11, smoothness)
    outer = problem.upper_gradient(x)
    q, _ = _experts.conjugate_gradients(problem, x, theta, outer, 1e-13)
    return x, -problem.mixed(x, theta, q)


def test_derivatives_of_the_lower_level_are_those_of_autograd(problem, theta):
    x, v = drawn(problem, 0).requires_grad_(True), drawn(problem, 1)
    leaf = theta.clone().requires_grad_(True)
    [gradient] = torch.autograd.grad(problem.energy(x, leaf), x, create_graph=True)
    point = x.detach()
    torch.testing.assert_close(problem.lower_gradient(point, theta), gradient.detach())
    product = (gradient * v).sum()
    [hessian] = torch.autograd.grad(product, x, retain_graph=True)
    curvatures = problem.curvatures(point, theta)
    torch.testing.assert_close(problem.hessian(curvatures, theta, v), hessian)
    [mixed] = torch.autograd.grad(product, leaf)
    torch.testing.assert_close(problem.mixed(point, theta, v), mixed)


def test_the_hypergradient_is_the_slope_of_the_upper_level(problem, theta):
    _, gradient = exact(problem, theta)
    generator = torch.Generator().manual_seed(2)
    direction = torch.randn(theta.shape, generator=generator, dtype=torch.float64)
    step = 1e-5
    ends = [problem.upper(exact(problem, theta + sign * step * direction)[0]) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert float(gradient @ direction) == pytest.approx(slope, rel=1e-5)


def test_no_curvature_is_larger_than_the_smoothness(problem, theta):
    begin = drawn(problem, 5)[:1]
    smoothness, vector = problem.smoothness(theta, begin)
    for _ in range(5):
        smoothness, vector = problem.smoothness(theta, vector)
    flat = torch.zeros_like(problem.clean)
    v = drawn(problem, 3)
    for _ in range(100):
        v = problem.hessian(problem.curvatures(flat, theta), theta, v)
        largest = float(v.norm())
        v = v / largest
    assert 1 < largest <= smoothness < 1.2 * largest


def test_without_experts_the_pictures_stay_noisy(problem, theta):
    without = theta.clone()
    without[0] = -60.0
    begin = drawn(problem, 5)[:1]
    smoothness, _ = problem.smoothness(without, begin)
    x, _ = _experts.fista(problem, without, drawn(problem, 4), 1e-9, smoothness)
    torch.testing.assert_close(x, problem.noisy)


def test_solvers_end_at_their_accuracy(problem, theta):
    begin = drawn(problem, 5)[:1]
    smoothness, _ = problem.smoothness(theta, begin)
    counts = []
    for accuracy in (1e-1, 1e-4):
        x, count = _experts.fista(problem, theta, problem.noisy, accuracy, smoothness)
        assert float(problem.lower_gradient(x, theta).norm()) <= accuracy
        counts.append(count)
    assert counts[0] < counts[1] < _solvers.MOST_ITERATIONS
    right = problem.upper_gradient(x)
    q, count = _experts.conjugate_gradients(problem, x, theta, right, 1e-8)
    left = problem.hessian(problem.curvatures(x, theta), theta, q) - right
    assert float(left.norm()) <= 1.001e-8
    assert 0 < count < _solvers.MOST_ITERATIONS


@pytest.mark.parametrize("accuracy", [1e-1, 1e-2, 1e-3])
def test_the_estimated_bound_holds_here(problem, theta, accuracy):
    model = models.model("experts_maid", filters=COUNT, size=SIZE, accuracy=accuracy)
    state = model.start(problem, None) | {"theta": theta.numpy()}
    x = _denoising.solved(problem, state, theta, torch.from_numpy(state["x"]), accuracy)
    here = _denoising.hypergradient(problem, state, x, accuracy)
    error = float((here.p - exact(problem, theta)[1]).norm())
    assert error <= experts_maid.bound(problem, theta, here, accuracy, accuracy)


def run(name, problem, steps, **values):
    model = models.model(name, filters=COUNT, size=SIZE, **values)
    states = [model.start(problem, None)]
    for _ in range(steps):
        states.append(model.step(problem, states[-1], None))
    return model, states


def test_each_step_of_maid_lowers_the_exact_loss(problem):
    _, states = run("experts_maid", problem, 8)
    losses = [problem.upper(exact(problem, torch.from_numpy(s["theta"]))[0]) for s in states]
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < losses[0]


def test_methods_begin_alike_and_count_their_work(problem):
    first = {}
    for name in ("experts_maid", "experts_hoag"):
        model, states = run(name, problem, 2)
        assert [_denoising.work(s) for s in states] == sorted({_denoising.work(s) for s in states})
        first[name] = model.record(problem, states[0])
    assert first["experts_maid"] == first["experts_hoag"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [(0, (0.1, 0.09, 0.081)), (2, (0.1, 0.025, 0.1 / 9)), (3, (0.1, 0.0125, 0.1 / 27))],
)
def test_accuracies_of_hoag_follow_their_schedule(problem, schedule, expected):
    _, states = run("experts_hoag", problem, 2, schedule=schedule)
    assert [float(s["epsilon"]) for s in states] == pytest.approx(expected)


def test_hoag_begins_with_a_step_of_length_1_and_undoes_a_bad_one(problem):
    _, (before, after) = run("experts_hoag", problem, 1)
    assert np.linalg.norm(after["theta"] - before["theta"]) == pytest.approx(1)
    model = models.model("experts_hoag", filters=COUNT, size=SIZE)
    far = model.step(problem, before | {"steepness": np.array(1e-3)}, None)
    np.testing.assert_array_equal(far["theta"], before["theta"])
    assert float(far["steepness"]) == 2e-3


def test_a_run_ends_as_its_budget_is_spent(problem):
    model = models.model("experts_maid", filters=COUNT, size=SIZE, budget=1)
    assert model.is_finished(problem, model.start(problem, None))
    large = models.model("experts_maid", filters=COUNT, size=SIZE, budget=1000)
    assert not large.is_finished(problem, large.start(problem, None))


def test_scores_of_a_known_history():
    history = pd.DataFrame(
        {
            "step": [0, 1, 2],
            "loss": [8.0, 4.0, 1.0],
            "psnr": [20.0, 21.0, 22.0],
            "work": [10.0, 100.0, 10_000.0],
        }
    )
    clean = np.zeros((2, 4, 4), np.float32)
    data = {"clean": clean, "noisy": clean + np.float32(0.1)}
    outputs = RunOutputs("experts_maid", {}, {}, history, data, None, None, (1, 0), 0)
    scores = denoising.score(outputs)
    assert (scores["loss"], scores["first_loss"], scores["loss_100"]) == (1, 8, pytest.approx(4))
    # Halfway between 100 and 10,000 in logarithms.
    assert scores["loss_1000"] == pytest.approx(2)
    assert scores["noisy_psnr"] == pytest.approx(20, abs=1e-5)
    assert "loss_30000" not in scores


def test_pictures_are_scaled_before_they_are_grey(tmp_path):
    whole = discover.load_class("datasets", "kodak_32", object)
    data_class, source = archives.small(whole, tmp_path)
    rows = data_class.generate(source)
    assert rows["clean"].shape == (8, 32, 32)
    with Image.open(tmp_path / "kodim05.png") as file:
        picture = file.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR).convert("L")
    np.testing.assert_allclose(rows["clean"][0], np.asarray(picture) / 255, atol=1e-6)
    noise = rows["noisy"] - rows["clean"]
    assert noise.std() == pytest.approx(0.1, rel=0.05)
    larger = discover.load_class("datasets", "kodak_256", object)
    assert larger.shapes["noisy"] == (256, 256)


def test_upright_photographs_are_turned(tmp_path):
    whole = discover.load_class("datasets", "kodak", object)
    data_class, source = archives.small(whole, tmp_path)
    rows = data_class.generate(source)
    assert rows["turned"].tolist() == [0, 1] * (data_class.rows // 2)
    with Image.open(tmp_path / "kodim02.png") as file:
        upright = np.asarray(file.convert("RGB"))
    np.testing.assert_array_equal(rows["images"][1], np.rot90(upright))


def test_a_file_that_is_no_photograph_is_refused(tmp_path):
    path = tmp_path / "kodim01.png"
    path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"kodim01.png: not a picture; download it again"):
        photograph(path)
    Image.new("RGB", (768, 511)).save(path)
    with pytest.raises(DatasetError, match="768 × 511 pixels instead of 768 × 512"):
        photograph(path)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("experts_maid", {"accuracy": 0}, "accuracy must be above 0"),
        ("experts_maid", {"filters": 0.5}, "filters must be a whole number from 1"),
        ("experts_hoag", {"size": 4}, "size must be odd and 5 or more"),
        ("experts_hoag", {"schedule": 1}, "schedule must be 0, 2 or 3"),
    ],
)
def test_impossible_hyper_parameters_are_refused(name, values, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **values)
