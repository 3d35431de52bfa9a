"""Settings on command lines: ``key=value``, read and written in one way.

The workflow passes its configuration to each job as ``--set=key=JSON``; ``Config`` then checks it
as it checks the configuration file. A person may also write text: ``--set results=my_results``.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from facsimile.planning.config import Config, accepts_text


def written(config: Config) -> list[str]:
    """Return ``key=JSON`` for each key that a configuration sets, sorted; ``read`` reverses it."""
    values = config.model_dump(mode="json", include=config.model_fields_set)
    # Sorted, so that commands do not depend on the order of the command line.
    return [f"{key}={json.dumps(values[key])}" for key in sorted(values)]


def read(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the settings that ``key=value`` pairs state.

    A value is JSON, a list or mapping as YAML writes it in brackets, or else text. A key such as
    ``sources.cars3d`` sets one entry of a mapping. Raises ValueError for anything else, and if
    pairs contradict each other.
    """
    values: dict[str, Any] = {}
    entries: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator:
            raise ValueError(f"{pair!r}: write key=value")
        name, dot, entry = key.partition(".")
        if dot:
            entries.setdefault(name, {})[entry] = _value(name, text)
        else:
            values[name] = _value(name, text)
    for name, parts in entries.items():
        if name in values:
            raise ValueError(
                f"{name} and {name}.{next(iter(parts))} are both set; set {name} or its entries"
            )
        values[name] = Entries(parts)
    return values


class Entries(dict[str, Any]):
    """Some entries of a mapping; the others stay as they are in the configuration file."""


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with changes; of a mapping, ``Entries`` change only the entries they have."""
    result = dict(settings)
    for key, value in changes.items():
        before = result.get(key)
        if isinstance(value, Entries) and isinstance(before, Mapping):
            value = {**before, **value}
        result[key] = value
    return result


def _value(key: str, text: str) -> Any:
    """Return the value of one setting."""
    value = _parsed(key, text)
    # ``results=2024`` is a folder of this name, and ``scale=1`` would be a scale of this name.
    if accepts_text(key) and not isinstance(value, str | list | dict | None):
        return text
    return value


def _parsed(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    # Also for a number of more digits than Python reads.
    except (ValueError, RecursionError):
        pass
    if not text.startswith(("[", "{")) or not _is_collection(key):
        return text
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError(f"{key}={text}: not a list or mapping; write JSON") from None


@functools.cache
def _is_collection(key: str) -> bool:
    """Return whether the values of a key are lists or mappings."""
    field = Config.model_fields.get(key)
    return field is not None and str(field.annotation).startswith(("list", "dict"))
