"""Fixtures of the models' tests."""

from model_fixtures import *  # noqa: F403
