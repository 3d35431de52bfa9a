"""The command line: ``facsimile COMMAND``, also ``python -m facsimile COMMAND``.

The commands are in ``commands/cli``.
"""

from facsimile.planning import job_client

# A job of a local Snakemake runs in its job server. Before the imports below, which take 0.2 s.
if __name__ == "__main__":
    job_client.exit_if_run_by_server()

import sys
import traceback
from pathlib import Path

from facsimile.foundation import extras

try:
    from rich.markup import escape

    from facsimile.commands.cli.app import app
    from facsimile.commands.cli.output import stderr
    from facsimile.store import files
except ModuleNotFoundError as error:
    missing = extras.explained(error, "the command facsimile")
    if missing is None:
        raise
    sys.exit(f"error: {missing}")
except KeyboardInterrupt:
    sys.exit("interrupted before it began")

# Errors whose message tells the user enough; others are shown with their type and line of code.
EXPECTED_ERRORS = ValueError | LookupError | RuntimeError | OSError | extras.MissingExtra


def main() -> None:
    """Run a command; print an error as one line, or with its traceback under --debug."""
    try:
        app()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, ModuleNotFoundError):
            error = extras.explained(error, "this command") or error
        stderr.print(f"[bold red]error:[/] {escape(_message(error))}")
        sys.exit(1)


def _message(error: Exception) -> str:
    """The message of an error, safe to print; an unexpected error also says where it arose."""
    text = str(error)
    if isinstance(error, OSError):
        text = files.explained(error)
    # The text of a KeyError is only the key.
    if isinstance(error, KeyError) or not isinstance(error, EXPECTED_ERRORS):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        text = f"{type(error).__name__}: {text} ({place}; --debug shows more)"
    # Control characters in a file or a name could change the terminal.
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )


if __name__ == "__main__":
    main()
