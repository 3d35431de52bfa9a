# Quick work on the scores of one study. The rules are local: they run in the process of Snakemake,
# not as jobs on a cluster.
rule collect:
    input:
        targets.study_scores,
    output:
        runs=f"{targets.results}/studies/{{study}}/{{scale}}/runs.parquet",
        scores=f"{targets.results}/studies/{{study}}/{{scale}}/scores.parquet",
    log:
        f"{targets.results}/logs/collect/{{study}}-{{scale}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    # A resource, because a changed parameter would gather the same files once more.
    resources:
        panel=targets.study_panel,
    shell:
        f"{targets.command} collect {{wildcards.study}} --panel {{resources.panel}} >{{log:q}} 2>&1"


rule table:
    input:
        rules.collect.output,
    output:
        report(
            f"{targets.results}/studies/{{study}}/{{scale}}/tables/{{table}}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        multiext(f"{targets.results}/studies/{{study}}/{{scale}}/tables/{{table}}", ".md", ".tex"),
        f"{targets.results}/studies/{{study}}/{{scale}}/tables/{{table}}.crate/ro-crate-metadata.json",
    log:
        f"{targets.results}/logs/table/{{study}}-{{scale}}-{{table}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.table_code,
        spec=targets.parameters.artefact_spec,
    shell:
        f"{targets.command} table {{wildcards.study}} {{wildcards.table}} >{{log:q}} 2>&1"


rule figure:
    input:
        rules.collect.output,
    output:
        report(
            multiext(
                f"{targets.results}/studies/{{study}}/{{scale}}/figures/{{figure}}",
                ".png",
                ".pdf",
                ".csv",
            ),
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        f"{targets.results}/studies/{{study}}/{{scale}}/figures/{{figure}}.crate/ro-crate-metadata.json",
    log:
        f"{targets.results}/logs/figure/{{study}}-{{scale}}-{{figure}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.figure_code,
        spec=targets.parameters.artefact_spec,
    shell:
        f"{targets.command} figure {{wildcards.study}} {{wildcards.figure}} >{{log:q}} 2>&1"


rule compare:
    input:
        results=rules.collect.output,
        published=targets.published,
    output:
        report(
            f"{targets.results}/studies/{{study}}/{{scale}}/comparison.csv",
            caption="../report/comparison.rst",
            category="Comparison with the paper",
            labels={"study": "{study}"},
        ),
    log:
        f"{targets.results}/logs/compare/{{study}}-{{scale}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.compare_code,
    shell:
        f"{targets.command} compare {{wildcards.study}} >{{log:q}} 2>&1"


rule claims:
    input:
        rules.collect.output,
    output:
        report(
            f"{targets.results}/studies/{{study}}/{{scale}}/claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"study": "{study}"},
        ),
        f"{targets.results}/studies/{{study}}/{{scale}}/claims_by_dataset.csv",
    log:
        f"{targets.results}/logs/claims/{{study}}-{{scale}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.claims_code,
        spec=targets.parameters.claims_spec,
    shell:
        f"{targets.command} claims {{wildcards.study}} --write >{{log:q}} 2>&1"


rule summary:
    input:
        rules.collect.output,
        targets.judged,
    output:
        multiext(
            f"{targets.results}/studies/{{study}}/{{scale}}/",
            "summary.md",
            "artifact-checklist.md",
        ),
    log:
        f"{targets.results}/logs/summary/{{study}}-{{scale}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.summary_code,
    shell:
        f"{targets.command} summary {{wildcards.study}} >{{log:q}} 2>&1"
