"""A command line whose settings may stand anywhere, as in ``facsimile plan STUDY --scale desk``."""

from collections.abc import Iterator
from typing import Any

from typer import BadParameter
from typer.core import TyperGroup, TyperOption


class SettingsAnywhere(TyperGroup):
    """A group of commands that takes its own options before and after the command's name, up to ``--``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hand on the arguments with the group's own options first; raises BadParameter for one that lacks its value."""
        own = {
            name: option
            for option in self.params
            if isinstance(option, TyperOption)
            for name in option.opts
        }
        settings: list[str] = []
        rest: list[str] = []
        left = iter(args)
        for word in left:
            if word == "--":
                rest += [word, *left]
            elif option := own.get(word.partition("=")[0]):
                settings += [word, *_value(option, word, left)]
            else:
                rest.append(word)
        return super().parse_args(ctx, settings + rest)


def _value(option: TyperOption, word: str, left: Iterator[str]) -> list[str]:
    """The word after an option that takes one."""
    if option.is_flag or "=" in word:
        return []
    if (value := next(left, None)) is None:
        raise BadParameter(f"{word} lacks its value")
    return [value]
