"""Read a YAML file as plain data, with the line of every key, so that an error can say where it is."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

Location = tuple[str | int, ...]
BYTES = 2**22  # of a file that a person wrote; the largest study has a thousandth of it
NODES = 200_000  # of its data, aliases written out: a few lines of them can stand for more than any memory holds
MESSAGE = 2000  # characters
PLAIN = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
}


class FileError(ValueError):
    """A file that a person wrote is wrong; the message begins with ``file:line:`` and ends with what would be right."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        # What a file says may hold what moves a terminal's cursor; a message is one line of plain text.
        plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in message)
        super().__init__(f"{path}:{line}: {plain[:MESSAGE]}{' …' if len(plain) > MESSAGE else ''}")


class Document:
    """The data of one YAML file and the line on which each part of it stands."""

    def __init__(self, path: Path) -> None:
        self.path, self._nodes = path, 0
        if (size := path.stat().st_size) > BYTES:
            raise FileError(path, 1, f"{size:,} bytes; such a file has at most {BYTES:,}")
        try:
            self.root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
            self.data = self._value(self.root) if self.root else {}
        except RecursionError:
            raise FileError(
                path,
                1,
                "nested too deeply, or an alias (*name) inside what its anchor (&name) names",
            ) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise FileError(
                path, mark.line + 1 if mark else 1, f"not valid YAML: {error.problem}"
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise FileError(path, 1, f"not valid YAML: {' '.join(str(error).split())}") from None

    def line(self, location: Location) -> int:
        """The line (from 1) of the deepest part of ``location`` that the file has."""
        node, line = self.root, 1
        for part in location:
            step = _child(node, part)
            if step is None:
                break
            mark, node = step
            line = mark.line + 1
        return line

    def error(self, location: Location, message: str) -> FileError:
        """An error about the part of the file at ``location``."""
        where = ".".join(map(str, location))
        return FileError(
            self.path, self.line(location), f"{where}: {message}" if where else message
        )

    def _value(self, node: yaml.Node) -> Any:
        """Plain data of a node; refuses tags and repeated keys, which YAML would let pass."""
        self._nodes += 1
        if self._nodes > NODES:
            raise FileError(
                self.path,
                node.start_mark.line + 1,
                f"more than {NODES:,} values; aliases (*name) multiply them",
            )
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise FileError(
                self.path,
                node.start_mark.line + 1,
                f"not valid YAML here: the tag {tag}; write plain data",
            )
        if isinstance(node, yaml.MappingNode):
            pairs: dict[Hashable, Any] = {}
            for key_node, value_node in node.value:
                key = self._value(key_node)
                if not isinstance(key, Hashable) or key in pairs:
                    raise FileError(
                        self.path,
                        key_node.start_mark.line + 1,
                        f"{key}: this key stands here twice; keep one",
                    )
                pairs[key] = self._value(value_node)
            return pairs
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item) for item in node.value]
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (
            ValueError,
            LookupError,
            OverflowError,
        ) as error:  # a date in month 13, a number of 5,000 digits
            raise FileError(
                self.path, node.start_mark.line + 1, f"not valid YAML: {node.value[:40]!r}: {error}"
            ) from None


def _child(node: yaml.Node | None, part: str | int) -> tuple[Any, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None
