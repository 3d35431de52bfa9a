# So that `snakemake` works at the root of the repository; the workflow is in workflow/.
include: "workflow/Snakefile"
