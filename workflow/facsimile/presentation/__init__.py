"""What a table or figure shows and what it is called, its output formats, and its provenance.

Formats are Markdown, LaTeX and the console; provenance is a crate beside each table and figure.
"""
