"""The machine's configuration, config/config.yaml.

Its keys change where and how fast results are computed, but never the results themselves.
"""

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from facsimile.foundation import discover
from facsimile.foundation.discover import STUDY
from facsimile.foundation.file_errors import FileError, raise_all
from facsimile.foundation.yamlfile import Document, Location
from facsimile.studies.values import no_switch

DEFAULT = Path("config/config.yaml")
# Placeholder for the folder of the papers that come with Facsimile, wherever it is installed.
SHIPPED = Path("shipped")
# Words for no value in YAML and Python; Snakemake's --config passes them as text.
NOTHING = ("null", "none", "~", "")
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
    scores: Literal["own", "reference"] = Field(
        default="own",
        description="own: scores of the models trained here; reference: the scores that come with "
        "Facsimile, from which everything is drawn again without training, in results/shipped",
    )
    shard_size: PositiveInt = Field(
        default=50,
        description="runs per job; changing it never reruns finished work",
    )
    execution: Literal["auto", "serial", "packed"] = Field(
        default="auto",
        description="serial: train one run at a time; packed: train several runs in one program; "
        "auto: packed on a GPU, and everywhere if the networks are small",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="auto: a GPU if PyTorch finds one",
    )
    pack: PositiveInt | None = Field(
        default=None,
        description="runs per pack if runs are packed; preferably a divisor of shard_size; "
        "by default 50 on a GPU and 10 on a processor",
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
    loggers: list[str] = Field(
        default=[],
        description="programs that training curves are sent to: tensorboard, wandb (offline), or "
        "a module of your own with a function start",
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

    @field_validator("papers", "unverified", "loggers", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        return [value] if isinstance(value, str | Path) else value

    @field_validator("unverified", mode="before")
    @classmethod
    def _may_be_empty(cls, value: object) -> object:
        return [] if value is None else value

    @field_validator("sources", mode="before")
    @classmethod
    def _has_keys(cls, value: object) -> object:
        # A key whose entries are all commented out has no value.
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise ValueError(f"must be data set: file, such as dsprites: FILE.npz, not {value!r}")
        return value

    @field_validator("papers")
    @classmethod
    def _are_some(cls, papers: list[Path]) -> list[Path]:
        if not papers:
            raise ValueError("no folder of papers; leave out the key for those of Facsimile")
        return papers

    @field_validator("shard_size", "pack", "checkpoint_steps", "checkpoint_minutes", mode="before")
    @classmethod
    def _is_no_switch(cls, value: object) -> object:
        return no_switch(value)

    @field_validator("papers", "results", "sources", "data_dir", mode="before")
    @classmethod
    def _are_usable_paths(cls, value: object, info: ValidationInfo) -> object:
        for text in _texts(value):
            _check_path(text, is_pattern=info.field_name == "results")
            # Jobs get the folders in an environment variable, as one text.
            if info.field_name == "papers" and os.pathsep in text:
                raise ValueError(f"{text!r}: {os.pathsep!r} separates folders; choose another name")
        return _expanded(value)

    @field_validator("results", "data_dir")
    @classmethod
    def _is_no_file(cls, folder: Path | None) -> Path | None:
        if folder is not None and folder.is_file():
            raise ValueError(f"{folder} is a file; name a folder")
        return folder

    @field_validator("data_dir", "checkpoint_steps", mode="before")
    @classmethod
    def _is_no_word_for_nothing(cls, value: object) -> object:
        if isinstance(value, str) and value.lower() in NOTHING:
            raise ValueError(f"{value!r} is text here; for none, leave out the key or its value")
        return value

    @property
    def paper_folders(self) -> list[Path]:
        """Folders with one folder per paper."""
        return [discover.SHIPPED if folder == SHIPPED else folder for folder in self.papers]


def load(path: Path = DEFAULT) -> Config:
    """Read a configuration file; raises FileError with file and line."""
    document = Document(path)
    return check(document.data, path, document)


def check(data: object, path: Path = DEFAULT, document: Document | None = None) -> Config:
    """Validate a configuration that was already read, and check that what it names exists.

    For example Snakemake's ``config``, which includes the command-line overrides. An error in a
    value of the document has its file and line. Raises FileError if an error is in the document,
    else ValueError.
    """
    misread = _misread(document, data) if document else []
    try:
        config = Config.model_validate(data)
        problems = _missing(config)
    except ValidationError as error:
        problems = [_explained(detail) for detail in error.errors()]
    in_file: list[FileError] = list(misread)
    elsewhere: list[str] = []
    for location, message in problems:
        if document and _is_in(document, location, data):
            in_file.append(document.error(location, message))
        else:
            # A value may come from the file or from the command line.
            name = ".".join(map(str, location))
            elsewhere.append(f"{path} or --config: {name}: {message}")
    if elsewhere:
        raise ValueError("\n".join([*map(str, in_file), *elsewhere]))
    raise_all(in_file)
    return config


def _misread(document: Document, data: object) -> list[FileError]:
    """Return the numbers of a document that YAML misreads, of those keys that are used."""
    errors: list[FileError] = []
    for location, message in document.misread:
        if not isinstance(data, Mapping) or location[0] in data:
            errors.append(document.error(location, message))
    return errors


@functools.cache
def accepts_text(key: str) -> bool:
    """Return whether a key is a text, a path, or a list or mapping of paths."""
    field = Config.model_fields.get(key)
    return field is not None and (field.annotation is str or "Path" in str(field.annotation))


def _explained(detail: Any) -> tuple[Location, str]:
    """Return the key that an error is about, and a message for the reader."""
    location = tuple(detail["loc"])
    key = str(location[0]) if location else ""
    if detail["type"] == "extra_forbidden":
        return location, GONE.get(key) or discover.unknown("key", key, list(Config.model_fields))
    message = str(detail["msg"]).removeprefix("Value error, ")
    value = detail["input"]
    if not location:
        return location, f"must be keys and values, such as scale: smoke, not {value!r}"
    if accepts_text(key) and not isinstance(value, str | list | dict | None):
        kind = type(value).__name__
        return location, f"must be text, not the {kind} {value}; in a file, put it in quotes"
    return location, message


def _is_in(document: Document, location: Location, data: object) -> bool:
    """Return whether the value at a location is that of the document, not of the command line."""
    if not isinstance(data, Mapping) or not isinstance(document.data, Mapping) or not location:
        return True
    key = location[0]
    if key not in document.data:
        return False
    in_file, used = document.data[key], data.get(key)
    return in_file is used or in_file == used


def _missing(config: Config) -> list[tuple[Location, str]]:
    """Return the papers and sources that a configuration names and that do not exist."""
    problems: list[tuple[Location, str]] = []
    for i, folder in enumerate(config.papers):
        message = "" if folder == SHIPPED else _papers_problem(folder)
        if message:
            problems.append((("papers", i), message))
    named: list[Location] = [("sources", name) for name in config.sources]
    named += [("unverified", i) for i in range(len(config.unverified))]
    if named and not problems:
        discover.use_papers(config.paper_folders)
        datasets = discover.names("datasets")
        for location in named:
            key, place = location
            name = config.unverified[int(place)] if key == "unverified" else str(place)
            if name not in datasets:
                problems.append((location, discover.unknown("data set", name, datasets)))
    return problems


def _papers_problem(folder: Path) -> str:
    """Return why a folder is not one of papers; empty if it is one."""
    path = folder.absolute()
    if not folder.is_dir():
        return f"no folder {path}; relative paths begin at the working directory"
    if (folder / STUDY).is_file():
        return f"{path} is one paper; list the folder that holds it, {path.parent}"
    if not any(map(discover.is_home, folder.glob("*/"))):
        return f"no folder in {path} has a {STUDY}, or models, metrics or other code"
    return ""


def _expanded(value: object) -> object:
    """Return the paths of a setting with the home folder in place of ``~/``."""
    if isinstance(value, Mapping):
        return {key: _expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    is_path = isinstance(value, str | Path) and str(value).startswith("~/")
    return os.path.expanduser(str(value)) if is_path else value


def _texts(value: object) -> list[str]:
    """Return the text or path of a setting, or those in its list or mapping."""
    if isinstance(value, Mapping):
        value = list(value.values())
    values = value if isinstance(value, list) else [value]
    return [str(item) for item in values if isinstance(item, str | Path)]


def _check_path(text: str, is_pattern: bool) -> None:
    """Raise ValueError if a text cannot be the path of a file or folder."""
    if not text.strip():
        raise ValueError("an empty path; write . for the working directory")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError(f"{text!r} has a control character; choose another name")
    # Snakemake would replace what is in the braces.
    if is_pattern and any(character in "{}" for character in text):
        raise ValueError(f"{text!r}: a name with braces is a pattern to Snakemake; choose another")
