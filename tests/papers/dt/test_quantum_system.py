"""The quantum system of Table 4: probabilities, posteriors, answers and their discrepancies."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import integrate, linalg, special, stats

from facsimile import models
from facsimile.papers.dt import quantum_system
from facsimile.papers.dt.datasets.quantum_system import QuantumSystem
from facsimile.papers.dt.metrics import joint_discrepancy

ROWS = 2


def problems(released):
    QuantumSystem.released = released
    data = QuantumSystem.generate(None)
    del QuantumSystem.released
    return data


def answers(data, answer):
    model = models.model("quantum_answer", answer=answer)
    whole = {name: torch.from_numpy(values) for name, values in data.items()}
    return {name: value.numpy() for name, value in model.learned({}, whole, 0).items()}


def test_probabilities_are_means_over_states_and_times():
    random = np.random.default_rng(0)
    drive, n = 0.3, 4000
    hamiltonian = np.array([[1 - drive, drive], [drive, drive - 1]])
    ours = quantum_system.probabilities(np.array([drive]))[0]
    for place in (1, 6, 9):
        states = random.normal(quantum_system.STATES[place], 0.1, (n, 2))
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        times = random.normal(quantum_system.TIMES[place], 0.05, n)
        evolution = linalg.expm(-1j * times[:, None, None] * hamiltonian)
        of_first = np.abs((evolution @ states[..., None])[:, 0, 0]) ** 2
        assert ours[place] == pytest.approx(of_first.mean(), abs=4 * of_first.std() / n**0.5)


@pytest.mark.parametrize("released", [False, True])
def test_densities_are_those_of_adaptive_quadrature(released):
    data = {name: values[:ROWS] for name, values in problems(released).items()}
    log_density = answers(data, 0)["log_density"]
    prior, x, z = (data[name].astype(float) for name in ("prior", "x", "z"))
    for row in range(ROWS):

        def joint(point, row=row):
            at = np.array([point])
            likelihood = quantum_system.log_likelihood(at, z[row : row + 1], released)
            return stats.beta.pdf(point, *prior[row]) * np.exp(likelihood[0])

        evidence, _ = integrate.quad(joint, 0, 1, limit=200)
        expected = np.log(joint(x[row]) / evidence)
        assert log_density[row] == pytest.approx(expected, abs=2e-3)


@pytest.mark.slow
def test_answers_are_ordered_and_their_draws_are_those_of_their_densities():
    data = problems(False)
    by_answer = {answer: answers(data, answer) for answer in (0, 1, 2)}
    likelihoods = {answer: values["log_density"] for answer, values in by_answer.items()}
    for worse in (1, 2):
        gain = likelihoods[0] - likelihoods[worse]
        assert gain.mean() > 2 * gain.std() / np.sqrt(len(gain))
    # A draw from the posterior and the truth have the same rank in the prior, on average.
    ranks = [
        special.betainc(*data["prior"].T, values) for values in (data["x"], by_answer[0]["draw"])
    ]
    assert ranks[0].mean() == pytest.approx(ranks[1].mean(), abs=0.04)
    scores = {
        answer: joint_discrepancy.score(SimpleNamespace(data=data, inferred=values, seed=0))
        for answer, values in by_answer.items()
    }
    assert scores[0]["mmd"] < scores[2]["mmd"]
    assert 0.0025 < scores[0]["mmd_of_repetitions"] < 0.0035


def test_repetitions_account_for_the_mean_of_bootstrap_samples():
    # Two identical halves: the discrepancy of the whole sample is below 0, so nothing is cut off
    # once a constant between them is taken away.
    random = np.random.default_rng(1)
    points = random.normal(size=(60, 2))
    matrix = joint_discrepancy.kernel(points)
    matrix[:30, 30:] = matrix[30:, :30] = 0
    within = [matrix[:30, :30], matrix[30:, 30:]]
    raw = sum((part.sum() - 30) / (30 * 29) for part in within)
    drawn = np.concatenate([joint_discrepancy.bootstrapped(matrix, 30, seed) for seed in range(20)])
    expected = raw + joint_discrepancy.of_repetitions(matrix, 30)
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(len(drawn)))


def test_an_unknown_answer_is_an_error():
    with pytest.raises(ValueError, match="answer must be 0, 1 or 2"):
        models.model("quantum_answer", answer=3).check()
