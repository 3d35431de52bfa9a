"""Generated pages: metrics, papers, the table of papers, summaries."""
