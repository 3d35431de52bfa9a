"""AdamW for groups of parameters that are frozen during the first steps."""

from dataclasses import dataclass

from facsimile.models.base.adamw import AdamWSettings


@dataclass(frozen=True)
class DelayedSettings(AdamWSettings):
    """AdamW whose rate is 0 for ``freeze`` updates and then grows during ``warm_up`` of them.

    The cosine begins with the first update, not with the first one that changes something.

    Args:
        freeze: updates that change nothing.
    """

    freeze: int = 0

    def rate(self, step: int) -> float:
        """Return the learning rate of an update; the first one is ``step`` 0."""
        without = AdamWSettings(self.lr, self.steps, least=self.least)
        past = max(0, step - self.freeze)
        share = min(1.0, past / max(1, self.warm_up))
        return share * without.rate(step)
