"""The metrics of codes, by name, as parameters of a test.

Those that need a second per example run with the slow tests. Metrics of run outputs have their own
contract: test_run_outputs.py.
"""

import pytest

from facsimile.foundation import discover

NETWORKS_OR_MANY_FITS = {"citris", "downstream", "explicitness", "strong_generalisation"}
OF_CODES = [
    name for name in discover.names("metrics") if "codes" in discover.module("metrics", name).NEEDS
]


def named(names):
    """Metrics as parameters of a test; those that take long are slow tests."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] * (name in NETWORKS_OR_MANY_FITS))
        for name in names
    ]


NAMES = named(OF_CODES)
