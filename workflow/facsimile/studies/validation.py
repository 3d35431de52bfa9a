"""Validate a study file against the schema; report every error, and keep the parts that are valid.

The valid parts can then be checked further, so that all mistakes of a file are reported at once.
"""

import copy
import difflib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Document, Location

TEXT, NUMBER, MISSING, UNKNOWN_KEY = "string_type", "number", "missing", "extra_forbidden"
# Types of pydantic's errors about numbers that are written as something else.
NUMBER_ERRORS = ("int_parsing", "int_type", "float_parsing", "float_type", "int_from_float")


class Validated:
    """What the schema says about a document.

    ``valid`` has the document's data without the parts that are not valid; None if too much is
    missing. ``errors`` are locations in the file, each with a message.
    """

    def __init__(
        self, document: Document, schema: type[BaseModel], placeholders: Mapping[str, Any]
    ) -> None:
        """Validate a document.

        ``placeholders`` are values for top-level keys that are not valid or missing, with which
        the other parts can be checked all the same.
        """
        self.document = document
        self.placeholders = placeholders
        self.schema = schema
        self.errors: list[tuple[Location, str]] = []
        self.valid: Any = None
        # Names in the parts that were left out.
        self._removed: set[str] = set()
        # Location of a list -> index in the file of each item that is left.
        self._indices: dict[Location, list[int]] = {}
        self._validate(copy.deepcopy(document.data))

    def in_file(self, location: Location) -> Location:
        """Return the location in the file of a part of ``valid``."""
        parts: Location = ()
        for part in location:
            indices = self._indices.get(parts)
            if indices is not None and isinstance(part, int):
                part = indices[part]
            parts = (*parts, part)
        return parts

    def explains(self, message: str) -> bool:
        """Return whether a message is about a name in a part that is not valid."""
        words = set(re.findall(r"\w{3,}", message))
        # Shorter names may be words of the message, unless they are in quotes.
        words |= set(re.findall(r"'(\w+)'", message))
        return bool(words & self._removed)

    def _validate(self, data: Any) -> None:
        is_first = True
        # A placeholder that is not valid itself would be removed and filled in again for ever.
        earlier: list[Any] = []
        while data not in earlier:
            earlier.append(copy.deepcopy(data))
            try:
                self.valid = self.schema.model_validate(data)
                return
            except ValidationError as error:
                details = error.errors()
            # Later errors are consequences of what was left out.
            if is_first:
                self.errors = self._explained(details)
            is_first = False
            self._rename_misspelt(data, details)
            if not self._remove_parts(data, details):
                return

    def _explained(self, details: list[Any]) -> list[tuple[Location, str]]:
        """Return one location and message per mistake."""
        messages: dict[Location, list[str]] = {}
        missing: dict[Location, list[str]] = {}
        for detail in details:
            location = _existing(self.document.data, tuple(detail["loc"]))
            if detail["type"] != MISSING:
                messages.setdefault(location, []).append(self._message(location, detail))
            elif self._misspelling(detail, details) is None:
                missing.setdefault(location, []).append(str(detail["loc"][-1]))
        # Several messages about one place are about the types that it may have.
        errors = [(location, " or ".join(texts)) for location, texts in messages.items()]
        for location, keys in missing.items():
            errors.append((location, f"missing: {', '.join(keys)}"))
        return errors

    def _misspelling(self, missing: Any, details: list[Any]) -> str | None:
        """Return the unknown key that stands for a missing one; None if there is none."""
        *parent, key = missing["loc"]
        for detail in details:
            *other_parent, other = detail["loc"]
            near = difflib.get_close_matches(str(other), [str(key)], cutoff=0.5)
            if detail["type"] == UNKNOWN_KEY and parent == other_parent and near:
                return str(other)
        return None

    def _message(self, location: Location, detail: Any) -> str:
        value, spelling = detail["input"], self.document.text(location)
        if detail["type"] == UNKNOWN_KEY:
            keys = self._keys_at(tuple(detail["loc"])[:-1])
            return discover.unknown("such key:", str(location[-1]), keys)
        if detail["type"] == TEXT and spelling:
            kind = type(value).__name__ if value is not None else "null"
            return f'must be text, and YAML reads {spelling} as {kind}: write "{spelling}"'
        if detail["type"] in NUMBER_ERRORS and isinstance(value, str):
            return f"must be a number, not the text {value!r} ({detail['msg']})"
        return str(detail["msg"]).removeprefix("Value error, ")

    def _keys_at(self, location: Location) -> list[str]:
        """Return the keys that the schema allows at a location in the file."""
        schema = self.schema.model_json_schema()
        definitions = schema.get("$defs", {})
        # References point into the definitions at the top level of the schema.
        for part in location:
            schema = _resolved(_subschema(schema, part), definitions)
        return list(schema.get("properties", {}))

    def _rename_misspelt(self, data: Any, details: list[Any]) -> None:
        """Give misspelt keys the names of the missing ones that they stand for."""
        for detail in details:
            *parent, key = detail["loc"]
            container = _at(data, tuple(parent))
            if detail["type"] != MISSING or not isinstance(container, dict):
                continue
            spelling = self._misspelling(detail, details)
            # One spelling may be near to two keys.
            if spelling is not None and key not in container and _has(container, spelling):
                container[key] = container.pop(_key(container, spelling))

    def _remove_parts(self, data: Any, details: list[Any]) -> bool:
        """Remove what each error is about; return whether something is left to validate."""
        locations: dict[Location, None] = {}
        for detail in details:
            location = tuple(detail["loc"])
            is_missing, is_there = detail["type"] == MISSING, _contains(data, location)
            # Renamed before.
            if is_there if is_missing else detail["type"] == UNKNOWN_KEY and not is_there:
                continue
            if detail["type"] != MISSING:
                locations[_existing(data, location)] = None
            # Of a missing key, remove the mapping that should have it.
            elif len(location) > 1:
                locations[location[:-1]] = None
            elif location[0] in self.placeholders:
                data[location[0]] = self.placeholders[str(location[0])]
            else:
                return False
        # From the end of the file, so that the indices of other items stay.
        for part in sorted(locations, key=_order, reverse=True):
            if not part:
                return False
            self._remove(data, part)
        return True

    def _remove(self, data: Any, location: Location) -> None:
        *parents, last = location
        container = _at(data, tuple(parents))
        # Already removed with a part that contains it.
        if not _has(container, last):
            return
        # Words of the schema, such as name, are in messages about other parts, too.
        self._removed |= _words(_at(container, (last,))) - _field_names(self.schema)
        if isinstance(container, list):
            place = self.in_file(tuple(parents))
            indices = self._indices.setdefault(place, list(range(len(container))))
            indices.pop(int(last))
            container.pop(int(last))
        else:
            # A name in capitals stands for the same name in lower case.
            self._removed |= {str(last), str(last).lower()}
            del container[_key(container, last)]


