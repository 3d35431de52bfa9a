"""Classifiers of downstream tasks: gradients, ceilings, and codes without information."""

import numpy as np
import pandas as pd
import pytest
import torch

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dear.datasets import noisy_pendulum
from facsimile.papers.dear.metrics import _classifier, robustness, sample_efficiency
from facsimile.papers.dear.metrics._classifier import Training


def outputs(codes, points=(7500, 2500), **arrays):
    return RunOutputs(
        model="true_labels",
        params={},
        inferred={"mean": codes.astype(np.float32)},
        history=pd.DataFrame(),
        data=arrays,
        images=None,
        grid=None,
        n_points=points,
        seed=0,
    )


@pytest.fixture(scope="module")
def parts():
    """Order of rows in the data set, and the array ``part``."""
    is_test = noisy_pendulum.held_out()
    return np.argsort(is_test, kind="stable"), np.sort(is_test) * 2


def standardised(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


@pytest.mark.slow
def test_a_step_is_that_of_torch():
    random = np.random.RandomState(0)
    codes, target = random.normal(size=(5, 3)), np.array([True, False, True, True, False])
    hidden, output = _classifier._start(3, 2, random)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ELU(), torch.nn.Linear(2, 1)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor(hidden[:, :-1]))
        net[0].bias.copy_(torch.tensor(hidden[:, -1]))
        net[2].weight.copy_(torch.tensor(output[None, :-1]))
        net[2].bias.copy_(torch.tensor(output[-1:]))
    adam = torch.optim.Adam(net.parameters(), lr=0.005)
    for _ in range(7):
        logits = net(torch.tensor(codes))[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, torch.tensor(target, dtype=torch.float64)
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
    # A batch of all rows, in any order.
    _classifier._fit(codes, target, Training(epochs=7, batch=5), hidden, output, random)
    expected = net(torch.tensor(codes))[:, 0].detach().numpy()
    np.testing.assert_allclose(_classifier._logits(codes, hidden, output), expected, rtol=1e-9)


@pytest.mark.slow
def test_true_labels_reach_the_ceiling_with_the_peers_target(parts):
    order, part = parts
    values = noisy_pendulum.without_background()[0][order]
    scores = sample_efficiency.score(outputs(standardised(values), values=values, part=part))
    assert set(scores) == set(sample_efficiency.SCORES)
    ceiling = scores["accuracy_all_theory"]
    assert ceiling == pytest.approx(0.908, abs=5e-4)
    # Two standard errors of an accuracy on 2,500 rows.
    assert scores["accuracy_all"] == pytest.approx(ceiling, abs=0.012)
    assert scores["accuracy_all_large"] == pytest.approx(ceiling, abs=0.012)
    assert scores["accuracy_all_generator_theory"] == pytest.approx(0.693, abs=5e-4)
    assert scores["efficiency"] == scores["accuracy_100"] / scores["accuracy_all"]


@pytest.mark.slow
def test_the_released_classifier_is_too_small_for_the_robustness_target(parts):
    order, part = parts
    values, target, background = (array[order] for array in noisy_pendulum.with_background())
    centred = values - values[part == 0].mean(axis=0)
    arrays = {"centred": centred, "target": target, "background": background, "part": part}
    scores = robustness.score(outputs(standardised(values), **arrays))
    assert set(scores) == set(robustness.SCORES)
    ceiling = scores["test_average_theory"]
    assert scores["test_average_large"] == pytest.approx(ceiling, abs=0.0185)
    assert scores["test_average"] < ceiling - 0.05
    # Labels do not know the background, so both groups are alike but for noise.
    assert scores["test_worst_large"] == pytest.approx(scores["test_average_large"], abs=0.03)


def test_codes_that_are_the_background_fail_in_the_worst_group(parts):
    order, part = parts
    values, target, background = (array[order] for array in noisy_pendulum.with_background())
    centred = values - values[part == 0].mean(axis=0)
    arrays = {"centred": centred, "target": target, "background": background, "part": part}
    codes = np.repeat(2.0 * background[:, None] - 1, 5, axis=1)
    scores = robustness.score(outputs(codes, points=(1000, 500), **arrays))
    assert scores["test_worst"] == 0
    assert scores["train_average"] == pytest.approx(0.8, abs=0.03)
    assert scores["test_average"] == pytest.approx(0.5, abs=0.07)
