"""Check what Snakemake is asked to make, before it plans anything.

Snakemake itself reports a misspelt target as MissingRuleException, and does not report a misspelt
rule in ``--set-resources``.
"""

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from facsimile.foundation import discover
from facsimile.planning import config, environment, shipped
from facsimile.planning.targets import Targets
from facsimile.studies.study import RULES, Study

NEAREST = 3
# Values of the resource ``fresh`` of the rule ``score`` besides the names of metrics.
FRESH = ("every", "none")


def check_before_planning(
    targets: Targets, workflow: Any, slurm_problem: Callable[[], str]
) -> None:
    """Let Snakemake 9.27 check what it is asked to make once it knows it, before it plans jobs.

    It knows neither targets nor executor while it reads the Snakefile, and has no hook in between.
    ``slurm_problem`` is called for jobs on a cluster; it returns why none can be submitted.
    """
    prepare = workflow._prepare_dag

    def checked(*arguments: Any, **keywords: Any) -> Any:
        _check(targets, workflow, slurm_problem)
        return prepare(*arguments, **keywords)

    workflow._prepare_dag = checked


def _check(targets: Targets, workflow: Any, slurm_problem: Callable[[], str]) -> None:
    """Exit with one line per error; print the errors of studies that are left out."""
    is_own = _is_own(workflow)
    problems = errors(targets, workflow) if is_own else []
    problems.append(read_only(targets))
    executor = workflow.executor_plugin
    # The plugin itself would try to submit each job several times.
    if executor is not None and executor.name == "slurm":
        problems.append(slurm_problem())
    messages = [f"error: {problem}" for problem in problems if problem]
    if messages:
        sys.exit("\n".join(messages))
    for study, error in targets.studies.broken.items():
        print(f"error: {error}\nLeaving out the targets of {study}.", file=sys.stderr)
    if is_own:
        targets.narrow(requested_targets(workflow))


def read_only(targets: Targets) -> str:
    """Return which folder cannot be written to, and what to do instead; empty if all can be."""
    # Where Snakemake keeps its own files, and where results go.
    for folder in (Path(".snakemake"), Path(targets.results)):
        existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            own, at_root = _snakefiles()
            snakefile = at_root if at_root.exists() else own
            settings = config.DEFAULT.resolve()
            configured = f" --configfile {settings}" if settings.exists() else ""
            return (
                f"{folder.resolve()} cannot be written to; run it in a folder of your own: "
                f"snakemake -s {snakefile}{configured} --cores all TARGET"
            )
    return ""


def requested_targets(workflow: Any) -> set[str]:
    """Return the targets and files that Snakemake is asked to make; empty stands for the default.

    Its other options may name files, too, and rules, which are none.
    """
    settings = workflow.dag_settings
    requested = set(settings.targets or ())
    scheduling = workflow.scheduling_settings
    prioritized = scheduling.prioritytargets if scheduling else ()
    for names in (settings.forcerun, settings.until, prioritized):
        requested |= {name for name in names or () if not workflow.is_rule(name)}
    return requested if settings.targets else set()


def _is_own(workflow: Any) -> bool:
    """Return whether Snakemake runs this workflow itself, not one that uses it as a module.

    Such a workflow has other rules and targets, too.
    """
    return Path(workflow.main_snakefile).resolve() in _snakefiles()


def _snakefiles() -> tuple[Path, Path]:
    """Return the Snakefile, and that at the root of the repository, which includes it."""
    own = environment.snakefile().resolve()
    return own, own.parent.parent / own.name


def errors(targets: Targets, workflow: Any) -> list[str]:
    """Return what is wrong with Snakemake's targets and options that name rules."""
    settings, resources = workflow.dag_settings, workflow.resource_settings
    requested: set[str] = set()
    for names in (settings.targets, settings.forcerun, settings.until, settings.omit_from):
        requested |= set(names or ())
    rules = {*resources.overwrite_threads, *resources.overwrite_resources}
    messages = [_target_error(targets, name) for name in sorted(requested)]
    messages += [_rule_error(targets, name) for name in sorted(rules)]
    messages.append(_fresh_error(resources.overwrite_resources))
    messages += targets.studies.workspace.missing_sources()
    return [message for message in messages if message]


