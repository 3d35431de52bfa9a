"""Read a study file and check it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Document
from facsimile.studies.study import Study


def load(path: Path) -> Study:
    """Read and check one study file; raises FileError with file, line, what is wrong and what would be right."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a study is a mapping of keys; see config/README.md")
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        # A misspelt key is also a missing one; the first says more.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise document.error(*_explain(first)) from None
    if study.id != path.parent.name:
        raise document.error(
            ("id",),
            f"the study in {path} must have the id {path.parent.name!r}, the name of its folder, "
            f"not {study.id!r}",
        )
    for location, message in study.problems():
        raise document.error(location, message)
    return study


def _explain(error: Any) -> tuple[tuple[str | int, ...], str]:
    location = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        return location, discover.unknown("such key:", str(location[-1]), known)
    return location, error["msg"].removeprefix("Value error, ")


def _keys_at(location: tuple[str | int, ...]) -> list[str]:
    """The keys that the schema allows at a place of the study file."""
    definitions = (schema := Study.model_json_schema()).get("$defs", {})
    for part in location:
        if isinstance(part, int):
            schema = schema.get("items", schema)
        else:
            schema = schema.get("properties", {}).get(part) or schema.get(
                "additionalProperties", {}
            )
        for option in schema.get("anyOf", []):
            schema = option if "$ref" in option or "properties" in option else schema
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return list(schema.get("properties", {}))
