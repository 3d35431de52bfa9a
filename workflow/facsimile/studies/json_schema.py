"""The JSON schema of study files, generated from ``study.py``, for completion in editors."""

import json
from pathlib import Path

from facsimile.foundation import atomic
from facsimile.studies.study import Study

PATH = Path("config/schema/study.schema.json")


def generated() -> str:
    """Return the schema as text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= Study.model_json_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write(check: bool) -> int:
    """Write the schema file; with ``check``, only return 1 if the file is out of date, else 0."""
    text = generated()
    if check:
        is_current = PATH.exists() and PATH.read_text(encoding="utf-8") == text
        return int(not is_current)
    atomic.write_bytes(PATH, text.encode())
    return 0
