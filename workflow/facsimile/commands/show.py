"""``facsimile show``: the results of a study, or of all studies, on one screen; or everything."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from facsimile.commands import artefacts
from facsimile.comparison import claims_view, numbers_view
from facsimile.comparison.gathered import Gathered, gathered
from facsimile.comparison.verdict import MINIATURE_STYLES, STYLES, SYMBOLS
from facsimile.planning import shipped
from facsimile.planning.workspace import Workspace
from facsimile.studies import runs
from facsimile.studies.study import Study

PICTURES = 4  # whose names are printed


def show(
    workspace: Workspace,
    name: str,
    folder: Path,
    everything: bool,
    console: Console,
) -> None:
    """Print the results of a study in ``folder``, which has its scores.parquet.

    One screen: its first table, how many published numbers and claims got which verdict, and where
    its pictures and its report are. With ``everything``: all tables, numbers, claims and files.
    """
    results = gathered(workspace, name, folder)
    if everything:
        _print_everything(workspace, results, folder, console)
    else:
        _print_screen(workspace, results, folder, console)


def show_all(workspace: Workspace, console: Console) -> None:
    """Print one screen about every study that has results at the configured scale.

    Of each: the published numbers with a verdict, or else its first table, and its pictures. The
    last lines say how to go on. Raises FileNotFoundError if no study has results.
    """
    scale = workspace.config.scale
    present = {}
    for study in workspace.studies():
        folder = workspace.paths.study(study.id, scale)
        if has_scores(folder):
            present[study.id] = folder
    if not present:
        raise FileNotFoundError(
            f"{workspace.paths.root}: no study has scores at scale {scale}; "
            f"compute them with: snakemake STUDY --config scale={scale}"
        )
    verdicts: list[str] = []
    sizes: dict[str, int] = {}
    for name, folder in present.items():
        results = gathered(workspace, name, folder)
        sizes[name] = results.context.design.published_runs
        compared = comparison(results, folder)
        # The size of a study is what its file states: nothing was made for it here.
        compared = numbers_view.without_design(compared)
        verdicts += list(numbers_view.judged(compared)["verdict"])
        _print_brief(results, compared, folder, console)
    _print_line(console, "published numbers re-made here", numbers_view.totals(verdicts))
    console.print()
    # The study that trains most shows best what a cluster is for.
    largest = max(sizes, key=lambda name: sizes[name])
    for what, command in _next_steps(present, largest).items():
        _print_line(console, what, command)


def _print_brief(
    results: Gathered,
    compared: pd.DataFrame,
    folder: Path,
    console: Console,
) -> None:
    """A study in a few lines: its judged numbers by table, or else its first table; a picture."""
    study = results.study
    console.print(heading(study, results.context.scale.name))
    judged = numbers_view.judged(compared)
    for artefact, rows in judged.groupby("artefact", sort=False):
        title = _title(study, str(artefact))
        console.print(numbers_view.compact(rows, title, legend=False))
    if judged.empty:
        console.print(_headline(results, compared))
    if _pictures_of(folder):
        _print_line(console, "pictures", pictures(folder))
    console.print()


def _title(study: Study, artefact: str) -> str:
    """Title and name of a table or figure of a study."""
    known = study.tables | study.figures_of(study.datasets)
    return f"{known[artefact].title} ({artefact})" if artefact in known else artefact


def _next_steps(
    folders: Mapping[str, Path],
    study: str,
) -> dict[str, str]:
    """What to do next -> the page or the command."""
    pages: list[Path] = []
    drawn: list[Path] = []
    for folder in folders.values():
        pages += folder.glob("report/index.html")
        drawn += _pictures_of(folder)
    page = next(iter(pages + drawn), None)
    return {
        "open this page": f"{page}" if page else "make report",
        "score your latents": "facsimile score LATENTS.npz --metrics mig,dci",
        "add your model": "one file: CONTRIBUTING.md#a-model",
        "run it on a cluster": f"snakemake --profile slurm {study} --config scale=paper",
    }


def located(
    workspace: Workspace,
    name: str,
    reference: bool,
) -> Path:
    """The folder with the results of a study at the configured scale, of yours or those shipped.

    Raises FileNotFoundError, which says where there are results, and UnknownName for the scale.
    """
    study, scale = workspace.study(name), workspace.config.scale
    runs.scale_of(study, scale)
    own = workspace.paths.study(name, scale)
    theirs = shipped.folder(name, scale)
    folder, other = (theirs, own) if reference else (own, theirs)
    if has_scores(folder):
        return folder
    remedy = f"compute them with: snakemake {name} --config scale={scale}"
    if has_scores(other):
        flag = "" if reference else " --reference"
        remedy = f"there are some in {other}: facsimile show {name} --scale {scale}{flag}"
    elif shipped.scales(study):
        listed = ", ".join(shipped.scales(study))
        remedy += f"; or see those that are shipped (scale {listed}): --reference"
    raise FileNotFoundError(f"{folder}: no scores yet; {remedy}")


def at_shipped_scale(workspace: Workspace, name: str) -> Workspace:
    """The workspace at the largest scale of a study whose results are shipped, if there is one."""
    scales = shipped.scales(workspace.study(name))
    if not scales:
        return workspace
    changes = {"scale": scales[0]}
    return Workspace(workspace.config.model_copy(update=changes))


def has_scores(folder: Path) -> bool:
    """Whether a folder has the scores of a study."""
    return (folder / "scores.parquet").exists()


def comparison(results: Gathered, folder: Path) -> pd.DataFrame:
    """The comparison with published numbers: the stored one if it is there."""
    path = folder / "comparison.csv"
    if path.exists():
        return numbers_view.read(path)
    return artefacts.comparison_of(results)


def _claims(
    workspace: Workspace,
    results: Gathered,
    folder: Path,
) -> pd.DataFrame | None:
    """The claims with their verdicts: the stored ones if they are there; None without claims."""
    if not results.study.claims:
        return None
    path = folder / "claims.csv"
    if path.exists():
        return pd.read_csv(path)
    return artefacts.claims_of(workspace, results)


def heading(study: Study, scale: str) -> Text:
    """Title and authors of a paper, and the scale of the results."""
    description = study.scales[scale].description
    return Text.assemble(
        (study.title, "bold"),
        f" ({study.cited})",
        (f"\n{scale} scale: {description}", "dim"),
    )


def _print_screen(
    workspace: Workspace,
    results: Gathered,
    folder: Path,
    console: Console,
) -> None:
    study, scale = results.study, workspace.config.scale
    compared = numbers_view.without_design(comparison(results, folder))
    console.print(heading(study, scale))
    console.print(_headline(results, compared))
    _print_line(console, "published numbers", numbers_view.totals(compared["verdict"]))
    if obstacle := numbers_view.main_obstacle(compared):
        reason = Text(f"  not comparable, mostly: {obstacle}", style="dim")
        console.print(reason, soft_wrap=True)
    claims = _claims(workspace, results, folder)
    if claims is not None:
        _print_line(console, "claims", numbers_view.totals(claims["verdict"]))
        if numbers_view.is_judged(claims):
            _print_claims(claims, console)
        words = claims_view.miniature_words(claims)
        if words:
            total = numbers_view.totals(words, MINIATURE_STYLES)
            _print_line(console, "claims in miniature", total)
    _print_line(console, "pictures", pictures(folder))
    page = report(study.id, folder, scale)
    _print_line(console, "report", page)
    flag = " --reference" if shipped.contains(folder) else ""
    command = f"facsimile show {study.id} --scale {scale}{flag} --all"
    _print_line(console, "all of it", command)


def _print_claims(claims: pd.DataFrame, console: Console) -> None:
    for verdict, text in zip(claims["verdict"], claims["text"], strict=True):
        symbol = Text(SYMBOLS[verdict], style=STYLES[verdict])
        line = Text.assemble("  ", symbol, " ", text)
        console.print(line, soft_wrap=True)


def _headline(results: Gathered, compared: pd.DataFrame) -> object:
    """The study's first table, with a mark beside each number that has a verdict."""
    if not results.study.tables:
        return Text("this study has no table", style="dim")
    first = next(iter(results.study.tables))
    judged = compared[compared["artefact"] == first]
    if numbers_view.is_judged(judged):
        return numbers_view.compact(judged, _title(results.study, first))
    table = artefacts.table_of(results, first)
    return table.console(brief=True)


