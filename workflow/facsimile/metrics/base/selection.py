"""Which metrics are computed, by which convention, from the names that a user gives."""

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

from facsimile.foundation import declared, discover
from facsimile.metrics.base.conventions import ALIASES, resolve

# The metrics that Locatello et al. 2019 report; all of them need only codes and factors.
STUDY = (
    "beta_vae_score",
    "factor_vae_score",
    "mig",
    "dci",
    "modularity",
    "explicitness",
    "sap",
    "irs",
    "unsupervised",
)


class Selected(NamedTuple):
    """A metric to compute: its name, its module, and the full name of the convention."""

    name: str
    module: ModuleType
    convention: str

    @property
    def needs(self) -> set[str]:
        """The inputs that the metric needs for this convention."""
        return _needs(self.module, self.convention)


def select(
    metrics: Sequence[str] | str | None,
    convention: str,
    inputs: set[str],
) -> list[Selected]:
    """The metrics to compute from these inputs.

    ``metrics``: names, one string of names separated by commas, "all", or None for those of the
    study. None and "all" leave out metrics that do not have the convention or whose inputs are
    missing; a metric that is named is kept, so that it can say what it needs. Raises UnknownName
    for unknown names and conventions, ValueError if nothing is left to compute.
    """
    if not isinstance(convention, str):
        raise TypeError(f"convention must be a name, such as 'dlib', not {convention!r}")
    convention = convention.strip().lower()
    names = _names(metrics)
    if names is None:
        return _computable(STUDY, convention, inputs)
    if names == ["all"]:
        return _computable(_of_codes(), convention, inputs)
    selected = [_selected(name, convention) for name in names]
    for item in selected:
        if "codes" not in item.module.NEEDS:
            raise ValueError(
                f"{item.name} is computed from the outputs of a run, not from codes: name it in "
                "the metrics of a study"
            )
    return selected


def of_run(metric: str, convention: str) -> Selected:
    """A metric that is computed from the outputs of a run; raises UnknownName."""
    return _selected(metric, convention)


def _names(metrics: Sequence[str] | str | None) -> list[str] | None:
    """The names in lower case, each once; None for the metrics of the study."""
    if metrics is None:
        return None
    if isinstance(metrics, str):
        metrics = metrics.split(",")
    names = []
    for name in metrics:
        if not isinstance(name, str):
            raise TypeError(f"metrics must be names, not {name!r}")
        words = name.lower().replace("-", " ").split()
        if words:
            names.append("_".join(words))
    names = list(dict.fromkeys(names))
    if not names:
        raise ValueError(
            "metrics names no metric; leave it out for those of Locatello et al. 2019, or give "
            "names such as 'mig,dci', or 'all'"
        )
    return names


def _of_codes() -> list[str]:
    """The metrics that are computed from codes. The others may need libraries of an extra."""
    names = discover.names("metrics")
    return [name for name in names if "codes" in declared.evaluated("metrics", name, "NEEDS")]


def _selected(name: str, convention: str) -> Selected:
    metric, _, score = name.partition(".")
    if score and metric in discover.names("metrics"):
        raise ValueError(f"{name!r} is a score of a metric; name the metric, {metric!r}")
    module = discover.module("metrics", name)
    full_name = resolve(convention, module.CONVENTIONS, name)
    return Selected(name, module, full_name)


def _needs(module: ModuleType, convention: str) -> set[str]:
    by_convention = getattr(module, "CONVENTION_NEEDS", {})
    return {*module.NEEDS, *by_convention.get(convention, ())}


def _computable(
    candidates: Sequence[str],
    convention: str,
    inputs: set[str],
) -> list[Selected]:
    """The candidates that have the convention, and whose inputs are all there."""
    selected, obstacles = [], []
    for name in _with_convention(convention, candidates):
        item = _selected(name, convention)
        missing_inputs = item.needs - inputs
        if not missing_inputs:
            selected.append(item)
        else:
            obstacles.append(f"{name} needs {', '.join(sorted(missing_inputs))}")
    if not selected:
        remedy = ""
        if any("table" in text for text in obstacles):
            remedy = "; facsimile.score takes the whole table"
        raise ValueError(
            f"no metric can be computed by convention {convention!r} from these inputs: "
            f"{'; '.join(obstacles)}{remedy}"
        )
    return selected


def _with_convention(convention: str, candidates: Sequence[str]) -> list[str]:
    """The metrics that have a convention; raises UnknownName if none of them has it."""
    conventions = {name: discover.module("metrics", name).CONVENTIONS for name in candidates}
    every_convention: dict[str, str] = {}
    for descriptions in conventions.values():
        every_convention |= descriptions
    resolve(convention, every_convention, "any metric")
    if convention in ALIASES:  # an alias stands for some convention of every metric
        return list(conventions)
    return [name for name, descriptions in conventions.items() if convention in descriptions]
