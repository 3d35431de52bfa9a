"""``facsimile doctor``: what would spoil a large run here."""
