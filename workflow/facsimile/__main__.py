"""The command line: ``facsimile COMMAND``, also ``python -m facsimile COMMAND``."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape

from facsimile.commands.command_group import SettingsAnywhere
from facsimile.planning import config as configuration
from facsimile.planning import workspace as workspaces
from facsimile.planning.workspace import Workspace

app = typer.Typer(
    cls=SettingsAnywhere,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
)
console = Console()
JOB_STOPPED = 143  # 128 + SIGTERM: the job wrote a checkpoint and wants to run again

Shard = Annotated[
    str, typer.Argument(help="dataset/model/id, as `facsimile list --shards` shows it")
]
StudyName = Annotated[str, typer.Argument(help="a study's id: the name of its folder in papers/")]


@app.callback()
def settings(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="configuration file")] = configuration.DEFAULT,
    set: Annotated[
        list[str] | None, typer.Option(help="replace a configuration key: --set scale=desk")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="short for --set scale=…")] = None,
    debug: Annotated[bool, typer.Option(help="show the traceback of an error")] = False,
) -> None:
    """Facsimile re-makes the tables and figures of representation-learning papers."""
    overrides = _overrides(set or []) | ({"scale": scale} if scale else {})
    context.obj = lambda: workspaces.load(config, **overrides)


def _overrides(pairs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator:
            raise typer.BadParameter(f"{pair!r}: write key=value")
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise typer.BadParameter(f"{pair!r}: {text!r} is not valid YAML") from None
        name, _, part = key.partition(".")
        found.setdefault(name, {}).update({part: value}) if part else found.update({name: value})
    return found


def _log(message: str) -> None:
    print(message, flush=True)


@app.command()
def data(
    context: typer.Context,
    dataset: str,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="folder of official files: looked into first, downloaded into"),
    ] = None,
) -> None:
    """Make a data set's file: rendered, or from its official files, which are downloaded where they are not at hand."""
    from facsimile import datasets

    workspace: Workspace = context.obj()
    datasets.make(
        dataset,
        workspace.paths.dataset(dataset),
        workspace.config.sources.get(dataset),
        data_dir=data_dir or workspace.config.data_dir,
    )


@app.command()
def train(context: typer.Context, shard: Shard) -> None:
    """Train what the store lacks of a shard."""
    from facsimile.training.loop import Interrupted
    from facsimile.training.train_shard import train_shard

    workspace: Workspace = context.obj()
    try:
        train_shard(workspace, workspace.shard(shard)[1], _log)
    except Interrupted:
        _log("asked to stop: a checkpoint is written; the same command goes on from it")
        raise typer.Exit(JOB_STOPPED) from None


@app.command()
def encode(context: typer.Context, shard: Shard) -> None:
    """Write the latents that a shard lacks."""
    from facsimile.training.encode_shard import encode_shard

    workspace: Workspace = context.obj()
    encode_shard(workspace, workspace.shard(shard)[1], _log)


@app.command("score-shard")
def score_shard(
    context: typer.Context,
    shard: Shard,
    panel: Annotated[
        str | None,
        typer.Option(help="hash of the metrics asked, if several studies have the shard"),
    ] = None,
    fresh: Annotated[
        str, typer.Option(help="a metric asked anew although the store has its answer; every; none")
    ] = "none",
    processes: Annotated[int, typer.Option(min=1, help="runs scored at a time, one core each")] = 1,
) -> None:
    """Score a shard with every metric of its study."""
    from facsimile.scoring.score_shard import score_shard as ask

    workspace: Workspace = context.obj()
    study, found = workspace.shard(shard, panel)
    ask(workspace, study, found, fresh, _log, processes)


