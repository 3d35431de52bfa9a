"""Train a model file of one's own and place it beside the published methods."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from facsimile.commands.speed_here import speed_here
from facsimile.commands.trial import model_file, rehearsal, scores, trial_study
from facsimile.commands.trial.model_file import ModelFile
from facsimile.commands.trial.page import PAGE, Page
from facsimile.commands.trial.trial_study import BASELINES, OWN, Choices
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.foundation import declared, discover, provenance
from facsimile.foundation.discover import STUDY
from facsimile.foundation.log import Log
from facsimile.foundation.units import duration
from facsimile.planning import cost
from facsimile.planning.workspace import Workspace
from facsimile.studies import reading, runs
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

# Below the results: one folder per model that was tried.
FOLDER = "try"
# The scale beside which a model is tried, unless another is chosen.
SCALE = "miniature"


@dataclass(frozen=True)
class Request:
    """What was typed: the hyper-parameters as text, and the other choices."""

    file: Path
    sweep: Sequence[str]
    fixed: Sequence[str] = ()
    worlds: Sequence[str] = ()
    seeds: int = trial_study.SEEDS
    steps: int | None = None
    beside: Sequence[str] = ()
    study: str = ""


@dataclass(frozen=True)
class Trial:
    """A trial whose file was checked: its study, the study beside which it is, and its folder."""

    file: ModelFile
    study: Study
    base: Study
    folder: Path

    @property
    def papers(self) -> Path:
        """Folder of papers that has the trial's own."""
        return self.folder / "papers"


def try_model(
    workspace: Workspace,
    request: Request,
    cores: int,
    console: Console,
    log: Log,
) -> Path:
    """Check the file, train what is missing, and write and print the results; return the page.

    Raises FileError for a file that is no model, before anything is trained or written.
    """
    trial = prepared(workspace, request)
    scale = workspace.config.scale
    discover.use_papers([*workspace.config.paper_folders, trial.papers])
    trial_workspace = own_workspace(workspace, trial)
    others_workspace = _changed(workspace, trial, scale=BASELINES, results=workspace.config.results)
    baselines = scores.shipped_for(trial.base, scale, trial.study, BASELINES)
    log(_plan(trial_workspace, trial.study, "yours", cores))
    if baselines is None:
        log(_plan(others_workspace, trial.study, "baselines, whose scores are not shipped", cores))
        baselines = scores.computed(others_workspace, trial.study, cores)
    own = scores.computed(trial_workspace, trial.study, cores)
    page = Page(trial.study, trial.base, scale, scores.merged(own, baselines))
    page.write(trial.folder)
    page.show(console)
    return trial.folder / PAGE


def prepared(workspace: Workspace, request: Request) -> Trial:
    """Check a model file and what was typed beside it, and write the study of the trial.

    Raises FileError, ValueError or UnknownName; nothing is written then.
    """
    file = model_file.read(request.file)
    base = _base(workspace, request.study)
    folder = workspace.config.results / FOLDER / file.name
    with model_file.findable(file) as papers:
        model_file.check(file)
        choices = _choices(request, file)
        paper = papers / file.paper
        trial_study.write(paper, file, base, workspace.config.scale, choices)
        study = reading.load(paper / STUDY)
        rehearsal.rehearse(file, _first_of_each_cell(study))
        # From here on the file is in order: its copy and the study are kept.
        trial = Trial(file, study, base, folder)
        shutil.rmtree(trial.papers, ignore_errors=True)
        shutil.copytree(papers, trial.papers, ignore=shutil.ignore_patterns("__pycache__"))
    return trial


def own_workspace(workspace: Workspace, trial: Trial) -> Workspace:
    """The workspace of the model's own runs: another one after each change of its code.

    So an edited model is trained again, and earlier runs are kept.
    """
    code = provenance.code(discover.module_name("models", trial.file.name))
    return _changed(workspace, trial, scale=OWN, results=trial.folder / code)


def cores_here() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _base(workspace: Workspace, name: str) -> Study:
    """The named study, or the only one that has the configured scale."""
    scale = workspace.config.scale
    if name:
        study = workspace.study(name)
        runs.scale_of(study, scale)
        return study
    candidates = workspace.studies()
    if len(candidates) > 1:
        listed = ", ".join(study.id for study in candidates)
        raise ValueError(f"several studies have the scale {scale}: {listed}; choose with --study")
    return candidates[0]


def _choices(request: Request, file: ModelFile) -> Choices:
    """What was typed, parsed; raises ValueError or UnknownName."""
    fields = declared.fields("models", file.name)
    sweep = trial_study.parse_values(request.sweep, file, fields)
    fixed = trial_study.parse_values(request.fixed, file, fields)
    several = [key for key, values in fixed.items() if len(values) > 1]
    if several:
        raise ValueError(f"--fixed {several[0]}: one value; several values are a --sweep")
    required = declared.required_fields("models", file.name)
    missing = [key for key in required if key not in {**sweep, **fixed}]
    if missing:
        message = f"{file.name} needs a value of {missing[0]}: --sweep {missing[0]}=1,2,4"
        raise file.error(1, message)
    return Choices(
        sweep,
        {key: values[0] for key, values in fixed.items()},
        request.worlds,
        request.seeds,
        request.steps,
        request.beside,
    )


def _first_of_each_cell(study: Study) -> list[Run]:
    """The runs of the model with the first seed on the first data set."""
    first = study.datasets[0]
    expanded = runs.expand(study, OWN)
    return [run for run in expanded if run.dataset == first and not run.control and run.seed == 0]


def _changed(
    workspace: Workspace,
    trial: Trial,
    scale: str,
    results: Path,
) -> Workspace:
    """A workspace that has the trial's paper, too."""
    config = workspace.config
    changes = {
        "papers": [*config.papers, trial.papers],
        "scale": scale,
        "results": results,
        "scores": "own",
    }
    # Official files are downloaded once, whatever the folder of results.
    if config.data_dir is None and DATA_DIR not in os.environ:
        changes["data_dir"] = config.results / "data" / "downloads"
    return Workspace(config.model_copy(update=changes))


def _plan(
    workspace: Workspace,
    study: Study,
    whose: str,
    cores: int,
) -> str:
    """What a part of a trial costs on this machine if nothing of it has been made."""
    members = [run for run in workspace.runs(study) if not run.control]
    shards = len(workspace.shards(study))
    here = speed_here(workspace)
    hours = cost.estimate(members, study, workspace.config.scale, here, shards).core_hours
    time = duration(3600 * hours / cores)
    on = "1 core" if cores == 1 else f"{cores} cores"
    return f"{whose}: {len(members):,} models, {time} on {on} if none is here yet"
