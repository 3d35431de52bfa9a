"""One folder per paper: its study, published numbers, and the code that only this paper needs.

Papers that lie outside the package (key ``papers`` of the configuration) are imported from here,
too: ``facsimile.papers.<id>.models.<name>``.
"""

from facsimile.foundation import discover

__path__ = [str(folder) for folder in discover.paper_folders()]
