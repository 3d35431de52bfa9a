"""The type of the function that receives progress messages."""

from collections.abc import Callable

# Called with one line per message.
Log = Callable[[str], None]
