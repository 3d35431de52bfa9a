"""Shell commands of Snakemake's rules, in which it replaces wildcards."""

import shlex

from facsimile.planning import config, environment, settings


def command(configuration: config.Config) -> str:
    """Return the command line of the package with a configuration, as a rule's shell command."""
    program = [environment.PYTHON, "-m", "facsimile"]
    options = [f"--set={pair}" for pair in settings.written(configuration)]
    return without_wildcards(shlex.join(program + options))


def without_wildcards(command: str) -> str:
    """Return a command in which Snakemake replaces nothing: it replaces wildcards in braces."""
    return command.replace("{", "{{").replace("}", "}}")
