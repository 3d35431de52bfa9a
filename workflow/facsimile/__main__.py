"""The command line: ``facsimile COMMAND``, also ``python -m facsimile COMMAND``.

This file holds arguments and help texts only. Each command imports its code when it runs, so that
``--help`` and commands that only read files do not wait for torch.
"""

from facsimile.planning import job_client

# A job of a local Snakemake runs in its job server. Before the imports below, which take 0.2 s.
if __name__ == "__main__":
    job_client.exit_if_run_by_server()

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

from facsimile.foundation import extras

try:
    import typer
    from rich.console import Console
    from rich.markup import escape

    from facsimile.commands.command_group import SettingsAnywhere
    from facsimile.foundation.paths import Paths
    from facsimile.planning import config as configuration
    from facsimile.planning import settings as settings_on_command_lines
    from facsimile.planning import workspace as workspaces
    from facsimile.planning.workspace import Workspace
    from facsimile.store import files
except ModuleNotFoundError as error:
    missing = extras.explained(error, "the command facsimile")
    if missing is None:
        raise
    sys.exit(f"error: {missing}")
except KeyboardInterrupt:
    sys.exit("interrupted before it began")

app = typer.Typer(
    cls=SettingsAnywhere,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
stderr = Console(stderr=True, highlight=False, soft_wrap=True)
JOB_STOPPED = 143  # 128 + SIGTERM: the job wrote a checkpoint and can be started again

# Errors whose message tells the user enough; others are shown with their type and line of code.
EXPECTED_ERRORS = ValueError | LookupError | RuntimeError | OSError | extras.MissingExtra

Shard = Annotated[
    str,
    typer.Argument(help="dataset/model/id, as `facsimile list STUDY --shards` prints it"),
]
StudyName = Annotated[
    str,
    typer.Argument(help="id of a study: the name of its folder in papers/"),
]
RunName = Annotated[
    str,
    typer.Argument(help="key of a run, any part of it that only one run has, or its folder"),
]


Convention = Annotated[
    str,
    typer.Option(help="published variant of a metric; facsimile explain-metric lists them"),
]
Seed = Annotated[
    int,
    typer.Option(min=0, max=2**32 - 1, help="seed for sampling points"),
]
Train = Annotated[
    int,
    typer.Option(min=1, help="number of training points"),
]
Test = Annotated[
    int,
    typer.Option(min=1, help="number of test points"),
]
Sampling = Annotated[
    str,
    typer.Option(
        help="disjoint: no row is both a training and a test point; replacement: rows are "
        "drawn as disentanglement_lib does; auto: that for a full grid, else disjoint"
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option(help="also write the scores to this .csv file"),
]
Parquet = Annotated[
    Path | None,
    typer.Option(help="also write the scores to this .parquet file"),
]
Papers = Annotated[
    list[Path] | None,
    typer.Option(help="also find metrics in the papers of this folder; may be repeated"),
]


@app.callback()
def settings(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="configuration file [default: config/config.yaml]"),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option(help="replace a configuration key: --set scale=desk; a value may be JSON"),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(help="short for --set scale=…"),
    ] = None,
    debug: Annotated[
        bool,
        typer.Option(help="show the traceback of an error"),
    ] = False,
) -> None:
    """Facsimile re-makes the tables and figures of representation-learning papers.

    The options below may also follow the name of a command.
    """
    try:
        overrides = settings_on_command_lines.read(set or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if scale:
        overrides["scale"] = scale
    # Read only by commands that need it: `facsimile score` works without a configuration.
    context.obj = lambda: _workspace(config, overrides)


def _workspace(config: Path | None, overrides: dict[str, Any]) -> Workspace:
    """Return the workspace; say so if it is not that of a checkout but the defaults."""
    workspace = workspaces.load(config, **overrides)
    # Jobs may run elsewhere, and are told every key.
    is_told = config is not None or "results" in overrides
    if not is_told and not configuration.DEFAULT.exists():
        stderr.print(f"No {configuration.DEFAULT} in {Path.cwd()}: the defaults are used.")
    return workspace


def _log(message: str) -> None:
    # Flushed, because the log of a job is read while it runs.
    print(message, flush=True)


def _at_shipped_scale(context: typer.Context, study: str) -> Workspace:
    """The workspace at the scale that the user chose, or else at the largest that is shipped."""
    from facsimile.commands import show

    workspace: Workspace = context.obj()
    assert context.parent is not None
    chosen = context.parent.params["scale"]
    return workspace if chosen else show.at_shipped_scale(workspace, study)


@app.command()
def data(
    context: typer.Context,
    dataset: Annotated[
        str,
        typer.Argument(help="name of a data set"),
    ],
    data_dir: Annotated[
        Path | None,
        typer.Option(help="folder of official files, searched first; downloads are saved in it"),
    ] = None,
) -> None:
    """Make the file of a data set: render it, or convert its official files.

    Official files that are missing are downloaded.
    """
    from facsimile import datasets
    from facsimile.datasets.base import unverified

    workspace: Workspace = context.obj()
    settings = workspace.config
    make = unverified.make if dataset in settings.unverified else datasets.make
    try:
        make(
            dataset,
            workspace.paths.dataset(dataset),
            settings.sources.get(dataset),
            data_dir=data_dir or settings.data_dir,
        )
    except datasets.DatasetError as error:
        raise unverified.with_remedy(error, dataset) from None


@app.command()
def train(context: typer.Context, shard: Shard) -> None:
    """Train the runs of a shard that are not in the store yet."""
    from facsimile.training.loop import Interrupted
    from facsimile.training.train_shard import train_shard

    workspace: Workspace = context.obj()
    try:
        # Two studies that share the shard train it in the same way: either will do.
        train_shard(workspace, workspace.shard(shard)[1], _log)
    except Interrupted:
        _log("stopped on request; the same command resumes from the checkpoint just written")
        # Not 0, so that Snakemake submits the job again.
        raise typer.Exit(JOB_STOPPED) from None


@app.command()
def encode(context: typer.Context, shard: Shard) -> None:
    """Write the latents of a shard that are not in the store yet."""
    from facsimile.training.encode_shard import encode_shard

    workspace: Workspace = context.obj()
    encode_shard(workspace, workspace.shard(shard)[1], _log)


@app.command("score-shard")
def score_shard(
    context: typer.Context,
    shard: Shard,
    panel: Annotated[
        str | None,
        typer.Option(help="name of the scores to compute, by default those of the whole study"),
    ] = None,
    fresh: Annotated[
        str,
        typer.Option(help="a metric to compute again although its scores are stored; every; none"),
    ] = "none",
    processes: Annotated[
        int,
        typer.Option(min=1, help="runs scored at the same time, on one core each"),
    ] = 1,
) -> None:
    """Compute the metrics of a study on a shard."""
    from facsimile.scoring import score_shard

    workspace: Workspace = context.obj()
    study, runs = workspace.shard(shard, panel)
    score_shard.score_shard(workspace, study, runs, fresh, _log, processes, panel)


@app.command()
def score(
    file: Annotated[
        Path,
        typer.Argument(help="FILE.npz or FILE.h5 with arrays codes [N, d] and factors [N, k]"),
    ],
    metrics: Annotated[
        str | None,
        typer.Option(
            help="names separated by commas, such as mig,dci; 'all': every metric whose inputs "
            "are in the file; without this option: those of Locatello et al. 2019"
        ),
    ] = None,
    convention: Convention = "dlib",
    seed: Seed = 0,
    train: Train = 10_000,
    test: Test = 5_000,
    batch: Annotated[
        int,
        typer.Option(min=2, help="points per batch in which one factor is fixed"),
    ] = 64,
    sampling: Sampling = "auto",
    bins: Annotated[
        int | None,
        typer.Option(min=2, help="divide factors of more values into intervals of equal width"),
    ] = None,
    csv: Csv = None,
    parquet: Parquet = None,
    papers: Papers = None,
) -> None:
    """Score latents of your own.

    Optional arrays besides codes and factors: log_variances, peers and peers_log_variances. The
    exit status is 1 if any metric has no value.
    """
    from facsimile.commands import score_file
    from facsimile.foundation import discover

    discover.add_papers(papers or [])
    outputs = score_file.checked_all(csv, parquet)
    table = score_file.score(
        file,
        metrics,
        convention,
        seed,
        (train, test),
        batch,
        outputs,
        console,
        sampling,
        bins,
    )
    if table["value"].isna().any():
        raise typer.Exit(1)


@app.command()
def evaluate(
    context: typer.Context,
    encode: Annotated[
        str,
        typer.Argument(help="FILE.py:NAME of a function of images or of a torch module"),
    ],
    dataset: Annotated[
        str,
        typer.Option(help="name of a data set of images, such as dsprites"),
    ],
    metrics: Annotated[
        str | None,
        typer.Option(
            help="names separated by commas, such as mig,dci; 'all': every metric whose inputs "
            "the function returns; without this option: those of Locatello et al. 2019 for which "
            "not every image must be encoded"
        ),
    ] = None,
    convention: Convention = "dlib",
    seed: Seed = 0,
    train: Train = 10_000,
    test: Test = 5_000,
    batch_size: Annotated[
        int,
        typer.Option(min=1, help="images that the function is called with at a time"),
    ] = 128,
    sampling: Sampling = "auto",
    csv: Csv = None,
    parquet: Parquet = None,
    papers: Papers = None,
) -> None:
    """Score a trained encoder on a data set, beside the models that come with Facsimile.

    The function takes images, float32 [n, height, width, channels] from 0 to 1, and returns means
    [n, d], or a tuple (means, log_variances). The exit status is 1 if any metric has no value.
    """
    from facsimile.commands import evaluate_encoder, score_file
    from facsimile.foundation import discover

    workspace: Workspace = context.obj()
    discover.add_papers(papers or [])
    table = evaluate_encoder.report(
        encode,
        dataset,
        score_file.checked_all(csv, parquet),
        console,
        metrics=metrics,
        convention=convention,
        seed=seed,
        n_train=train,
        n_test=test,
        batch_size=batch_size,
        sampling=sampling,
        path=workspace.paths.dataset(dataset),
    )
    if table["value"].isna().any():
        raise typer.Exit(1)


@app.command("explain-metric")
def explain_metric(
    name: Annotated[
        str,
        typer.Argument(help="name of a metric, such as mig"),
    ],
) -> None:
    """Explain what a metric measures, how it is computed, and its pitfalls."""
    from facsimile.commands import explain_metric

    explain_metric.explain(name, console)


@app.command()
def collect(
    context: typer.Context,
    study: StudyName,
    panel: Annotated[
        str,
        typer.Option(help="name of a part of the scores, as in scores-PANEL.parquet"),
    ] = "",
) -> None:
    """Gather the scores of a study into runs.parquet and scores.parquet."""
    from facsimile.scoring import collect

    workspace: Workspace = context.obj()
    runs, scores = collect.collect(workspace, workspace.study(study), panel)
    failed = (runs["state"] == "failed").sum()
    _log(f"{study}: {len(runs):,} runs ({failed} failed), {len(scores):,} scores")


@app.command()
def table(
    context: typer.Context,
    study: StudyName,
    name: Annotated[
        str,
        typer.Argument(help="name of a table in the study file"),
    ],
) -> None:
    """Make one table of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.table(context.obj(), study, name)


@app.command()
def figure(
    context: typer.Context,
    study: StudyName,
    name: Annotated[
        str,
        typer.Argument(help="name of a figure in the study file"),
    ],
) -> None:
    """Draw one figure of a study from its scores."""
    from facsimile.commands import artefacts

    artefacts.figure(context.obj(), study, name)


@app.command()
def compare(
    context: typer.Context,
    study: StudyName,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference",
            help="write the tables and verdicts of the scores that come with Facsimile again",
        ),
    ] = False,
) -> None:
    """Compare the scores of a study with the published numbers."""
    if reference:
        from facsimile.commands import shipped_results

        shipped_results.refresh(_at_shipped_scale(context, study), study)
        return
    from facsimile.commands import artefacts

    artefacts.compare(context.obj(), study)


@app.command()
def claims(
    context: typer.Context,
    study: StudyName,
    write: Annotated[
        bool,
        typer.Option("--write", help="write claims.csv instead of printing"),
    ] = False,
) -> None:
    """Test the claims of a study: statistic, rule, verdict, and the command that reproduces it."""
    from facsimile.commands import artefacts

    artefacts.claims(context.obj(), study, None if write else console)


@app.command()
def show(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study; without it, all studies with results at the scale"),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="print all tables, published numbers, claims and files"),
    ] = False,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference",
            help="results that come with Facsimile; without --scale, those of the largest scale",
        ),
    ] = False,
) -> None:
    """Print the results of a study on one screen: its first table, verdicts, where pictures are."""
    from facsimile.commands import show

    workspace: Workspace = context.obj()
    if study is None:
        if everything or reference:
            raise typer.BadParameter("--all and --reference need the name of a study")
        show.show_all(workspace, console)
        return
    if reference:
        workspace = _at_shipped_scale(context, study)
    folder = show.located(workspace, study, reference)
    show.show(workspace, study, folder, everything, console)


@app.command()
def summary(context: typer.Context, study: StudyName) -> None:
    """Write a one-page reproducibility summary of a study, and its artifact checklist."""
    from facsimile.commands.pages import summary

    for path in summary.write(context.obj(), study):
        _log(f"{path}")


@app.command()
def report(
    context: typer.Context,
    study: StudyName,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="of the scores that come with Facsimile"),
    ] = False,
) -> None:
    """Write the report of a study: pages that a browser opens from disk."""
    from facsimile import report

    workspace: Workspace = context.obj()
    shown = workspace
    if reference:
        from facsimile.commands import shipped_results

        shown = shipped_results.remade(_at_shipped_scale(context, study), study, _log)
    # The libraries of the pages are downloaded once, whatever the report shows.
    libraries = Paths(workspace.config.results).web
    _log(f"{report.write(shown, study, _log, libraries)}")


@app.command("list")
def list_(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study; without it, all studies are listed"),
    ] = None,
    match: Annotated[
        str,
        typer.Option(help="only runs whose line contains this text, such as beta=4"),
    ] = "",
    shards: Annotated[
        bool,
        typer.Option(help="list shards instead of runs"),
    ] = False,
) -> None:
    """List studies, or the runs of one study with their names and states."""
    from facsimile.commands import listing

    workspace: Workspace = context.obj()
    listing.show(workspace, study, match, shards, console)
    if study is None:
        listing.require_valid(workspace)


@app.command()
def plan(context: typer.Context, study: StudyName) -> None:
    """Estimate what a study will cost before it starts: runs, steps, hours, bytes."""
    from facsimile.commands.status import status

    status.plan(context.obj(), study, console)


@app.command()
def status(
    context: typer.Context,
    study: StudyName,
    watch: Annotated[
        float | None,
        typer.Option(min=1, help="refresh every WATCH seconds until everything is done"),
    ] = None,
) -> None:
    """Show the progress of a study: finished, running, failed and pending runs.

    Also shows failed jobs with their likely cause, and disk usage. Only reads files.
    """
    from facsimile.commands.status import status

    workspace: Workspace = context.obj()
    if watch is None:
        status.status(workspace, study, console)
    else:
        status.watch(workspace, study, watch, console)


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(help="folder with one folder per paper, or the folder of one paper"),
    ],
) -> None:
    """Check the models, data sets, metrics, tables, studies and so on of a folder of your own.

    Tests the essentials of what the contract tests of the repository test.
    """
    from facsimile.commands.contract import folders

    passed = folders.check(folder, console)
    raise typer.Exit(0 if passed else 1)


@app.command("try")
def try_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="file of a model, as in my_vae.py; CONTRIBUTING.md says what is in it"),
    ],
    sweep: Annotated[
        list[str],
        typer.Option(help="hyper-parameter=values, as in beta=1,2,4,8; may be repeated"),
    ] = [],  # noqa: B006 (typer copies it)
    fixed: Annotated[
        list[str],
        typer.Option(help="hyper-parameter=value; may be repeated"),
    ] = [],  # noqa: B006
    worlds: Annotated[
        str,
        typer.Option(help="data sets of the scale, separated by commas [default: two of them]"),
    ] = "",
    seeds: Annotated[
        int,
        typer.Option(min=1, help="runs of each cell"),
    ] = 5,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="updates of each model; other than the scale's, no scores of "
            "baselines are shipped, and they are trained, too",
        ),
    ] = None,
    beside: Annotated[
        str,
        typer.Option(help="methods to compare with, separated by commas [default: all]"),
    ] = "",
    study: Annotated[
        str,
        typer.Option(help="study beside whose methods [default: the one that has the scale]"),
    ] = "",
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="number of jobs at a time [default: all cores]"),
    ] = None,
) -> None:
    """Train a model of your own on two small worlds, and place it beside the published methods.

    Prints how often it beats each method, the seeds needed to be sure, and its place in each claim;
    draws violins. The scale is `miniature` unless --scale chooses another.
    """
    from facsimile.commands.trial import run

    assert context.parent is not None
    workspace: Workspace = context.obj()
    if not context.parent.params["scale"]:
        workspace = Workspace(workspace.config.model_copy(update={"scale": run.SCALE}))
    request = run.Request(file, sweep, fixed, _listed(worlds), seeds, steps, _listed(beside), study)
    page = run.try_model(workspace, request, cores or run.cores_here(), console, _log)
    _log(f"page: {page}")


def _listed(text: str) -> list[str]:
    """The parts of ``a,b``."""
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def snakefile() -> None:
    """Print the path of the Snakefile, to run the workflow outside a checkout.

    As in `snakemake -s $(facsimile snakefile) STUDY --cores 2 --configfile config.yaml`.
    """
    from facsimile.planning import environment

    typer.echo(environment.snakefile())


@app.command()
def doctor(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(help="id of a study: also check that its results will fit on the disk"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="a Snakemake profile; slurm: also check that the cluster responds"),
    ] = None,
) -> None:
    """Check this machine and cluster for problems before a large run.

    Checks the profile, cluster, GPU, disk, file locks, clock and installed versions.
    """
    from facsimile.commands.doctor import checks

    passed = checks.doctor(context.obj(), study, profile, console)
    raise typer.Exit(0 if passed else 1)


@app.command()
def export(
    context: typer.Context,
    study: StudyName,
    to: Annotated[
        Path,
        typer.Option(help="the bundle to write: FILE.tar or FILE.tar.gz"),
    ],
    latents: Annotated[
        bool,
        typer.Option(help="include the latents, from which other metrics can be computed"),
    ] = False,
    weights: Annotated[
        bool,
        typer.Option(help="include the trained weights"),
    ] = False,
) -> None:
    """Write the finished runs of a study into one file, with checksums.

    `facsimile adopt` reads the file on another machine.
    """
    from facsimile.commands.bundles import export
    from facsimile.foundation.units import size

    exported = export.export(context.obj(), study, to, latents, weights)
    missing = f"; {exported.missing:,} are not finished yet" if exported.missing else ""
    _log(f"{to}: {exported.runs:,} runs, {size(exported.bytes)}{missing}")


@app.command()
def adopt(
    context: typer.Context,
    bundle: Annotated[
        Path | None,
        typer.Argument(
            help="a file of `facsimile export`; without it, the runs in results/ are registered"
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(help="overwrite runs that are here with those of the bundle"),
    ] = False,
) -> None:
    """Import results from another machine, so that snakemake does not make them again."""
    from facsimile.commands.bundles import adopt

    adopt.report(context.obj(), bundle, replace, _log)


@app.command()
def explain(context: typer.Context, run: RunName) -> None:
    """Show what a run is, its state, and whether and why it would be trained again."""
    from facsimile.commands import explain

    workspace: Workspace = context.obj()
    explain.explain(workspace, workspace.find_run(run), console)


@app.command()
def forget(
    context: typer.Context,
    run: RunName,
    latents: Annotated[
        bool,
        typer.Option("--latents", help="remove only its latents: encode again, do not train"),
    ] = False,
) -> None:
    """Remove one run and the indexes of its shards, so that snakemake makes it again."""
    from facsimile.store import records

    workspace: Workspace = context.obj()
    for path in records.forget(workspace.paths, workspace.find_run(run), latents):
        _log(f"removed {path}")


@app.command()
def schema(
    check: Annotated[
        bool,
        typer.Option(help="only check whether the file is up to date"),
    ] = False,
) -> None:
    """Write the JSON schema of study files, which editors use to complete and check them."""
    from facsimile.studies import json_schema

    raise typer.Exit(json_schema.write(check))


@app.command("metric-pages")
def metric_pages(
    check: Annotated[
        bool,
        typer.Option(help="only check whether the pages are up to date"),
    ] = False,
) -> None:
    """Write docs/metrics: one page per metric, with its values on latents of known structure."""
    from facsimile.commands.pages import metric_pages

    raise typer.Exit(metric_pages.write(check, _log))


@app.command("study-pages")
def study_pages(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option(help="only check whether the pages are up to date"),
    ] = False,
) -> None:
    """Write the README.md of each paper, with its newest verdicts from results/reference."""
    from facsimile.commands.pages import study_pages

    raise typer.Exit(study_pages.write(context.obj(), check, _log))


def main() -> None:
    """Run a command; print an error as one line, or with its traceback under --debug."""
    try:
        app()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, ModuleNotFoundError):
            error = extras.explained(error, "this command") or error
        stderr.print(f"[bold red]error:[/] {escape(_message(error))}")
        sys.exit(1)


def _message(error: Exception) -> str:
    """The message of an error, safe to print; an unexpected error also says where it arose."""
    text = str(error)
    if isinstance(error, OSError):
        text = files.explained(error)
    # The text of a KeyError is only the key.
    if isinstance(error, KeyError) or not isinstance(error, EXPECTED_ERRORS):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        text = f"{type(error).__name__}: {text} ({place}; --debug shows more)"
    # Control characters in a file or a name could change the terminal.
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )


if __name__ == "__main__":
    main()
