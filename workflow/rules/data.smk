rule data:
    output:
        f"{targets.results}/data/{{dataset}}.h5",
    log:
        f"{targets.results}/logs/data/{{dataset}}.log",
    conda:
        "../../envs/facsimile.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    shell:
        f"{targets.command} data {{wildcards.dataset}} >{{log:q}} 2>&1"
