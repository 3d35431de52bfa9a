"""Binary weights in the space of fields: the gradient, tasks, and two tasks in turn."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.models.base import algorithm
from facsimile.papers.cl_statmech.metrics import replica_theory
from facsimile.papers.cl_statmech.models import _tasks
from facsimile.statistics import binary_perceptron


def ran(model, steps, size=100, seed=0):
    progress = algorithm.begin(model, size, seed)
    for _ in algorithm.advance(model, size, seed, steps, progress):
        pass
    return progress


def test_the_gradient_is_that_of_autograd():
    now = _tasks.task(7, 0, 50, 2.0, 0.0)
    fields = np.random.default_rng(0).normal(size=50)
    h = torch.tensor(fields, requires_grad=True)
    patterns, labels = torch.from_numpy(now.patterns).double(), torch.from_numpy(now.labels)
    means = h.tanh()
    t = labels * (patterns @ means) / (1 - means**2).sum().sqrt()
    loss = -torch.special.log_ndtr(t).sum()
    [exact] = torch.autograd.grad(loss, h)
    found = _tasks.gradient(fields, now.patterns, now.labels)
    np.testing.assert_allclose(found, exact.numpy(), rtol=1e-4, atol=1e-4)


def test_tasks_are_labelled_by_their_teachers_who_overlap():
    first = _tasks.task(3, 0, 1000, 0.5, 0.5)
    second = _tasks.task(3, 1, 1000, 0.8, 0.5)
    assert first.patterns.shape == (500, 1000)
    assert second.patterns.shape == (800, 1000)
    np.testing.assert_array_equal(
        first.labels, np.where(first.patterns @ first.teacher >= 0, 1, -1)
    )
    # 1,000 weights: four standard errors of the overlap.
    assert first.teacher @ second.teacher / 1000 == pytest.approx(0.5, abs=4 / np.sqrt(1000))
    assert not (first.patterns[:500] == second.patterns[:500]).all()
    again = _tasks.task.__wrapped__(3, 0, 1000, 0.5, 0.5)
    np.testing.assert_array_equal(again.patterns, first.patterns)


def test_the_first_update_of_adam_by_hand():
    """One full batch: the fields move by the rate against the gradient's sign, and decay."""
    model = models.model("field_perceptron", load=1, batch=0, rate=0.01, decay=0.5)
    progress = algorithm.begin(model, 50, 0)
    fields = progress.state["fields"]
    now = _tasks.task(int(progress.state["key"]), 0, 50, 1.0, 0.0)
    slope = _tasks.gradient(fields, now.patterns, now.labels)
    after = model.step(50, progress.state, np.random.default_rng(0))
    expected = fields - 0.01 * (np.sign(slope) + 0.5 * fields)
    np.testing.assert_allclose(after["fields"], expected, rtol=1e-6)


def test_a_strong_penalty_keeps_the_first_task_and_none_gives_it_up():
    errors = {}
    for penalty in (0, 1000):
        values = {"load": 2, "second_load": 2, "first": 150, "batch": 0, "decay": 0}
        model = models.model(
            "field_perceptron", **values, penalty=penalty, rate=0.02, second_rate=0.02
        )
        before = ran(model, 150).history[-1]
        errors[penalty] = ran(model, 400).history[-1]
        assert before["error"] < 0.25
    assert errors[0]["second_error"] < 0.25 < errors[0]["error"]
    assert errors[1000]["error"] == pytest.approx(before["error"], abs=0.05)


def test_a_resumed_run_has_the_bits_of_one_that_was_not_interrupted():
    model = models.model("field_perceptron", load=1, second_load=0.5, first=3, batch=20)
    whole = ran(model, 6)
    half = ran(model, 2)
    _tasks.task.cache_clear()
    for _ in algorithm.advance(model, 100, 0, 6, half):
        pass
    np.testing.assert_array_equal(half.state["fields"], whole.state["fields"])


def test_scores_stand_beside_the_saddle_point(monkeypatch):
    monkeypatch.setattr(binary_perceptron, "first_task", fake)
    setting = np.array([1.0, 0.0, 0.0, 1.0])
    inferred = {"errors": np.array([0.3]), "order": np.array([0.6, 0.9]), "setting": setting}
    scores = replica_theory.score(SimpleNamespace(inferred=inferred))
    assert scores["gap"] == pytest.approx(0.3 - 0.28)
    assert scores["overlap_gap"] == pytest.approx(0.6 - 0.55)
    assert scores["aligned"] == 0.28
    assert "first_error" not in scores


def fake(load, branch="uninformed", reach=None):
    return binary_perceptron.Saddle(0.8, 0.55, 0.9, (0.0, 0.0, 0.0), (0.28,))


@pytest.mark.slow
def test_three_runs_at_a_load_of_a_half_are_near_the_theory():
    """The setting of the release: the mean error, four standard errors of 3 runs."""
    model = models.model("field_perceptron", load=0.5, batch=100, rate=0.008, decay=0.1)
    errors = [ran(model, 400, 1000, seed).history[-1]["error"] for seed in range(3)]
    theory = binary_perceptron.first_task(0.5).errors[0]
    assert np.mean(errors) == pytest.approx(theory, abs=4 * 0.01 / np.sqrt(3))


def test_impossible_hyper_parameters_are_refused():
    for values, message in (
        ({"load": 0}, "load must be above 0"),
        ({"load": 1, "overlap": 2}, "overlap must be between -1 and 1"),
        ({"load": 1, "penalty": -1}, "penalty must be 0 or more"),
        ({"load": 1, "batch": 1.5}, "batch must be a whole number"),
        ({"load": 1, "rate": 0}, "rate must be above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            models.model("field_perceptron", **values)