@app.command()
def score(
    file: Annotated[
        Path, typer.Argument(help="FILE.npz or FILE.h5 with arrays codes [N, d] and factors [N, k]")
    ],
    metrics: Annotated[
        str | None,
        typer.Option(
            help="names, as mig,dci; all: every one that has what it needs; none: those of Locatello 2019"
        ),
    ] = None,
    convention: Annotated[
        str, typer.Option(help="which published variant: facsimile explain-metric NAME lists them")
    ] = "dlib",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="of the points that are drawn")
    ] = 0,
    train: Annotated[int, typer.Option(min=1, help="training points")] = 10_000,
    test: Annotated[int, typer.Option(min=1, help="test points")] = 5_000,
    batch: Annotated[int, typer.Option(min=2, help="points in which a factor is held fixed")] = 64,
    csv: Annotated[Path | None, typer.Option(help="write the scores to this .csv, too")] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="write the scores to this .parquet, too")
    ] = None,
) -> None:
    """Score latents of your own: arrays codes and factors, optional log_variances, peers and peers_log_variances."""
    from facsimile.commands import score_file

    stated = ((csv, ".csv"), (parquet, ".parquet"))
    outputs = [score_file.checked(path, ending) for path, ending in stated if path]
    asked = (
        [name.strip() for name in metrics.split(",")] if metrics and metrics != "all" else metrics
    )
    score_file.score(file, asked, convention, seed, (train, test), batch, outputs, console)


@app.command("explain-metric")
def explain_metric(
    name: Annotated[str, typer.Argument(help="the name of a file in metrics/, as mig")],
) -> None:
    """Say what a metric measures, how it is asked, and what to beware of."""
    from facsimile.commands import explain_metric as explanation

    explanation.explain(name, console)


@app.command()
def collect(context: typer.Context, study: StudyName) -> None:
    """Gather a study's scores into runs.parquet and scores.parquet."""
    from facsimile.scoring.collect import collect as gather

    workspace: Workspace = context.obj()
    runs, scores = gather(workspace, workspace.study(study))
    _log(
        f"{study}: {len(runs):,} runs ({(runs['state'] == 'failed').sum()} failed), {len(scores):,} scores"
    )


@app.command()
def table(context: typer.Context, study: StudyName, name: str) -> None:
    """Make one table of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.table(context.obj(), study, name)


@app.command()
def figure(context: typer.Context, study: StudyName, name: str) -> None:
    """Draw one figure of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.figure(context.obj(), study, name)


@app.command()
def compare(context: typer.Context, study: StudyName) -> None:
    """Compare a study's scores with the published numbers."""
    from facsimile.commands import artefacts

    artefacts.compare(context.obj(), study)


@app.command()
def claims(
    context: typer.Context,
    study: StudyName,
    write: Annotated[
        bool, typer.Option("--write", help="write claims.csv instead of printing")
    ] = False,
) -> None:
    """Put a study's claims to the test: statistic, rule, verdict, and what to type."""
    from facsimile.commands import artefacts

    artefacts.claims(context.obj(), study, None if write else console)


@app.command()
def show(context: typer.Context, study: StudyName) -> None:
    """Print a study's tables, comparison and claims, and where its files are."""
    from facsimile.commands import artefacts

    artefacts.show(context.obj(), study, console)


@app.command()
def summary(context: typer.Context, study: StudyName) -> None:
    """Write a study's one-page reproducibility summary and its artifact checklist."""
    from facsimile.commands.pages import summary as summing

    for path in summing.write(context.obj(), study):
        _log(f"{path}")


@app.command()
def report(context: typer.Context, study: StudyName) -> None:
    """Write a study's report: pages that a browser opens from disk."""
    from facsimile import report as reporting

    _log(f"{reporting.write(context.obj(), study, _log)}")


@app.command("list")
def list_(
    context: typer.Context,
    study: Annotated[str | None, typer.Argument(help="a study; none: all studies")] = None,
    match: Annotated[str, typer.Option(help="only runs whose line contains this, as beta=4")] = "",
    shards: Annotated[bool, typer.Option(help="shards instead of runs")] = False,
) -> None:
    """List studies, or the runs of one study with their names and states."""
    from facsimile.commands import listing

    listing.show(context.obj(), study, match, shards, console)


@app.command()
def plan(context: typer.Context, study: StudyName) -> None:
    """Say what a study will cost before anything starts: runs, steps, hours, bytes."""
    from facsimile.commands.status import status as progress

    progress.plan(context.obj(), study, console)


@app.command()
def status(
    context: typer.Context,
    study: StudyName,
    watch: Annotated[
        float | None, typer.Option(min=1, help="seconds: print it anew so often until all is done")
    ] = None,
) -> None:
    """Say what is done, running, failed and pending, what failed and why, and what it takes on disk; reads only files."""
    from facsimile.commands.status import status as progress

    workspace: Workspace = context.obj()
    progress.status(workspace, study, console) if watch is None else progress.watch(
        workspace, study, watch, console
    )


