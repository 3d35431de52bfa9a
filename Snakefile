# So that `snakemake` works at the root of the repository; the workflow is in workflow/.
include: "workflow/Snakefile"


# Snakemake takes over no default target from an included file: without this line, `snakemake` alone
# would make nothing.
workflow.default_target = "all"
