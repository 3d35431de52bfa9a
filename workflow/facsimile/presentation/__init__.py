"""What a table or figure shows and how it is named; Markdown, LaTeX and console output; provenance."""
