# HTML pages that a browser opens from disk. They are not part of a study's own target, because
# their libraries are downloaded from the npm registry.
rule report:
    input:
        targets.report_parts,
    output:
        report(
            directory(f"{targets.results}/studies/{{study}}/{{scale}}/report"),
            htmlindex="index.html",
            caption="../report/pages.rst",
            category="Report",
        ),
    log:
        f"{targets.results}/logs/report/{{study}}-{{scale}}.log",
    localrule: True
    conda:
        "../../envs/facsimile.yaml"
    params:
        code=targets.parameters.report_code,
        shown=targets.parameters.report_settings,
    shell:
        f"{targets.command} report {{wildcards.study}} >{{log:q}} 2>&1"
