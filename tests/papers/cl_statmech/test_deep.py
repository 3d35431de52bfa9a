"""Deep networks with binary weights: moments, gradients, penalties, tasks, and their scores."""

import itertools

import archives
import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from facsimile import models
from facsimile.foundation import discover
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.cl_statmech.metrics import task_accuracy
from facsimile.papers.cl_statmech.models import _binary_layers as layers
from facsimile.papers.cl_statmech.models._image_tasks import image_tasks

SIZES = ((6, 5), (4, 6), (10, 4))  # outputs and inputs of each layer
ROWS, BETA = 3, 0.7


def draws(seed=0):
    return np.random.default_rng(seed)


def fields():
    random = draws(1)
    return [random.standard_normal(size, np.float32) for size in SIZES]


def small(**values):
    settings = {"tasks": 2, "epochs": 1, "width": 8} | values
    return models.model("deep_binary_network", **settings)


def data(tasks=1):
    """Eighty images of 784 pixels per task, half of them held out."""
    random = draws(2)
    count = 80 * tasks
    return {
        "images": random.integers(0, 256, (count, 784)).astype(np.uint8),
        "labels": np.arange(count) % 10,
        "task": np.repeat(np.arange(tasks), 80),
        "held_out": np.tile(np.repeat((0, 1), (70, 10)), tasks),
    }


def run(model, rows, epochs):
    problem = model.problem(rows)
    state = model.start(problem, draws())
    for epoch in range(epochs):
        state = model.step(problem, state, draws(10 + epoch))
    return state


def test_moments_are_those_of_all_binary_weights():
    theta, inputs = fields()[0][:1], draws(3).random(5)
    [moments] = layers.moments([theta], BETA)
    mean = square = total = 0.0
    for signs in itertools.product((-1, 1), repeat=5):
        weights = np.array(signs)
        probability = np.prod((1 + weights * np.tanh(BETA * theta[0])) / 2)
        value = weights @ inputs / np.sqrt(5)
        total += probability
        mean += probability * value
        square += probability * value**2
    assert total == pytest.approx(1, abs=1e-6)
    assert moments.mean[0] @ inputs / np.sqrt(5) == pytest.approx(mean, abs=1e-6)
    variance = moments.variance[0] @ inputs**2 / 5
    assert variance == pytest.approx(square - mean**2, abs=1e-6)


def test_a_pass_has_the_moments_of_its_pre_activations():
    inputs = np.tile(draws(3).random(5, np.float32), (40_000, 1))
    moments = layers.moments(fields()[:1], BETA)
    [drawn] = layers.forward(moments, inputs, draws())
    expected = inputs[0] @ moments[0].mean.T / np.sqrt(5)
    np.testing.assert_allclose(drawn.values.mean(0), expected, atol=0.02)
    variance = inputs[0] ** 2 @ moments[0].variance.T / 5
    np.testing.assert_allclose(drawn.values.var(0), variance, rtol=0.05)


def test_gradients_are_those_of_autograd():
    theta = fields()
    inputs = draws(4).random((ROWS, 5), np.float32)
    labels = np.array([1, 0, 9])
    passes = layers.forward(layers.moments(theta, BETA), inputs, draws())
    ours = layers.gradients(layers.moments(theta, BETA), passes, labels, BETA)
    leaves = [torch.tensor(values, requires_grad=True) for values in theta]
    value = torch.tensor(inputs)
    for number, leaf in enumerate(leaves):
        if number:
            value = value.relu()
        mean = torch.tanh(BETA * leaf)
        size = value.shape[1]
        deviation = (value**2 @ (1 - mean**2).T / size + 1e-30).sqrt()
        noise = torch.tensor(passes[number].noise)
        value = value @ mean.T / size**0.5 + deviation * noise
    loss = functional.cross_entropy(value, torch.tensor(labels), reduction="sum")
    for gradient, leaf in zip(ours, torch.autograd.grad(loss, leaves), strict=True):
        np.testing.assert_allclose(gradient, leaf.numpy(), rtol=2e-4, atol=1e-6)


def test_the_penalty_is_the_gradient_of_the_divergence_of_coins():
    theta = torch.tensor([0.3, -1.2, 0.9], dtype=torch.float64, requires_grad=True)
    last = torch.tensor([0.5, -0.1, -0.4], dtype=torch.float64)
    divergence = 0.0
    for sign in (-1, 1):
        here = torch.sigmoid(2 * BETA * sign * theta)
        divergence += (here * (here / torch.sigmoid(2 * BETA * sign * last)).log()).sum()
    [gradient] = torch.autograd.grad(divergence, theta)
    expected = BETA**2 * (1 - torch.tanh(BETA * theta) ** 2) * (theta - last)
    torch.testing.assert_close(gradient, expected)


