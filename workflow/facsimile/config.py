"""The machine's configuration, config/config.yaml: choices that change where and how fast, never what."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from facsimile import discover
from facsimile.yamlfile import Document

DEFAULT = Path("config/config.yaml")


class Config(BaseModel):
    """Every key may be given on Snakemake's command line as ``--config key=value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: str = Field(default="smoke", description="how much of each study is run: smoke, desk or paper")
    studies: Path = Field(default=Path("config/studies"), description="folder of study files")
    published: Path = Field(default=Path("config/published"), description="folder of published numbers")
    results: Path = Field(default=Path("results"), description="folder that everything is written to")
    shard_size: PositiveInt = Field(default=50, description="runs a job; changing it reruns nothing that is done")
    precision: Literal["auto", "float32", "bf16"] = Field(
        default="auto", description="of training; auto is bf16 where the processor has it, and is recorded with the run"
    )
    checkpoint_minutes: PositiveFloat = Field(default=5.0, description="minutes between two checkpoints of a run")
    checkpoint_steps: PositiveInt | None = Field(default=None, description="steps between two checkpoints, besides the minutes")
    sources: dict[str, Path] = Field(default={}, description="data set -> its official file, used instead of our rendering")


def load(path: Path = DEFAULT) -> Config:
    """Read the configuration; raises FileError with file and line."""
    document = Document(path)
    return check(document.data, path, document)


def check(data: object, path: Path = DEFAULT, document: Document | None = None) -> Config:
    """Validate configuration that was already read, such as Snakemake's ``config`` with its command-line overrides."""
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"]
        if first["type"] == "extra_forbidden":
            message = discover.unknown("key", str(first["loc"][0]), list(Config.model_fields))
        if document:
            raise document.error(tuple(first["loc"]), message) from None
        raise ValueError(f"{path} or --config: {'.'.join(map(str, first['loc']))}: {message}") from None