@app.command()
def doctor(
    context: typer.Context,
    study: Annotated[
        str | None, typer.Argument(help="a study: also whether there is room for it")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="as for snakemake; slurm: also whether the cluster answers")
    ] = None,
) -> None:
    """Look for what would spoil a big run here: profile, cluster, GPU, disk, file locks, clock, versions."""
    from facsimile.commands.doctor import checks

    raise typer.Exit(0 if checks.doctor(context.obj(), study, profile, console) else 1)


@app.command()
def export(
    context: typer.Context,
    study: StudyName,
    to: Annotated[Path, typer.Option(help="the bundle to write: FILE.tar or FILE.tar.gz")],
    latents: Annotated[
        bool, typer.Option(help="with the latents, by which other metrics can be asked")
    ] = False,
    weights: Annotated[bool, typer.Option(help="with the trained weights")] = False,
) -> None:
    """Write what is made of a study, with checksums, into one file that `facsimile adopt` takes elsewhere."""
    from facsimile.commands.bundles import export as bundles
    from facsimile.foundation.units import size

    done = bundles.export(context.obj(), study, to, latents, weights)
    lacking = f"; {done.lacking:,} are not made yet" if done.lacking else ""
    _log(f"{to}: {done.runs:,} runs, {size(done.bytes)}{lacking}")


@app.command()
def adopt(
    context: typer.Context,
    bundle: Annotated[
        Path | None, typer.Argument(help="a file of `facsimile export`; none: what results/ holds")
    ] = None,
    replace: Annotated[
        bool, typer.Option(help="take the bundle's run where another of that name is here")
    ] = False,
) -> None:
    """Take in results made elsewhere, so that snakemake holds them to be done."""
    from facsimile.commands.bundles import adopt as adoption

    adoption.report(context.obj(), bundle, replace, _log)


@app.command()
def explain(context: typer.Context, run: str) -> None:
    """Say what a run is, what became of it, and why it would be trained again."""
    from facsimile.commands import explain as explanation

    workspace: Workspace = context.obj()
    explanation.explain(workspace, workspace.find(run), console)


@app.command()
def forget(
    context: typer.Context,
    run: str,
    latents: Annotated[
        bool, typer.Option("--latents", help="its latents alone: it is encoded again, not trained")
    ] = False,
) -> None:
    """Remove one run and the indexes of its shards, so that snakemake makes it again."""
    from facsimile.store import records

    workspace: Workspace = context.obj()
    for path in records.forget(workspace.paths, workspace.find(run), latents):
        _log(f"removed {path}")


@app.command()
def schema(
    check: Annotated[bool, typer.Option(help="only say whether the file is up to date")] = False,
) -> None:
    """Write the JSON schema of study files, by which editors complete and check them."""
    from facsimile.studies import json_schema as generated

    raise typer.Exit(generated.write(check))


@app.command("metric-pages")
def metric_pages(
    check: Annotated[bool, typer.Option(help="only say whether the pages are up to date")] = False,
) -> None:
    """Write docs/metrics: a page a metric, with what it gives on latents of known structure."""
    from facsimile.commands.pages import metric_pages as pages

    raise typer.Exit(pages.write(check, _log))


@app.command("study-pages")
def study_pages(
    context: typer.Context,
    check: Annotated[bool, typer.Option(help="only say whether the pages are up to date")] = False,
) -> None:
    """Write the README.md of each paper, with its newest verdicts from results/reference."""
    from facsimile.commands.pages import study_pages as pages

    raise typer.Exit(pages.write(context.obj(), check, _log))


def main() -> None:
    """Run a command; an error is one line, with its traceback only under --debug."""
    try:
        app()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]error:[/] {escape(_said(error))}"
        )
        sys.exit(1)


def _said(error: Exception) -> str:
    """An error in words, safe on a terminal; of one that nobody foresaw also where it arose."""
    text = str(error)
    if isinstance(error, KeyError) or not isinstance(
        error, ValueError | LookupError | RuntimeError | OSError
    ):
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {text} ({Path(last.filename).name}:{last.lineno}; --debug shows more)"
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


if __name__ == "__main__":
    main()
