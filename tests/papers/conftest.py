"""Fixtures that tests of papers share with tests of models and metrics."""

from metric_fixtures import *  # noqa: F403
from model_fixtures import *  # noqa: F403
