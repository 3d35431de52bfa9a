# One job asks a shard every metric of its study, and takes from the store the answers that it has: after an edit of a metric,
# which `params` shows, that metric is asked and no other. `fresh` is a resource because a resource triggers no rerun: it names
# the metrics that are asked anew all the same. All of them: `--forcerun score`; one: also `--set-resources score:fresh=mig`.
rule score:
    input:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/encoded.json",
    output:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/scores-{{panel}}.parquet",
    log:
        f"{targets.results}/logs/score/{{dataset}}/{{model}}/{{shard}}/{{panel}}.log",
    conda:
        "../../envs/facsimile.yaml"
    # Runs scored at a time. On one machine as many jobs as cores run already; a cluster's profile may ask for more:
    # `set-threads: [score=8]`.
    threads: 1
    resources:
        mem_mb=targets.score_memory,
        runtime=targets.score_minutes,
        fresh=lambda wildcards: "every" if "score" in workflow.dag_settings.forcerun else "none",
    params:
        code=targets.panel_code,
    shell:
        f"{targets.command} score-shard {{wildcards.dataset}}/{{wildcards.model}}/{{wildcards.shard}} "
        "--panel {wildcards.panel} --fresh {resources.fresh:q} --processes {threads} >{log:q} 2>&1"
