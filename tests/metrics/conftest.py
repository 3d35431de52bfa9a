"""Fixtures of the metrics' tests."""

from metric_fixtures import *  # noqa: F403
