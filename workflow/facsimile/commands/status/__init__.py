"""``facsimile status``: what is done, running, failed, and how much room it takes."""
