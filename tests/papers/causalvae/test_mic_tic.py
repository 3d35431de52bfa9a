"""MIC and TIC beside minepy's values, and by construction."""

import json

import numpy as np
import pandas as pd
import pytest
from project import GOLDENS

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.causalvae.metrics import _mic, mic_tic

ANSWERS = json.loads((GOLDENS / "mic/answers.json").read_text())


def cases():
    for n in (50, 300):
        drawn = np.random.RandomState(n)
        x, noise = drawn.normal(size=n), drawn.normal(size=n)
        yield f"parabola_{n}", x, x**2 + 0.1 * noise
        yield f"noise_{n}", x, noise
        yield f"ties_{n}", np.round(2 * x), np.round(x + noise)
        yield f"classes_{n}", x, np.round(3 * np.sin(x))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "x", "y"), list(cases()), ids=[name for name, _, _ in cases()])
def test_it_is_what_minepy_computes(name, x, y):
    scores = _mic.characteristic(x, y)
    assert scores.max() == pytest.approx(ANSWERS[name]["mic"], abs=1e-12)
    assert scores.mean() == pytest.approx(ANSWERS[name]["tic"], abs=1e-12)


@pytest.mark.slow
def test_a_function_has_all_information_and_order_alone_matters():
    x = np.random.RandomState(0).normal(size=200)
    assert _mic.characteristic(x, x).max() == pytest.approx(1)
    y = x**2 + np.random.RandomState(1).normal(size=200)
    np.testing.assert_allclose(_mic.characteristic(x, y), _mic.characteristic(np.exp(x), y**3))


def scored(codes, labels, held_out):
    data = {"labels": labels, "held_out": held_out}
    outputs = RunOutputs("m", {}, {"mean": codes}, pd.DataFrame(), data, None, None, (100, 1000), 0)
    return mic_tic.score(outputs)


def test_a_concept_is_the_mean_of_its_block_on_held_out_rows():
    drawn = np.random.RandomState(0)
    labels = drawn.randint(64, size=(400, 2)) / 8.0
    codes = np.stack([labels[:, 0] + 5, labels[:, 0] - 5, 7 - labels[:, 1], labels[:, 1]], axis=1)
    held_out = np.arange(400) % 2
    codes[held_out == 0] = 0  # must not be looked at
    scores = scored(codes, labels, held_out)
    assert scores["mic_0"] == pytest.approx(
        1, abs=1e-3
    )  # rows of equal size keep ties together, and end uneven
    assert scores["mic_1"] == scores["tic_1"] == 0, (
        "codes that cancel each other have a mean that does not vary"
    )
    assert scores["mic"] == pytest.approx(scores["mic_0"] / 2)
    assert scores["mic_best"] == pytest.approx(1, abs=1e-3)
