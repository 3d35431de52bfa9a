"""``facsimile doctor``: problems of this machine and cluster, found before a large run."""
