"""Every file of metrics/, by its name, as parameters of a test; those that need a second an example run with the slow tests."""

import pytest

from facsimile import discover

NETWORKS_OR_MANY_FITS = {"citris", "downstream", "strong_generalisation"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name in NETWORKS_OR_MANY_FITS)) for name in discover.names("metrics")]
