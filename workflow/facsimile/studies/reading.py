"""Read a study file and check it."""

import functools
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Document, Location
from facsimile.studies.study import Study


def load(path: Path) -> Study:
    """Read and check one study file.

    Raises FileError with the file, the line, what is wrong and what would be right.
    """
    status = path.stat()
    return _load(path, (status.st_mtime_ns, status.st_size))


@functools.lru_cache(maxsize=64)  # reading a large study takes a tenth of a second
def _load(path: Path, _state: tuple[int, int]) -> Study:
    """``_state`` changes if the file does, so that an old study is not taken from the cache."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a study is a mapping of keys; see config/README.md")
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        raise document.error(*_explained(_most_helpful(error))) from None
    # Other code finds a study by the name of its folder.
    folder = path.parent.name
    if study.id != folder:
        raise document.error(
            ("id",),
            f"the study in {path} must have the id {folder!r}, the name of its folder, "
            f"not {study.id!r}",
        )
    for location, message in study.problems():
        raise document.error(location, message)
    return study


def _most_helpful(error: ValidationError) -> Any:
    """Return the first error about an unknown key, else the first error.

    A misspelt key also causes an error about a missing one, which says less.
    """
    errors = error.errors()
    for details in errors:
        if details["type"] == "extra_forbidden":
            return details
    return errors[0]


def _explained(error: Any) -> tuple[Location, str]:
    """Return where a validation error is, and a message for the reader."""
    location = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        keys = _keys_at(location[:-1])
        return location, discover.unknown("such key:", str(location[-1]), keys)
    return location, error["msg"].removeprefix("Value error, ")


def _keys_at(location: Location) -> list[str]:
    """Return the keys that the schema allows at a location in the study file."""
    schema = Study.model_json_schema()
    definitions = schema.get("$defs", {})
    # References point into the definitions at the top level of the schema.
    for part in location:
        schema = _resolved(_subschema(schema, part), definitions)
    return list(schema.get("properties", {}))


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
