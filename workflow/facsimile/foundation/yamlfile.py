"""Read a YAML file as plain data and keep the line of every key, for use in error messages."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from facsimile.foundation import text_files
from facsimile.foundation.file_errors import FileError

# Path to a part of the data: keys of mappings and indices of lists.
Location = tuple[str | int, ...]

# Limits for files that a person wrote, so that a malicious one cannot exhaust the memory.
# The largest study uses about a thousandth of these bytes.
BYTES = 2**22
# Number of values after aliases are expanded: a few lines of aliases can expand to more values
# than any memory holds.
NODES = 200_000

PLAIN_TYPES = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
TAG = "tag:yaml.org,2002:"
PLAIN = {TAG + type for type in PLAIN_TYPES}

# Numbers that YAML 1.1, which PyYAML reads, takes for something else than their author means:
# 020 is 16, and 1e3 is text.
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]{1,40}")
EXPONENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[eE]([-+]?[0-9]+)")


def _fast_composer() -> Any:
    """Return a class that parses in C, in a tenth of the time.

    It composes in Python, which limits how deep it nests, as a composer in C does not. PyYAML may
    be installed without the parser in C.
    """
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        return yaml.SafeLoader

    class FastComposer(Composer, CParser, Resolver):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            Resolver.__init__(self)

    return FastComposer


FAST_COMPOSER = _fast_composer()


class Document:
    """The data of one YAML file, and the line of each part of it.

    ``misread`` lists numbers that YAML 1.1 takes for something else than their author means, with
    their location and a message; ``data`` has the number that the author means.

    Raises FileError if the file is not valid YAML, is too large, or contains more than plain data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.misread: list[tuple[Location, str]] = []
        self._node_count = 0
        self._constructor = yaml.constructor.SafeConstructor()
        size = path.stat().st_size
        if size > BYTES:
            raise FileError(path, 1, f"{size:,} bytes; at most {BYTES:,} are allowed")
        try:
            text = text_files.utf8(path, "save it as UTF-8")
            self.root = _composed(text)
            self.data = self._value(self.root, ()) if self.root else {}
        except RecursionError:
            message = "nested too deeply, or an alias (*name) is inside its own anchor (&name)"
            raise FileError(path, 1, message) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise FileError(path, line, f"not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
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

    def text(self, location: Location) -> str:
        """Return the number, word or date at ``location`` as the file spells it, else ""."""
        node = self.root
        for part in location:
            child = _child(node, part)
            if child is None:
                return ""
            node = child[1]
        return node.value if isinstance(node, yaml.ScalarNode) else ""

    def error(self, location: Location, message: str) -> FileError:
        """Return an error about the part of the file at ``location``."""
        key = ".".join(map(str, location))
        text = f"{key}: {message}" if key else message
        return FileError(self.path, self.line(location), text)

    def misread_errors(self) -> list[FileError]:
        """Return one error for each number in ``misread``."""
        return [self.error(location, message) for location, message in self.misread]

    def _value(self, node: Any, location: Location) -> Any:
        """Return a node as plain data; raises FileError for tags and for repeated keys.

        YAML itself would accept both.
        """
        self._node_count += 1
        if self._node_count > NODES:
            raise self._node_error(
                node, f"more than {NODES:,} values; aliases (*name) multiply them"
            )
        if node.tag not in PLAIN:
            tag = node.tag.replace(TAG, "!!")
            raise self._node_error(node, f"not valid YAML here: the tag {tag}; write plain data")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self._value(item, (*location, i)) for i, item in items]
        return self._scalar(node, location)

    def _scalar(self, node: yaml.ScalarNode, location: Location) -> Any:
        try:
            value = self._constructor.construct_object(node)
        # For example a date in month 13, or a number of 5,000 digits.
        except (ValueError, LookupError, OverflowError) as error:
            text = repr(node.value[:40])
            raise self._node_error(node, f"not valid YAML: {text}: {error}") from None
        # In quotes or as a block, text is meant.
        intended = None if node.style else _intended_number(node, value)
        if intended is None:
            return value
        number, message = intended
        self.misread.append((location, message))
        return number

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[Hashable, Any]:
        pairs: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self._value(key_node, location)
            if not isinstance(key, Hashable) or key in pairs:
                raise self._node_error(key_node, f"{key}: this key appears twice; keep one")
            pairs[key] = self._value(value_node, (*location, str(key)))
        return pairs

    def _node_error(self, node: yaml.Node, message: str) -> FileError:
        return FileError(self.path, node.start_mark.line + 1, message)


def _composed(text: str) -> Any:
    """Return the root node of a YAML text, None if it is empty; raises yaml.YAMLError."""
    try:
        return FAST_COMPOSER(text).get_single_node()
    # The messages of the parser in Python say more.
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def _intended_number(node: yaml.ScalarNode, value: Any) -> tuple[int | float, str] | None:
    """Return the number that a person means by a scalar, and a message, if YAML reads another."""
    text = node.value
    type = node.tag.removeprefix(TAG)
    if type in ("int", "float") and ":" in text:
        message = f"YAML reads {text} as the number {value}, in base 60: write {value}"
        return value, f'{message}, or "{text}" for text'
    if type in ("int", "str") and LEADING_ZERO.fullmatch(text):
        number = int(text.replace("_", ""))
        read_as = f"the octal number {value}" if type == "int" else "text"
        return number, f'YAML reads {text} as {read_as}: write {number}, or "{text}" for text'
    exponent = EXPONENT.fullmatch(text) if type == "str" else None
    if exponent:
        spelling = _yaml_float(*exponent.groups())
        return float(text), f'YAML reads {text} as text: write {spelling}, or "{text}" for text'
    return None


def _yaml_float(mantissa: str, exponent: str) -> str:
    """Return a float as YAML 1.1 spells it: with a decimal point, and a sign of the exponent."""
    if mantissa.endswith("."):
        mantissa += "0"
    elif "." not in mantissa:
        mantissa += ".0"
    sign = "" if exponent[0] in "-+" else "+"
    return f"{mantissa}e{sign}{exponent}"


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
