"""The tidy data behind a figure."""

from collections.abc import Sequence

import pandas as pd


def joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Tables below each other; without any, an empty table with these columns."""
    return pd.concat(tables) if tables else pd.DataFrame(columns=list(columns))
