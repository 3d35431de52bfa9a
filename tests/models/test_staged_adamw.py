"""AdamW whose rate is 0 at first: when it is, and its course otherwise."""

import math

import pytest

from facsimile.models.base.staged_adamw import DelayedSettings


def cosine(step):
    return 0.05 + 0.95 * (1 + math.cos(math.pi * step / 1000)) / 2


def test_a_delayed_rate_is_0_then_grows_and_then_follows_the_cosine_of_all_steps():
    settings = DelayedSettings(0.1, steps=1000, warm_up=200, freeze=100)
    assert [settings.rate(step) for step in (0, 50, 100)] == [0, 0, 0]
    assert settings.rate(200) == pytest.approx(0.05 * cosine(200))
    assert settings.rate(300) == pytest.approx(0.1 * cosine(300))
    assert settings.rate(600) == pytest.approx(0.1 * cosine(600))
    without = DelayedSettings(0.1, steps=1000)
    assert without.rate(1) == pytest.approx(0.1 * cosine(1))