def _pictures_of(folder: Path) -> list[Path]:
    return sorted((folder / "figures").glob("*.png"))


def pictures(folder: Path) -> str:
    """Where the figures are, with the names of the first ones."""
    paths = _pictures_of(folder)
    if not paths:
        return "none drawn"
    first = paths[:PICTURES]
    listed = ", ".join(path.name for path in first)
    more = f" and {len(paths) - PICTURES} more" if len(paths) > PICTURES else ""
    return f"{folder / 'figures'}: {listed}{more}"


def report(
    study: str,
    folder: Path,
    scale: str,
) -> str:
    """The page to open, or the command that makes it."""
    page = folder / "report" / "index.html"
    if page.exists():
        return f"{page}"
    return f"make it with: snakemake {study}_report --config scale={scale}"


def _print_line(
    console: Console,
    name: str,
    content: Text | str,
) -> None:
    line = Text.assemble((f"{name}: ", "bold"), content)
    console.print(line, soft_wrap=True)


def _print_everything(
    workspace: Workspace, results: Gathered, folder: Path, console: Console
) -> None:
    for name in results.study.tables:
        table = artefacts.table_of(results, name)
        console.print(table.console())
    console.print(numbers_view.console(comparison(results, folder)))
    claims = _claims(workspace, results, folder)
    if claims is not None:
        console.print(claims_view.console(claims))
    for path in _files(folder):
        console.print(str(path), highlight=False, soft_wrap=True)


def _files(folder: Path) -> Iterable[Path]:
    """Files of a study's results; a crate holds copies of the files beside it."""
    paths = []
    for path in sorted(folder.rglob("*.*")):
        folders = path.relative_to(folder).parts[:-1]
        is_copy = path.parent.suffix == ".crate"
        if path.is_file() and not is_copy and "report" not in folders:
            paths.append(path)
    return paths
