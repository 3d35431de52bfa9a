"""The contract of models of arrays.

Every such model is discovered by name, and tested on arrays of the shapes that it takes.
"""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.models.base import arrays
from facsimile.models.base.adamw import AdamW
from facsimile.studies.training import Training
from facsimile.training import batches

ROWS, LATENTS = 6, 2
TRAINING = Training.model_validate(
    {"steps": 3, "batch_size": ROWS, "latents": LATENTS, "adam": {"lr": 0.01}}
)


@pytest.fixture
def model(of_arrays, make_model):
    created = make_model(of_arrays)
    if not created.trained:
        pytest.skip("nothing to train")
    return created


def batch(model):
    """Return what a loss is given: rows, or stretches of neighbouring frames."""
    stretch = (model.frames,) if model.frames > 1 else ()
    return built(model, (ROWS, *stretch))


def whole(model):
    """Return what inference is given: single rows."""
    return built(model, (ROWS,))


def built(model, leading):
    drawn = np.random.default_rng(0)
    return arrays.tensors(
        {name: rows(drawn, leading, shape) for name, shape in model.takes.items()}
    )


def rows(drawn, leading, shape):
    """Return images if a row has height, width and channels, otherwise numbers."""
    return (
        drawn.integers(0, 256, (*leading, *shape), np.uint8)
        if len(shape) == 3
        else drawn.uniform(0.5, 1.5, (*leading, *shape)).astype(np.float32)
    )


def noise(model):
    seeds, steps = torch.tensor([0]), torch.tensor([0])
    return {
        name: batches.noise(seeds, steps, name, draw)[0, 0]
        for name, draw in model.draws(ROWS, LATENTS).items()
    }


def create_networks(model, seed=0):
    networks = model.networks(model.takes, LATENTS, "own")
    model.initialise(networks, seed)
    return networks


def weights(networks):
    return {
        f"{group}.{name}": p.detach().clone()
        for group, net in networks.items()
        for name, p in net.named_parameters()
    }


def is_frozen(optimiser):
    """Whether the first three steps change nothing, as the model is trained in stages."""
    return isinstance(optimiser, AdamW) and not any(map(optimiser.course.rate, range(3)))


def test_losses_are_finite_and_three_steps_move_every_group(model):
    networks = create_networks(model)
    optimisers = arrays.optimisers_of(model, TRAINING, networks)
    assert networks.keys() == optimisers.keys()
    before = weights(networks)
    for step in range(3):
        losses = model.losses(networks, batch(model), noise(model), step)
        assert losses.minimise.keys() == networks.keys()
        assert all(loss.shape == () and loss.isfinite() for loss in losses.minimise.values())
        assert all(term.shape == () and not term.requires_grad for term in losses.terms.values())
        for group, loss in losses.minimise.items():
            optimisers[group].step(
                torch.autograd.grad(loss, list(networks[group].parameters()), retain_graph=True)
            )
    after = weights(networks)
    for group in networks:
        has_moved = any(
            not torch.equal(before[name], after[name])
            for name in before
            if name.startswith(f"{group}.")
        )
        assert has_moved != is_frozen(optimisers[group])


def test_losses_and_starting_values_are_pure_functions(model):
    first, second = (
        [
            loss.item()
            for loss in model.losses(
                create_networks(model), batch(model), noise(model), 5
            ).minimise.values()
        ]
        for _ in range(2)
    )
    assert first == second


def test_inference_is_finite_and_deterministic(model):
    first, again = (
        arrays.inferred(model, create_networks(model), whole(model), 0, 4) for _ in range(2)
    )
    assert first, "a model that infers nothing cannot be measured"
    for name, values in first.items():
        assert np.isfinite(values).all(), name
        np.testing.assert_array_equal(values, again[name])


def test_traces_are_columns_of_numbers(model):
    traced = arrays.traced(model, create_networks(model), batch(model))
    assert all(type(value) is float and np.isfinite(value) for value in traced.values())


def test_a_missing_array_of_the_data_set_is_named_in_the_error(model):
    first = next(iter(model.takes))
    with pytest.raises(
        ValueError, match=f"no array of elsewhere, which {type(model).__name__} takes: '{first}'"
    ):
        arrays.checked(model, "elsewhere", {})


def test_no_model_is_not_trained():
    assert not models.model("no_model").trained
