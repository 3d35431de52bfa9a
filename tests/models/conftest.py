"""Fixtures for tests of models."""

from model_fixtures import *  # noqa: F403
