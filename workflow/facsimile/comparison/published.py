"""Read papers/<id>/published.csv: numbers as printed, one a line, each with its source."""

import csv
import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

from facsimile.foundation import canonical
from facsimile.foundation.discover import UnknownName, unknown
from facsimile.foundation.yamlfile import FileError
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity

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
# How a number was got; only the last two are not the study's own authors' or code's.
PEER = "peer"
HOWS = ("printed", "digitised", "released", "abstract", "reference run", PEER)
STATISTICS = ("mean", "median", "iqm", "spearman", "count", "exact")
BESIDE = ("study", "reference", "peers")  # what no table or figure of the paper shows
DESIGN = "study.runs"


@dataclass(frozen=True, slots=True)
class Published:
    """One published number; ``rounding`` is half a unit of its last printed place, ``spread`` NaN where none was printed."""

    quantity: Quantity
    value: float
    spread: float
    rounding: float
    source: str
    how: str
    faithful_to: str = ""  # in words, where it stands for a name that has variants
    line: int = 0  # of the CSV


def read(path: Path, context: Context) -> list[Published]:
    """The published numbers of a study; raises FileError with file and line on anything that is not right.

    One quantity may stand there twice with different sources: papers contradict themselves. A number of a name that has
    variants (``variants.py``) is answered once a variant.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        _check_header(path, next(reader, []))
        found = [(reader.line_num, _row(path, reader.line_num, row, context)) for row in reader]
    _check_twice(path, found)
    return [variant for line, published in found for variant in _variants(published, line, context)]


def _variants(number: Published, line: int, context: Context) -> list[Published]:
    pairs = context.design.variants.of(number.quantity)
    return [
        dataclasses.replace(number, quantity=q, faithful_to=words, line=line) for q, words in pairs
    ]


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            raise FileError(path, 1, unknown("column", name, list(COLUMNS)))
    if header != list(COLUMNS):
        raise FileError(path, 1, f"the columns must be, in this order: {','.join(COLUMNS)}")


def _row(path: Path, line: int, fields: list[str], context: Context) -> Published:
    try:
        if len(fields) != len(COLUMNS):
            raise ValueError(
                f"{len(fields)} fields instead of {len(COLUMNS)}; quote a field that has a comma in it"
            )
        said = dict(zip(COLUMNS, (field.strip() for field in fields), strict=True))
        return _published(said, context)
    except ValueError as error:
        raise FileError(path, line, str(error)) from None


def _published(said: dict[str, str], context: Context) -> Published:
    _one_of("artefact", said["artefact"], [*context.design.artefacts, *BESIDE])
    _one_of(
        "data set of the study",
        said["dataset"],
        ["", *context.design.datasets, *context.design.variants.dataset],
    )
    named = [
        *context.design.models,
        *context.design.controls,
        *context.design.labels,
        *context.design.variants.model,
    ]
    _one_of("model of the study", said["model"], ["", *named])
    _one_of("statistic", said["statistic"], list(STATISTICS))
    _one_of("way (how) to get a number", said["how"], list(HOWS))
    for metric in said["metric"].split(" ~ "):
        _check_metric(metric, context)
    if not said["source"]:
        raise ValueError("source: every number needs one, such as 'Table 2, p. 7'")
    params = _params(said["params"], said["model"], context)
    quantity = Quantity(
        said["artefact"], said["dataset"], said["model"], params, said["metric"], said["statistic"]
    )
    spread = _number("spread", said["spread"]) if said["spread"] else math.nan
    return Published(
        quantity,
        _number("value", said["value"]),
        spread,
        _rounding(said["value"]),
        said["source"],
        said["how"],
    )


def _one_of(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UnknownName(what, name, [word for word in known if word])


def _check_metric(metric: str, context: Context) -> None:
    family, dot, score = metric.partition(".")
    if metric == DESIGN or metric in context.design.unmeasured:
        return
    if not (dot and score):
        raise ValueError(
            f"metric {metric!r}: write metric.score, as mig.mig or dci.disentanglement"
        )
    _one_of("metric of the study", family, list(context.design.metrics))


def _params(text: str, model: str, context: Context) -> str:
    """Canonical JSON of the hyper-parameters that the number is for; "" for all runs of the model."""
    if not text:
        return ""
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise ValueError(f'params {text!r}: write JSON, as {{"beta":4}}, quoted as CSV wants it')
    for key in given:
        _one_of(
            f"hyper-parameter of {model or 'no model'}",
            key,
            list(context.design.models.get(model, ())),
        )
    return canonical.dumps(given)


def _number(what: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"{what} {text!r}: a finite number is wanted, as 0.896; leave the line out if there is none"
        )
    return value


def _rounding(text: str) -> float:
    mantissa, _, exponent = text.lower().partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _check_twice(path: Path, found: list[tuple[int, Published]]) -> None:
    seen: dict[tuple[Quantity, str], int] = {}
    for line, published in found:
        first = seen.setdefault((published.quantity, published.source), line)
        if first != line:
            raise FileError(
                path, line, f"twice with one source, first in line {first}; keep one of them"
            )
