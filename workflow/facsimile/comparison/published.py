"""Reads papers/<id>/published.csv: one number per line, as the paper printed it."""

import dataclasses
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from facsimile.comparison import csv_rows
from facsimile.foundation import canonical
from facsimile.foundation.discover import UnknownName, unknown
from facsimile.foundation.file_errors import FileError, raise_all
from facsimile.presentation import names
from facsimile.presentation.design import Design
from facsimile.presentation.spec import ONE_RUN, Quantity
from facsimile.studies import score_names
from facsimile.studies.study import Study
from facsimile.studies.training import STEP

FILE = "published.csv"
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
COLUMNS = (
    "artefact",
    "dataset",
    "model",
    "params",
    "metric",
    "statistic",
    "value",
    "spread",
    "source",
    "how",
)

# How a number was obtained. Numbers of peers are of other authors.
PEER = "peer"
# Of an exact value that no paper prints; those that depend on a cell are in closed_form.py.
CLOSED_FORM = "closed form"
HOWS = ("printed", "digitised", "released", "abstract", "reference run", CLOSED_FORM, PEER)

# Statistics of several scores or cells together, which kinds of tables compute (``own_estimates``).
OF_TABLES = ("R² objective", "R² setting", "beats random")

STATISTICS = (
    ONE_RUN,
    "mean",
    "median",
    "iqm",
    "lower quartile",
    "upper quartile",
    "lower whisker",
    "upper whisker",
    "outlier",
    "spearman",
    "pearson",
    "count",
    "exact",
    *OF_TABLES,
)

# Artefacts for numbers that no table or figure of the paper shows.
BESIDE = ("study", "reference", "peers")

# Stand for a metric where the number is of the whole study: of its design, or of all its scores.
DESIGN = "study.runs"
OF_STUDY = tuple(name for name in names.OTHER_SCORES if name.startswith("study."))


@dataclass(frozen=True, slots=True)
class Published:
    """One published number.

    ``spread`` is NaN if none was printed. ``rounding`` is half a unit of the last printed digit.
    """

    quantity: Quantity
    value: float
    spread: float
    rounding: float
    source: str
    how: str
    faithful_to: str = ""
    """Whether this variant follows the paper or the code, in words; empty without variants."""
    line: int = 0
    """Line of the CSV."""


class HasDesign(Protocol):
    """What reading needs of a ``Context``, whose module imports pandas."""

    @property
    def design(self) -> Design:
        """What the study states."""


@dataclass(frozen=True)
class OnlyDesign:
    """The design of a study, in place of a ``Context``."""

    design: Design


def check(paper: Path, study: Study) -> None:
    """Check the published numbers of a study, if it has any; raises FileError."""
    path = paper / FILE
    if path.exists():
        read(path, OnlyDesign(Design.of(study)))


def read(
    path: Path,
    context: HasDesign,
) -> list[Published]:
    """Read the published numbers of a study.

    A quantity may occur several times with different sources, because papers contradict themselves.
    A number whose name has variants (see ``variants.py``) is returned once per variant.

    Raises FileError, with file and line, for anything that is not valid; FileErrors for several
    such lines.
    """
    rows = csv_rows.rows(path)
    _, header = next(rows, (1, []))
    _check_header(path, header)
    numbers = []
    errors: list[FileError] = []
    for line, row in rows:
        try:
            numbers.append((line, _row(path, line, row, context)))
        except FileError as error:
            errors.append(error)
    raise_all(errors)
    _check_duplicates(path, numbers)
    variants = []
    for line, number in numbers:
        variants += _variants(number, line, context)
    return variants


def _variants(
    number: Published,
    line: int,
    context: HasDesign,
) -> list[Published]:
    pairs = context.design.variants.of(number.quantity)
    return [
        dataclasses.replace(number, quantity=quantity, faithful_to=words, line=line)
        for quantity, words in pairs
    ]


def _check_header(
    path: Path,
    header: list[str],
) -> None:
    for name in header:
        if name not in COLUMNS:
            raise FileError(path, 1, unknown("column", name, list(COLUMNS)))
    if header != list(COLUMNS):
        raise FileError(path, 1, f"the columns must be, in this order: {','.join(COLUMNS)}")


def _row(
    path: Path,
    line: int,
    values: list[str],
    context: HasDesign,
) -> Published:
    try:
        if len(values) != len(COLUMNS):
            raise ValueError(
                f"{len(values)} fields instead of {len(COLUMNS)};"
                " quote any field that contains a comma"
            )
        fields = dict(zip(COLUMNS, values, strict=True))
        return _published(fields, context)
    except ValueError as error:
        raise FileError(path, line, str(error)) from None


def _published(
    fields: dict[str, str],
    context: HasDesign,
) -> Published:
    """One number from the fields of its line; raises ValueError for a field that is not valid."""
    _check_names(fields, context)
    if not fields["source"]:
        raise ValueError("source: every number needs one, such as 'Table 2, p. 7'")
    params = _params(fields, context)
    quantity = Quantity(
        artefact=fields["artefact"],
        dataset=fields["dataset"],
        model=_method(fields["model"], context),
        params=params,
        metric=fields["metric"],
        statistic=fields["statistic"],
    )
    value = _number("value", fields["value"])
    spread = math.nan
    if fields["spread"]:
        spread = _number("spread", fields["spread"])
        if spread < 0:
            raise ValueError(f"spread {fields['spread']!r}: must not be negative")
    return Published(
        quantity=quantity,
        value=value,
        spread=spread,
        rounding=_rounding(fields["value"]),
        source=fields["source"],
        how=fields["how"],
    )


