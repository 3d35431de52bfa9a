# One job computes all metrics of a study on a shard, and reuses the scores in the store. After an
# edit of a metric, which changes `params`, it recomputes only that metric.
#
# `fresh` names the metrics to recompute in any case. It is a resource, because a changed resource
# does not trigger a rerun. To recompute all metrics: `--forcerun score`; only one: add
# `--set-resources score:fresh=mig`.
rule score:
    input:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/encoded.json",
    output:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/scores-{{panel}}.parquet",
    log:
        f"{targets.results}/logs/score/{{dataset}}/{{model}}/{{shard}}/{{panel}}.log",
    conda:
        "../../envs/facsimile.yaml"
    # Number of runs scored at a time. On one machine, there are already as many jobs as cores; the
    # profile of a cluster may set more: `set-threads: [score=8]`.
    threads: 1
    resources:
        mem_mb=targets.resources.score_memory,
        runtime=targets.resources.score_minutes,
        fresh=lambda wildcards: "every" if "score" in workflow.dag_settings.forcerun else "none",
    params:
        code=targets.parameters.panel_code,
    shell:
        f"{targets.command} score-shard {{wildcards.dataset}}/{{wildcards.model}}/{{wildcards.shard}} "
        "--panel {wildcards.panel} --fresh {resources.fresh:q} --processes {threads} >{log:q} 2>&1"