def _known(targets: Targets) -> list[str]:
    known = list(RULES)
    for study in targets.studies.names:
        known += targets.names(study)
    return known


def _rule_error(targets: Targets, name: str) -> str:
    known = [*_known(targets), *targets.studies.broken]
    return "" if name in known else discover.unknown("rule", name, list(RULES))


def _fresh_error(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what is wrong with ``--set-resources score:fresh=METRIC``."""
    value = resources.get("score", {}).get("fresh")
    name = str(getattr(value, "raw", value))
    names = [*discover.names("metrics"), *FRESH]
    return "" if value is None or name in names else discover.unknown("metric", name, names)


def _target_error(targets: Targets, name: str) -> str:
    """Return what is wrong with a target; empty if it exists, or if only Snakemake can know."""
    known = _known(targets)
    studies = targets.studies
    if name in known:
        return ""
    if "/" in name:
        return _file_error(targets, name)
    for study, error in studies.broken.items():
        if name == study or name.startswith(f"{study}_"):
            return str(error)
    for study, content in studies.read.items():
        if name != study and not name.startswith(f"{study}_"):
            continue
        if studies.scale not in content.scales:
            kind = f"scale of {study}"
            return discover.unknown(kind, studies.scale, list(content.scales))
        if studies.from_shipped:
            message = _not_shipped(content, studies.scale, name.removeprefix(f"{study}_"))
            if message:
                return message
    return "" if Path(name).exists() else _unknown_target(targets, name, known)


def _not_shipped(study: Study, scale: str, target: str) -> str:
    """Return why a target cannot be made from shipped scores; empty if this is not the reason."""
    if not shipped.is_shipped(study.id, scale):
        return shipped.missing(study, scale)
    figures = study.figures_at(study.scales[scale])
    if target in figures and shipped.needs_store(figures[target].kind):
        return f"{study.id}_{target} shows trained models, which are not shipped; it needs your own"
    return ""


def _unknown_target(targets: Targets, name: str, known: list[str]) -> str:
    studies = targets.studies
    near = difflib.get_close_matches(name, known, n=NEAREST, cutoff=0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else ";"
    parts = [study for study in studies.names if name.startswith(f"{study}_")]
    if parts:
        study = max(parts, key=len)
        listed = ", ".join(["report", *targets.artefacts(study)])
        return f"no target {name!r}{hint} After {study}_ may follow: {listed}"
    listed = ", ".join(["all", *studies.names])
    return (
        f"no target {name!r}{hint} There are, at scale {studies.scale}: {listed}; "
        "and STUDY_report, STUDY_TABLE, STUDY_FIGURE"
    )


def _file_error(targets: Targets, name: str) -> str:
    """Return why a file cannot be made; empty if it can be, or if only Snakemake can know."""
    path = os.path.relpath(name)
    parts = Path(os.path.relpath(path, targets.results)).parts
    if parts[0] == "data" and len(parts) == 2:
        dataset = Path(parts[1]).stem
        datasets = discover.names("datasets")
        return "" if dataset in datasets else discover.unknown("data set", dataset, datasets)
    if parts[0] == "studies" and len(parts) > 3:
        return _study_file_error(targets, path, parts)
    if parts[0] == os.pardir and not Path(name).exists():
        return f"no target {name!r}: it is not in the results folder {targets.results}"
    return ""


def _study_file_error(targets: Targets, path: str, parts: tuple[str, ...]) -> str:
    studies = targets.studies
    study, scale = parts[1:3]
    if study in studies.broken:
        return str(studies.broken[study])
    if study not in studies.read:
        return discover.unknown("study", study, list(studies.read))
    if scale not in studies.read[study].scales:
        return discover.unknown(f"scale of {study}", scale, list(studies.read[study].scales))
    if study not in studies.names and scale == studies.scale:
        return shipped.missing(studies.read[study], scale)
    if scale != studies.scale:
        here = f"this is scale {studies.scale}"
        return f"{path} is of scale {scale}, and {here}; add --config scale={scale}"
    files = [os.path.relpath(file) for file in targets.files(study)]
    return "" if path in files else _nearest_file(path, files)


def _nearest_file(path: str, files: Iterable[str]) -> str:
    near = difflib.get_close_matches(path, list(files), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no target makes {path}{hint}"
