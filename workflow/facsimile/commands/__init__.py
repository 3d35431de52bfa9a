"""The commands of ``facsimile``, one module or package each."""
