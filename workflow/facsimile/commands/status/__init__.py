"""``facsimile plan`` and ``facsimile status``: cost and progress of a study."""
