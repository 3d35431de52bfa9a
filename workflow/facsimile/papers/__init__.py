"""One folder per paper: its study, published numbers, and the code that only this paper needs.

Papers outside the package (key ``papers`` of the configuration) can be imported as if they were
here: ``facsimile.papers.<id>.models.<name>``.
"""

from facsimile.foundation import discover

__path__ = [str(folder) for folder in discover.paper_folders()]
