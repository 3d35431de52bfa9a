"""Commands about a method of your own: score its latents, check its files, try it."""

from pathlib import Path
from typing import Annotated

import typer

from facsimile.commands.cli.arguments import (
    Convention,
    Csv,
    Papers,
    Parquet,
    Sampling,
    Seed,
    Test,
    Train,
)
from facsimile.commands.cli.output import console, log
from facsimile.planning.workspace import Workspace


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


def explain_metric(
    name: Annotated[
        str,
        typer.Argument(help="name of a metric, such as mig"),
    ],
) -> None:
    """Explain what a metric measures, how it is computed, and its pitfalls."""
    from facsimile.commands import explain_metric

    explain_metric.explain(name, console)


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
    page = run.try_model(workspace, request, cores or run.cores_here(), console, log)
    log(f"page: {page}")


def _listed(text: str) -> list[str]:
    """The parts of ``a,b``."""
    return [part.strip() for part in text.split(",") if part.strip()]
