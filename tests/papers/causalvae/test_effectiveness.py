"""Effectiveness of interventions, for a model that is right and one that changes nothing."""

import numpy as np
import pandas as pd
import pytest

from facsimile.datasets.pendulum import Pendulum
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.causalvae.metrics import effectiveness

SIDE = 16


def small(images):
    return (
        images.reshape(len(images), SIDE, 6, SIDE, 6, 3).mean(axis=(2, 4)).round().astype(np.uint8)
    )


@pytest.fixture(scope="module")
def data():
    """Every seventh pendulum, of which every fourth is held out."""
    labels = Pendulum.grid()[::7]
    values, done = Pendulum.scale(labels), np.roll(labels, 211, axis=0)
    intervened = [Pendulum.intervene(labels, k, done[:, k]) for k in range(4)]
    return {
        "images": Pendulum.draw(labels),
        "values": values,
        "held_out": (np.arange(len(labels)) % 4 == 3).astype(int),
        "counterfactuals": np.stack([Pendulum.scale(each) for each in intervened], axis=1),
        "labels": np.stack(intervened, axis=1),
    }


def scored(data, decoded):
    rows = np.flatnonzero(data["held_out"])[:40]
    inferred = {"counterfactual_rows": rows, "counterfactual_images": decoded(rows)}
    return effectiveness.score(
        RunOutputs("m", {}, inferred, pd.DataFrame(), data, None, None, (1000, 0), 0)
    )


def test_true_pictures_are_read_as_well_as_real_ones(data):
    scores = scored(
        data,
        lambda rows: np.stack(
            [small(Pendulum.draw(data["labels"][rows, k])) for k in range(4)], axis=1
        ),
    )
    for f in range(4):
        assert scores[f"reader_{f}"] < 0.05
        assert (
            scores[f"value_{f}_do_0"] < 0.05
        )  # a shadow that no light casts is unlike all pictures: do(2), do(3) are harder
        assert scores[f"value_{f}_do_1"] < 0.05


def test_unchanged_pictures_have_the_errors_of_still(data):
    scores = scored(data, lambda rows: np.repeat(small(data["images"][rows])[:, None], 4, axis=1))
    assert scores["still_0_do_1"] == scores["still_0_do_2"] == 0
    assert scores["still_0_do_0"] > 0.3
    for f in range(4):
        for k in range(4):
            assert scores[f"value_{f}_do_{k}"] == pytest.approx(
                scores[f"still_{f}_do_{k}"], abs=0.06
            )
    assert scores["set"] == pytest.approx(scores["set_still"], abs=0.03)
    assert scores["effects"] == pytest.approx(scores["effects_still"], abs=0.03)
    assert scores["set"] == pytest.approx(np.mean([scores[f"value_{k}_do_{k}"] for k in range(4)]))
