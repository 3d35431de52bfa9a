"""``facsimile export`` and ``facsimile adopt``: results that move between machines."""
