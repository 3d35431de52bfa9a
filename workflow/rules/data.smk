rule data:
    output:
        f"{targets.results}/data/{{dataset}}.h5",
    log:
        f"{targets.results}/logs/data/{{dataset}}.log",
    conda:
        "../../envs/facsimile.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        f"{targets.command} data {{wildcards.dataset}} >{{log:q}} 2>&1"
