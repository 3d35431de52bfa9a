"""A command line whose settings may follow a command, and which Ctrl-C ends in one line."""

from collections.abc import Iterator
from typing import Any

from typer import BadParameter, Exit, echo
from typer.core import TyperGroup, TyperOption

INTERRUPTED = "interrupted; no file is half-written, and the same command goes on"
EXIT_CODE = 130  # 128 + SIGINT


class SettingsAnywhere(TyperGroup):
    """A group of commands that accepts its own options before and after a command, up to ``--``.

    As in ``facsimile plan STUDY --scale desk``.
    """

    def parse_args(
        self,
        ctx: Any,
        args: list[str],
    ) -> list[str]:
        """Move the group's own options to the front; raise BadParameter if one has no value."""
        options: dict[str, TyperOption] = {}
        for parameter in self.params:
            if isinstance(parameter, TyperOption):
                options |= dict.fromkeys(parameter.opts, parameter)
        settings: list[str] = []
        others: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                others += [word, *words]
                continue
            name = word.partition("=")[0]
            if name in options:
                settings += [word, *_value(options[name], word, words)]
            else:
                others.append(word)
        return super().parse_args(ctx, settings + others)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; on Ctrl-C print one line, where typer prints nothing."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            echo(INTERRUPTED, err=True)
            raise Exit(EXIT_CODE) from None


def _value(
    option: TyperOption,
    word: str,
    words: Iterator[str],
) -> list[str]:
    """The next word if the option takes a value; no word for a flag and for ``--option=value``."""
    if option.is_flag or "=" in word:
        return []
    value = next(words, None)
    if value is None:
        raise BadParameter(f"{word} needs a value")
    return [value]
