"""The noisy cone: gradient estimators and objectives against quadrature."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.papers.prog_vi.metrics import _cone_quadrature as quadrature

Z = 5.0
# Approximately where training ends.
TRAINED = {
    "cone_mean_field": [2.2, 0.0, -2.0, -1.0],
    "cone_marginal": [-2.0, -2.0],
}
PARAMETERS = {"cone_mean_field": [1.5, 0.4, -0.4, -0.2], "cone_marginal": [-0.5, -0.2]}
OBJECTIVES = [("cone_mean_field", 1, None), ("cone_marginal", 1, 1)]
WEIGHTED = [("cone_mean_field", 5, None), ("cone_marginal", 1, 5), ("cone_marginal", 5, 5)]


def guide(name, particles, auxiliary, **more):
    return models.model(
        name, particles=particles, **({"auxiliary": auxiliary} if auxiliary else {}), **more
    )


def noise(model, n, seed):
    drawn = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn((n, int(model.particles), width), generator=drawn, dtype=torch.float64)
        for name, width in model.widths().items()
    }


def gradient(model, parameters, n, seed):
    variables = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    z = torch.full((n,), Z, dtype=torch.float64)
    surrogate, _ = model.estimates(variables, z, noise(model, n, seed))
    return torch.autograd.grad(surrogate.mean(), variables)[0].numpy()


def estimated(model, parameters, n=4000, batches=25):
    """Return the mean gradient over batches, and its standard error."""
    gradients = np.stack([gradient(model, parameters, n, seed) for seed in range(batches)])
    return gradients.mean(0), gradients.std(0, ddof=1) / np.sqrt(batches)


def differences(objective, parameters, step=1e-4):
    """Return the gradient by central differences."""
    centre = np.array(parameters)
    moves = step * np.eye(len(centre))
    return np.array(
        [(objective(centre + move) - objective(centre - move)) / (2 * step) for move in moves]
    )


@pytest.mark.parametrize("score_function", [0, 1])
@pytest.mark.parametrize(("name", "particles", "auxiliary"), OBJECTIVES)
def test_gradient_estimators_are_unbiased(name, particles, auxiliary, score_function):
    exact = quadrature.elbo if name == "cone_mean_field" else quadrature.hvi
    expected = differences(lambda p: exact(p, Z), PARAMETERS[name])
    mean, error = estimated(
        guide(name, particles, auxiliary, score_function=score_function), PARAMETERS[name]
    )
    assert (np.abs(mean - expected) < 4.5 * error).all(), (mean, expected, error)
    assert (error < 0.25 * np.abs(expected).max()).all(), "too noisy for a conclusion"


@pytest.mark.parametrize(("name", "particles", "auxiliary"), WEIGHTED)
def test_the_path_gradient_is_the_derivative_of_the_estimate(name, particles, auxiliary):
    model, n = guide(name, particles, auxiliary), 50

    def value(parameters):
        variables = torch.tensor(parameters, dtype=torch.float64)
        z = torch.full((n,), Z, dtype=torch.float64)
        _, estimates = model.estimates(variables, z, noise(model, n, 0))
        return estimates.mean().item()

    np.testing.assert_allclose(
        gradient(model, PARAMETERS[name], n, 0),
        differences(value, PARAMETERS[name], 1e-6),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize(("name", "particles", "auxiliary"), WEIGHTED)
def test_the_score_function_estimator_agrees_with_the_path_gradient(name, particles, auxiliary):
    path, path_error = estimated(guide(name, particles, auxiliary), PARAMETERS[name], 1000)
    score, score_error = estimated(
        guide(name, particles, auxiliary, score_function=1), PARAMETERS[name], 1000
    )
    assert (np.abs(path - score) < 4.5 * np.hypot(path_error, score_error)).all()


def test_more_particles_bound_the_evidence_more_tightly():
    """ELBO ≤ IWELBO ≤ log p, and HVI ≤ IWHVI ≤ the bound with the exact density of q ≤ log p."""
    values = {}
    for name, particles, auxiliary in [*OBJECTIVES, *WEIGHTED]:
        model = guide(name, particles, auxiliary)
        parameters = torch.tensor(TRAINED[name], dtype=torch.float64)
        z = torch.full((20_000,), Z, dtype=torch.float64)
        _, estimates = model.estimates(parameters, z, noise(model, 20_000, 0))
        values[name, particles, auxiliary] = estimates.mean().item()
    evidence = quadrature.log_evidence(Z)
    assert values["cone_mean_field", 1, None] < values["cone_mean_field", 5, None] < evidence
    assert (
        values["cone_marginal", 1, 1]
        < values["cone_marginal", 1, 5]
        < values["cone_marginal", 5, 5]
        < evidence
    )


def test_invalid_values_raise():
    for name, wrong in (("cone_mean_field", {"particles": 0}), ("cone_marginal", {"auxiliary": 0})):
        with pytest.raises(ValueError, match="must be 1 or more"):
            models.model(name, **wrong)
