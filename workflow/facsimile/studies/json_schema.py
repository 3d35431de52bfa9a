"""The JSON schema of study files, generated from studyfile.py."""

import json
from pathlib import Path

from facsimile.foundation import atomic
from facsimile.studies.study import Study

PATH = Path("config/schema/study.schema.json")


def generated() -> str:
    """The schema as it should be."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Study.model_json_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write(check: bool) -> int:
    """Write the schema, or only check it: exit status 1 if the file is not what studyfile.py says."""
    wanted = generated()
    if check:
        return int(not PATH.exists() or PATH.read_text(encoding="utf-8") != wanted)
    atomic.write_bytes(PATH, wanted.encode())
    return 0