def _check_names(
    fields: dict[str, str],
    context: HasDesign,
) -> None:
    design = context.design
    artefacts = [*design.artefacts, *BESIDE]
    # An empty field stands for all data sets or models.
    datasets = ["", *design.datasets, *design.variants.dataset, *design.not_made]
    models = [
        "",
        *design.methods,
        *design.labels.values(),
        *design.controls,
        *design.variants.model,
        *design.not_made,
    ]
    _check_name("artefact", fields["artefact"], artefacts)
    _check_name("data set of the study", fields["dataset"], datasets)
    _check_name("model of the study", fields["model"], models)
    _check_name("statistic", fields["statistic"], list(STATISTICS))
    _check_name("way (how) to get a number", fields["how"], list(HOWS))
    for metric in fields["metric"].split(" ~ "):
        _check_metric(metric, context)


def _check_name(
    what: str,
    name: str,
    allowed: list[str],
) -> None:
    if name not in allowed:
        suggestions = dict.fromkeys(word for word in allowed if word)
        raise UnknownName(what, name, list(suggestions))


def _method(model: str, context: HasDesign) -> str:
    """The method that a line is about; raises ValueError for a model with several labels."""
    methods = context.design.methods_of(model)
    # "" stands for all methods; controls and published names of variants are no methods.
    if model in methods or not methods:
        return model
    if len(methods) > 1:
        labels = names.enumeration([repr(method) for method in methods])
        raise ValueError(
            f"model {model!r}: the study has it as {labels}; write one of these labels"
        )
    return methods[0]


def _check_metric(metric: str, context: HasDesign) -> None:
    if metric in OF_STUDY or metric in context.design.unmeasured:
        return
    family, dot, score = metric.partition(".")
    if not (dot and score):
        raise ValueError(
            f"metric {metric!r}: write metric.score, such as mig.mig or dci.disentanglement"
        )
    _check_name("metric of the study", family, list(context.design.metrics))
    if metric in context.design.variants.metric:
        return
    score_names.check(metric)
    variation = metric.partition("@")[2]
    if variation not in context.design.variations and not variation.startswith(STEP):
        raise UnknownName("variation of the study", variation, list(context.design.variations))


def _params(
    fields: dict[str, str],
    context: HasDesign,
) -> str:
    """Canonical JSON of the hyper-parameters the number is for; "" for all runs of the model.

    Coordinates of its table or figure are among them.
    """
    text, model = fields["params"], fields["model"]
    if not text:
        return ""
    params = _json_or_none(text)
    if not isinstance(params, dict):
        raise ValueError(
            f'params {text!r}: write JSON, such as {{"beta":4}}, and quote it as CSV requires'
        )
    coordinates = context.design.coordinates.get(fields["artefact"], ())
    known = [*_hyper_parameters(model, context), *coordinates]
    what = f"hyper-parameter of {model or 'no model'}"
    for key, value in params.items():
        _check_name(what, key, known)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Only a number can be equal to that of a run.
        if not (is_number and math.isfinite(value)):
            written = json.dumps(value)
            raise ValueError(
                f'params {text!r}: {key} is {written}; write a number, as in {{"{key}":4}}'
            )
    return canonical.dumps(params)


def _hyper_parameters(
    model: str,
    context: HasDesign,
) -> list[str]:
    """The hyper-parameters of a model, of a label, or of the variants of a published name."""
    design = context.design
    variants = design.variants.model.get(model, ())
    methods = [method for variant in variants for method in design.methods_of(variant.name)]
    keys: list[str] = []
    for method in methods or design.methods_of(model):
        keys += design.methods[method]
    return list(dict.fromkeys(keys))


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except json.JSONDecodeError:
        return None


def _distinct(
    pairs: list[tuple[str, Any]],
) -> dict[str, Any]:
    """A JSON object; raises ValueError for a repeated key, of which JSON takes the last."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError(f"params: {', '.join(key for key, _ in pairs)}: a key appears twice")
    return values


def _number(column: str, text: str) -> float:
    # float() itself would also take 1_2, and digits of other scripts.
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"{column} {text!r}: must be a finite number, such as 0.896;"
            " leave out the line if there is none"
        )
    return value


def _rounding(text: str) -> float:
    """Half a unit of the last printed digit: 0.005 for ``0.12``, 0.00005 for ``1.0e-3``."""
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - decimals)


def _check_duplicates(
    path: Path,
    numbers: list[tuple[int, Published]],
) -> None:
    lines: dict[tuple[Quantity, str], int] = {}
    for line, number in numbers:
        # A paper may contradict itself, but one place in it prints one number.
        key = (number.quantity, number.source)
        first = lines.setdefault(key, line)
        if first != line:
            raise FileError(
                path,
                line,
                f"duplicate: line {first} has this quantity from the same source; keep one of them",
            )
