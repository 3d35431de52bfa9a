# `params` holds a hash of the metric's code, so that an edit reruns this metric and nothing else. `fresh` is a resource because
# a resource triggers no rerun: it is 1 when the rule was forced, and then answers in the store are not used.
rule score:
    input:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/encoded.json",
    output:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/{{metric}}-{{protocol}}.parquet",
    log:
        f"{targets.results}/logs/score/{{dataset}}/{{model}}/{{shard}}/{{metric}}-{{protocol}}.log",
    conda:
        "../../envs/facsimile.yaml"
    # Runs scored at a time. On one machine as many jobs as cores run already; a cluster's profile may ask for more:
    # `set-threads: [score=8]`.
    threads: 1
    resources:
        mem_mb=targets.score_memory,
        runtime=targets.score_minutes,
        fresh=lambda wildcards: int("score" in workflow.dag_settings.forcerun),
    params:
        code=targets.metric_code,
    shell:
        f"{targets.command} score-shard {{wildcards.dataset}}/{{wildcards.model}}/{{wildcards.shard}} {{wildcards.metric}} "
        "--protocol {wildcards.protocol} --fresh {resources.fresh} --processes {threads} >{log:q} 2>&1"
