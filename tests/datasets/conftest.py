"""Fixtures for the tests of data sets."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from webserver import Site, serving

from facsimile.datasets.base import download


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, bytes]], Site]]:
    """Start a web server for a test; downloads from it use no proxy, and retry without waiting."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "WAIT", 0.0)
    with ExitStack() as stack:
        yield lambda files: stack.enter_context(serving(files))
