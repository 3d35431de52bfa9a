"""The machine's configuration, config/config.yaml: choices that change where and how fast, never what."""

from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Document

DEFAULT = Path("config/config.yaml")
SHIPPED = Path("shipped")  # stands for the folder of the papers that come with Facsimile
GONE = {
    key: f"there is no key {key} any more: a paper is a folder with study.yaml and published.csv; "
    "name the folder that holds it under papers"
    for key in ("studies", "published")
}


class Config(BaseModel):
    """Every key may be given on Snakemake's command line as ``--config key=value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: str = Field(
        default="smoke", description="how much of each study is run: smoke, desk or paper"
    )
    papers: list[Path] = Field(
        default=[SHIPPED],
        description="folders with one folder per paper; shipped: those that come with Facsimile",
    )
    results: Path = Field(
        default=Path("results"), description="folder that everything is written to"
    )
    shard_size: PositiveInt = Field(
        default=50, description="runs a job; changing it reruns nothing that is done"
    )
    execution: Literal["auto", "serial", "packed"] = Field(
        default="auto",
        description="serial: a run at a time; packed: a pack of runs in one program; auto: packed on a GPU",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: a GPU where torch finds one"
    )
    pack: PositiveInt = Field(
        default=50, description="runs a pack, where runs are packed; best a divisor of shard_size"
    )
    compile: bool = Field(
        default=True,
        description="compile the step of a pack; on a GPU only, and needs a C compiler there",
    )
    precision: Literal["auto", "float32", "tf32", "bf16"] = Field(
        default="auto",
        description="of training; auto is bf16 where the processor has it, and is recorded with the run",
    )
    stored_latents: Literal["float32", "float16"] = Field(
        default="float32",
        description="numbers of latents.h5; float16 takes half the room and is rounded to 11 bits",
    )
    checkpoint_minutes: PositiveFloat = Field(
        default=5.0, description="minutes between two checkpoints of a run"
    )
    checkpoint_steps: PositiveInt | None = Field(
        default=None, description="steps between two checkpoints, besides the minutes"
    )
    report_decoders: int = Field(
        default=12, ge=0, description="runs whose latents a report explores; each takes about 2 MB"
    )
    sources: dict[str, Path] = Field(
        default={}, description="data set -> its official file, or a folder that holds its files"
    )
    data_dir: Path | None = Field(
        default=None,
        description="folder of official data files: looked into first, downloaded into",
    )

    @field_validator("papers", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str | Path) else value

    @property
    def paper_folders(self) -> list[Path]:
        """Folders with one folder per paper."""
        return [discover.SHIPPED if folder == SHIPPED else folder for folder in self.papers]


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
            key = str(first["loc"][0])
            message = GONE.get(key) or discover.unknown("key", key, list(Config.model_fields))
        if document:
            raise document.error(tuple(first["loc"]), message) from None
        raise ValueError(
            f"{path} or --config: {'.'.join(map(str, first['loc']))}: {message}"
        ) from None