def _order(location: Location) -> tuple[tuple[int, int, str], ...]:
    """Return a key for sorting: indices as numbers, names as text."""
    parts: list[tuple[int, int, str]] = []
    for part in location:
        is_index = isinstance(part, int)
        index = int(part) if is_index else 0
        parts.append((0, index, "") if is_index else (1, 0, str(part)))
    return tuple(parts)


def _existing(data: Any, location: Location) -> Location:
    """Return the longest beginning of a location that exists; pydantic appends types to some."""
    existing: Location = ()
    for part in location:
        if not _has(data, part):
            break
        data = _item(data, part)
        existing = (*existing, part)
    return existing


def _has(container: Any, part: str | int) -> bool:
    if isinstance(container, Mapping):
        return any(str(key) == str(part) for key in container)
    return isinstance(container, list) and isinstance(part, int) and part < len(container)


def _key(container: Mapping[Any, Any], part: str | int) -> Any:
    """Return a key as the file has it: the number 2019 for the location "2019"."""
    return next(key for key in container if str(key) == str(part))


def _item(container: Any, part: str | int) -> Any:
    if isinstance(container, Mapping):
        return container[_key(container, part)]
    return container[part]


def _at(data: Any, location: Location) -> Any:
    """Return the part of the data at a location; None if it does not exist."""
    for part in location:
        if not _has(data, part):
            return None
        data = _item(data, part)
    return data


def _contains(data: Any, location: Location) -> bool:
    return _has(_at(data, location[:-1]), location[-1]) if location else True


def _words(value: Any) -> set[str]:
    """Return all names and texts in a part of the data."""
    if isinstance(value, Mapping):
        words = {str(key) for key in value}
        for item in value.values():
            words |= _words(item)
        return words
    if isinstance(value, list):
        return {word for item in value for word in _words(item)}
    return {value} if isinstance(value, str) else set()


def _field_names(schema: type[BaseModel]) -> set[str]:
    """Return the keys that a schema defines, at any level."""
    root = schema.model_json_schema()
    names = set(root.get("properties", {}))
    for definition in root.get("$defs", {}).values():
        names |= set(definition.get("properties", {}))
    return names


def _subschema(schema: dict[str, Any], part: str | int) -> dict[str, Any]:
    """Return the schema of an item of a list, or of the value of a key."""
    if isinstance(part, int):
        return schema.get("items", schema)
    named = schema.get("properties", {}).get(part)
    return named or schema.get("additionalProperties", {})


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow optional types and references until the schema has the keys itself."""
    for option in schema.get("anyOf", []):
        if "$ref" in option or "properties" in option:
            schema = option
    if "$ref" in schema:
        return definitions[schema["$ref"].rsplit("/", 1)[1]]
    return schema
