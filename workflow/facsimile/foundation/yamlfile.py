"""Read a YAML file as plain data and keep the line of every key, for use in error messages."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

# Path to a part of the data: keys of mappings and indices of lists.
Location = tuple[str | int, ...]

# Limits for files that a person wrote, so that a malicious one cannot exhaust the memory.
# The largest study uses about a thousandth of these bytes.
BYTES = 2**22
# Number of values after aliases are expanded: a few lines of aliases can expand to more values
# than any memory holds.
NODES = 200_000
# Characters of an error message.
MESSAGE = 2000

PLAIN_TYPES = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
PLAIN = {f"tag:yaml.org,2002:{type}" for type in PLAIN_TYPES}
# It makes values of scalars, each by itself.
CONSTRUCTOR = yaml.constructor.SafeConstructor()


class FileError(ValueError):
    """An error in a file that a person wrote.

    The message begins with ``file:line:`` and ends with what would be right.
    """

    def __init__(self, path: Path, line: int, message: str) -> None:
        # A file may contain characters that move a terminal's cursor; the message is one line of
        # printable text.
        plain = "".join(map(_printable, message))
        ellipsis = " …" if len(plain) > MESSAGE else ""
        super().__init__(f"{path}:{line}: {plain[:MESSAGE]}{ellipsis}")


def _printable(character: str) -> str:
    return character if character.isprintable() else f"\\x{ord(character):02x}"


class Document:
    """The data of one YAML file, and the line of each part of it.

    Raises FileError if the file is not valid YAML, is too large, or contains more than plain data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._node_count = 0
        size = path.stat().st_size
        if size > BYTES:
            raise FileError(path, 1, f"{size:,} bytes; at most {BYTES:,} are allowed")
        try:
            text = path.read_text(encoding="utf-8")
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
            self.data = self._value(self.root) if self.root else {}
        except RecursionError:
            message = "nested too deeply, or an alias (*name) is inside its own anchor (&name)"
            raise FileError(path, 1, message) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise FileError(path, line, f"not valid YAML: {error.problem}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            message = " ".join(str(error).split())
            raise FileError(path, 1, f"not valid YAML: {message}") from None

    def line(self, location: Location) -> int:
        """Return the line, from 1, of the deepest part of ``location`` that exists in the file."""
        node, line = self.root, 1
        for part in location:
            child = _child(node, part)
            if child is None:
                break
            mark, node = child
            line = mark.line + 1
        return line

    def error(self, location: Location, message: str) -> FileError:
        """Return an error about the part of the file at ``location``."""
        key = ".".join(map(str, location))
        text = f"{key}: {message}" if key else message
        return FileError(self.path, self.line(location), text)

    def _value(self, node: yaml.Node) -> Any:
        """Return a node as plain data; raises FileError for tags and for repeated keys.

        YAML itself would accept both.
        """
        self._node_count += 1
        if self._node_count > NODES:
            raise self._node_error(
                node, f"more than {NODES:,} values; aliases (*name) multiply them"
            )
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise self._node_error(node, f"not valid YAML here: the tag {tag}; write plain data")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item) for item in node.value]
        try:
            return CONSTRUCTOR.construct_object(node)
        # For example a date in month 13, or a number of 5,000 digits.
        except (ValueError, LookupError, OverflowError) as error:
            text = repr(node.value[:40])
            raise self._node_error(node, f"not valid YAML: {text}: {error}") from None

    def _mapping(self, node: yaml.MappingNode) -> dict[Hashable, Any]:
        pairs: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self._value(key_node)
            if not isinstance(key, Hashable) or key in pairs:
                raise self._node_error(key_node, f"{key}: this key appears twice; keep one")
            pairs[key] = self._value(value_node)
        return pairs

    def _node_error(self, node: yaml.Node, message: str) -> FileError:
        return FileError(self.path, node.start_mark.line + 1, message)


def _child(node: yaml.Node | None, part: str | int) -> tuple[Any, yaml.Node] | None:
    """Return the start mark and the node of a key or an index; None if there is none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark, value
    if not isinstance(node, yaml.SequenceNode) or not isinstance(part, int):
        return None
    if part >= len(node.value):
        return None
    item = node.value[part]
    return item.start_mark, item