def test_one_batch_moves_fields_by_the_rate_against_the_gradient():
    """Adam's first step is the rate, where the gradient is not nearly zero."""
    model = small(rate=0.25)
    problem = model.problem(data())
    before = model.start(problem, draws())
    after = model.step(problem, before, draws(10))
    moved = np.abs(after["theta_2"] - before["theta_2"])
    np.testing.assert_allclose(np.median(moved), 0.25, rtol=1e-3)
    assert moved.max() <= 0.25 * 1.001
    assert int(after["updates"]) == 1


def test_penalties_differ_from_none_where_they_should():
    """The text's from the second task on, the release's from the second batch on."""
    states = {}
    for name, values in (("none", {"penalty": 0}), ("text", {}), ("code", {"previous": 1})):
        model = small(epochs=2, **values)
        states[name] = [run(model, data(), epochs)["theta_1"] for epochs in (1, 2, 3, 4)]
    # One batch per epoch.
    assert np.array_equal(states["text"][1], states["none"][1])
    assert np.array_equal(states["code"][0], states["none"][0])
    assert not np.array_equal(states["code"][1], states["none"][1])
    # At its first batch, the second task's fields are those that they are held to.
    assert np.array_equal(states["text"][2], states["none"][2])
    assert not np.array_equal(states["text"][3], states["none"][3])
    without = small(epochs=2, penalty=0, previous=1)
    assert np.array_equal(run(without, data(), 4)["theta_1"], states["none"][3])


def test_a_strong_penalty_keeps_the_fields_of_the_last_task():
    first, free, held = (
        run(small(epochs=4, penalty=penalty), data(), epochs)["theta_0"]
        for penalty, epochs in ((0, 4), (0, 8), (1e4, 8))
    )
    assert np.abs(held - first).mean() < 0.5 * np.abs(free - first).mean()


def test_tasks_permute_the_pixels_of_all_images_alike():
    model = small()
    rows = data()
    problem = model.problem(rows)
    state = model.start(problem, draws())
    seen = []
    for task in range(2):
        images, labels = model._task(problem.training, state, task)
        order = state["permutations"][task]
        np.testing.assert_array_equal(images, problem.training[0].images[:, order])
        np.testing.assert_array_equal(labels, problem.training[0].labels)
        seen.append(images)
    assert not np.array_equal(*seen)


def test_tasks_of_the_data_are_used_as_they_are():
    rows = data(2)
    tasks = image_tasks(rows, 2)
    assert [len(task.labels) for task in (*tasks.training, *tasks.held_out)] == [70, 70, 10, 10]
    np.testing.assert_array_equal(
        tasks.training[1].images, rows["images"][80:150] / np.float32(255)
    )
    with pytest.raises(ValueError, match="have 2 tasks, so tasks must be 2 or less, not 3"):
        small(tasks=3).problem(rows)


def outputs(inferred):
    nothing = pd.DataFrame()
    return RunOutputs("deep_binary_network", {}, inferred, nothing, {}, None, None, (1, 0), 0)


def test_a_run_of_too_many_steps_is_refused():
    with pytest.raises(ValueError, match="has tasks · epochs = 2 steps; state this number"):
        run(small(), data(), 3)


def test_accuracies_and_forgetting():
    inferred = {
        "accuracy": np.array([0.5, 0.75, 1.0]),
        "own": np.array([0.75, 1.0, 1.0]),
        "binary": np.array([0.25, 0.5, 0.75]),
    }
    scores = task_accuracy.score(outputs(inferred))
    assert scores["average"] == scores["accuracy_1"] == 0.75
    assert scores["forgetting"] == 0.25
    assert (scores["first"], scores["binary"]) == (0.5, 0.5)
    one = {name: values[:1] for name, values in inferred.items()}
    assert "forgetting" not in task_accuracy.score(outputs(one))


@pytest.mark.parametrize("name", ["mnist_once", "mnist_then_fashion"])
def test_rows_are_the_first_of_each_official_part(name, tmp_path):
    whole = discover.load_class("datasets", name, object)
    data_class, source = archives.small(whole, tmp_path)
    rows = data_class.generate(source)
    tasks = len(whole.sources)
    per_task = 12 // tasks
    assert whole.rows == tasks * 42_000
    np.testing.assert_array_equal(rows["task"], np.repeat(np.arange(tasks), per_task))
    of_first = rows["labels"][rows["task"] == 0]
    held_out = int(rows["held_out"][:per_task].sum())
    expected = [*range(per_task - held_out), *range(held_out)]
    np.testing.assert_array_equal(of_first, np.array(expected) % 10)
    assert rows["images"].shape == (12, 784)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tasks": 0}, "tasks must be a whole number from 1"),
        ({"width": 1.5}, "width must be a whole number from 1"),
        ({"rate": 0}, "rate must be above 0"),
        ({"penalty": -1}, "penalty must be 0 or more"),
        ({"previous": 2}, "previous must be 0 or 1"),
    ],
)
def test_impossible_hyper_parameters_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        models.model("deep_binary_network", **values)
