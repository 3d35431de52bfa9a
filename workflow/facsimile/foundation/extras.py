"""Which extra of the package installs a library that is missing.

The core installs what ``facsimile.score`` needs; everything else is in one of three extras of
pyproject.toml: data sets and commands, models, figures and reports.
"""

import contextlib
from collections.abc import Iterator

DISTRIBUTION = "facsimile-metrics"
# Extra -> the libraries that it installs, by the names under which they are imported.
LIBRARIES = {
    "torch": ("torch", "zuko"),
    "workflow": (
        "PIL",
        "h5py",
        "psutil",
        "pyarrow",
        "pydantic",
        "rich",
        "safetensors",
        "snakemake",
        "typer",
        "yaml",
    ),
    "report": ("jinja2", "markupsafe", "matplotlib", "onnx", "rocrate", "seaborn"),
}


class MissingExtra(ModuleNotFoundError):
    """A library is not installed; the message says which extra installs it."""


def explained(error: ModuleNotFoundError, feature: str) -> MissingExtra | None:
    """Return an error that says what ``feature`` needs; None if no extra installs the library."""
    if isinstance(error, MissingExtra):
        return error
    library = (error.name or "").partition(".")[0]
    for extra, libraries in LIBRARIES.items():
        if library in libraries:
            message = (
                f"{feature} needs {library}, which is not installed: "
                f"pip install '{DISTRIBUTION}[{extra}]'"
            )
            return MissingExtra(message, name=error.name)
    return None


@contextlib.contextmanager
def required_by(feature: str) -> Iterator[None]:
    """Raise MissingExtra instead of ModuleNotFoundError for a library that an extra installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = explained(error, feature)
        if missing is None:
            raise
        raise missing from None
