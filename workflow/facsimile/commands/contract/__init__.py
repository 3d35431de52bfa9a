"""``facsimile check``: whether the files of a folder of papers are what Facsimile expects.

It tests the essentials that the contract tests of the repository test, and needs no repository.
"""
