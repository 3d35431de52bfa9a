"""The machine's configuration, config/config.yaml.

Its keys change where and how fast results are computed, but never the results themselves.
"""

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
# Placeholder for the folder of the papers that come with Facsimile, wherever it is installed.
SHIPPED = Path("shipped")
# Keys of older configurations -> message with what to use instead.
GONE = {
    key: f"the key {key} no longer exists: a paper is a folder with study.yaml and published.csv; "
    "list its parent folder under papers"
    for key in ("studies", "published")
}


class Config(BaseModel):
    """Every key can also be set on Snakemake's command line, as ``--config key=value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: str = Field(
        default="smoke",
        description="how much of each study is run: smoke, desk or paper",
    )
    papers: list[Path] = Field(
        default=[SHIPPED, *discover.USERS],
        description="folders with one folder per paper; shipped: those that come with Facsimile "
        "[default: shipped, and those in the environment variable FACSIMILE_PAPERS]",
    )
    results: Path = Field(
        default=Path("results"),
        description="folder that everything is written to",
    )
    shard_size: PositiveInt = Field(
        default=50,
        description="runs per job; changing it never reruns finished work",
    )
    execution: Literal["auto", "serial", "packed"] = Field(
        default="auto",
        description="serial: train one run at a time; packed: train several runs in one program; "
        "auto: packed on a GPU",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="auto: a GPU if PyTorch finds one",
    )
    pack: PositiveInt = Field(
        default=50,
        description="runs per pack if runs are packed; preferably a divisor of shard_size",
    )
    compile: bool = Field(
        default=True,
        description="compile the training step of a pack; only on a GPU, requires a C compiler",
    )
    precision: Literal["auto", "float32", "tf32", "bf16"] = Field(
        default="auto",
        description="precision of training, recorded with the run; "
        "auto: bf16 if the processor supports it",
    )
    layers: Literal["auto", "torch", "channels_last"] = Field(
        default="auto",
        description="layers of networks on a processor, recorded with the run: torch's own, or "
        "the same with channels last in memory; auto: the faster",
    )
    stored_latents: Literal["float32", "float16"] = Field(
        default="float32",
        description="number format of latents.h5; float16 needs half the space "
        "and rounds to 11 bits",
    )
    checkpoint_minutes: PositiveFloat = Field(
        default=5.0,
        description="minutes between two checkpoints of a run",
    )
    checkpoint_steps: PositiveInt | None = Field(
        default=None,
        description="steps between two checkpoints, in addition to checkpoint_minutes",
    )
    report_decoders: int = Field(
        default=12,
        ge=0,
        description="number of runs whose latents a report can explore; each takes about 2 MB",
    )
    sources: dict[str, Path] = Field(
        default={},
        description="data set -> its official file, or the folder with its files",
    )
    unverified: list[str] = Field(
        default=[],
        description="data sets whose official files may have another checksum than the published "
        "one; their runs record that the data are unverified",
    )
    data_dir: Path | None = Field(
        default=None,
        description="folder of official data files: searched first, and used for downloads",
    )

    @field_validator("papers", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        return [value] if isinstance(value, str | Path) else value

    @property
    def paper_folders(self) -> list[Path]:
        """Folders with one folder per paper."""
        return [discover.SHIPPED if folder == SHIPPED else folder for folder in self.papers]


def load(path: Path = DEFAULT) -> Config:
    """Read a configuration file; raises FileError with file and line."""
    document = Document(path)
    return check(document.data, path, document)


def check(data: object, path: Path = DEFAULT, document: Document | None = None) -> Config:
    """Validate a configuration that was already read.

    For example Snakemake's ``config``, which includes the command-line overrides. Raises FileError
    if the document is given, else ValueError.
    """
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        location = tuple(first["loc"])
        message = first["msg"]
        if first["type"] == "extra_forbidden":
            key = str(location[0])
            keys = list(Config.model_fields)
            message = GONE.get(key) or discover.unknown("key", key, keys)
        if document:
            raise document.error(location, message) from None
        # Without a document, a value may come from the file or from the command line.
        name = ".".join(map(str, location))
        raise ValueError(f"{path} or --config: {name}: {message}") from None
