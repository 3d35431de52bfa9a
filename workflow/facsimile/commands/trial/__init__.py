"""``facsimile try``: a model file of one's own, trained and placed beside the published methods."""
