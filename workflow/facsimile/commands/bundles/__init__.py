"""``facsimile export`` and ``facsimile adopt``: move results between machines."""
