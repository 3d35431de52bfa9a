"""Write the indexes of shards whose runs are all in the store.

Snakemake regards the runs of a shard with an index as finished.
"""

from facsimile.foundation import provenance
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_shard
from facsimile.store import files as store_files
from facsimile.store import latents, shard_jobs, stored_scores
from facsimile.store.stored_scores import StoredScores
from facsimile.studies import evaluations
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study


def register(
    workspace: Workspace,
    keys: set[str] | None = None,
) -> tuple[int, list[str]]:
    """Write the indexes of every shard whose runs are all in the store.

    Only shards with a run in ``keys``, unless it is None. Returns the number of registered shards,
    and notes that say why others were not registered.
    """
    paths = workspace.paths
    shards = 0
    _, broken = workspace.read()
    notes = [f"not registered, as its study has errors: {error}" for error in broken.values()]
    planned = set[str]()
    for study in workspace.studies():
        for shard in workspace.shards(study):
            members = {run.key for run in shard.runs}
            planned |= members
            if keys is not None and not members & keys:
                continue
            missing = [run for run in shard.runs if not shard_jobs.trained(paths, run)]
            if missing:
                notes.append(
                    f"{shard.key}: {len(missing):,} of {len(shard.runs)} runs are not here; "
                    "snakemake will make them"
                )
                continue
            notes += _write_indexes(workspace, study, shard)
            shards += 1
    unplanned = keys - planned if keys is not None else set()
    if unplanned:
        notes.append(
            f"{len(unplanned):,} runs belong to no study here at scale {workspace.config.scale}, "
            f"such as {min(unplanned)}; they are kept: "
            "give the scale with --scale, or add the study file"
        )
    # Studies may share shards, and with them notes.
    return shards, list(dict.fromkeys(notes))


def _write_indexes(
    workspace: Workspace,
    study: Study,
    shard: Shard,
) -> list[str]:
    """Write the indexes of a shard in Snakemake's order; return notes on those not written.

    An index must not be older than its inputs, or Snakemake runs the job again.
    """
    notes = []
    paths = workspace.paths
    data = paths.dataset(shard.dataset)
    if not data.exists():
        notes.append(
            f"{data} is not here; only new runs need it. "
            "Once it is made, it is newer than the runs: type facsimile adopt again"
        )
    succeeded = [run for run in shard.runs if not shard_jobs.failed(paths, run)]
    scores, missing = _scores(workspace, study, succeeded)

    folder = paths.shard(shard.key)
    shard_jobs.write_index(folder / "trained.json", shard, paths)
    run_folders = [paths.run(run.key) for run in succeeded]
    if missing and not all(map(latents.is_encoded, run_folders)):
        notes.append(
            f"{shard.key}: neither all scores nor all latents are here; "
            "snakemake will encode, which needs the weights"
        )
        return notes
    shard_jobs.write_index(folder / "encoded.json", shard, paths)

    if missing:
        notes.append(
            f"{shard.key}: {', '.join(missing)} has no scores for some runs; "
            "snakemake will compute them, which needs the latents"
        )
        return notes
    panel = evaluations.panel(study, workspace.config.scale)
    table = []
    outdated = set()
    for metric, run, stored in scores:
        table.append((run, stored))
        if _of_other_code(metric, stored):
            outdated.add(metric)
    stored_scores.write_table(paths.shard_scores(shard.key, panel), table)
    for metric in sorted(outdated):
        notes.append(
            f"{shard.key}: {metric} was computed by other code than is here; its scores are kept"
        )
    return notes


def _scores(
    workspace: Workspace,
    study: Study,
    runs: list[Run],
) -> tuple[list[tuple[str, str, StoredScores]], list[str]]:
    """Metric, run and its stored scores, for each metric of the study and run.

    Also returns the metrics that have no scores for some run. A metric counts for a run if it can
    be computed on it. Without its latents this is not always known; then a metric also counts if
    its scores are there.
    """
    attributes = {}
    for run in runs:
        path = workspace.paths.run(run.key) / store_files.LATENTS
        attributes[run.key] = latents.attributes_or_none(path) or {}
    scores = []
    missing = set()
    for metric in study.metrics:
        for run in runs:
            stored = _stored(workspace, study, run, metric)
            if stored is not None:
                scores.append((metric, run.key, stored))
            elif score_shard.applicable(metric, run, attributes[run.key]):
                missing.add(metric)
    return scores, sorted(missing)


def _stored(
    workspace: Workspace,
    study: Study,
    run: Run,
    metric: str,
) -> StoredScores | None:
    """The scores of a metric on a run; None if any variation of it is missing."""
    scale = workspace.config.scale
    protocol = evaluations.protocol(study, scale, metric)
    stored = stored_scores.read(workspace.paths.score(run.key, metric, protocol))
    settings = evaluations.settings(study, scale, metric)
    needed = {setting.variation for setting in settings}
    return stored if stored is not None and needed <= stored.variations else None


def _of_other_code(metric: str, stored: StoredScores) -> bool:
    """Whether scores were computed by other code of the metric than is here."""
    current = [provenance.metric_code(metric)]
    return not provenance.same(stored.stamp["code"], current)
