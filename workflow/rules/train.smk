# The command trains the runs of a shard that are not in the store yet and skips the others. Its
# output is a small index of the shard (docs/adr/0001).
rule train:
    input:
        data=targets.data,
        parents=targets.parents,
    output:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/trained.json",
    log:
        f"{targets.results}/logs/train/{{dataset}}/{{model}}/{{shard}}.log",
    retries: 2
    conda:
        "../../envs/facsimile.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=targets.resources.train_minutes,
    shell:
        f"{targets.command} train {{wildcards.dataset}}/{{wildcards.model}}/{{wildcards.shard}} >{{log:q}} 2>&1"


rule encode:
    input:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/trained.json",
    output:
        f"{targets.results}/shards/{{dataset}}/{{model}}/{{shard}}/encoded.json",
    log:
        f"{targets.results}/logs/encode/{{dataset}}/{{model}}/{{shard}}.log",
    retries: 1
    conda:
        "../../envs/facsimile.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=targets.resources.encode_minutes,
    shell:
        f"{targets.command} encode {{wildcards.dataset}}/{{wildcards.model}}/{{wildcards.shard}} >{{log:q}} 2>&1"
