"""Generated pages: metrics, studies, the table of papers, summaries."""
