"""What a job requests from a scheduler: minutes and megabytes, from what its shard will cost."""

import functools
import math

from facsimile.planning import cost
from facsimile.planning.studies_at_scale import StudiesAtScale, Wildcards

# Of one process; 700 were observed with dSprites.
SCORE_MEGABYTES = 1500


class JobResources:
    """The resources of the rules that train, encode and score."""

    def __init__(self, studies: StudiesAtScale) -> None:
        """``studies``: those whose shards are planned."""
        self._studies = studies

    def train_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the run time to request from a scheduler for training; see ``cost.minutes``."""
        runs = self._studies.shard(wildcards).runs
        seconds = sum(map(cost.train_seconds, runs))
        return cost.minutes(seconds, attempt)

    def encode_minutes(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the run time to request for encoding."""
        runs = self._studies.shard(wildcards).runs
        return cost.minutes(cost.ENCODE_SECONDS * len(runs), attempt)

    def score_minutes(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Return the run time to request for scoring ``threads`` runs at a time."""
        runs = self._studies.shard(wildcards).runs
        rounds = math.ceil(len(runs) / threads)
        seconds = self.score_seconds(wildcards.panel) * rounds
        return cost.minutes(seconds, attempt)

    def score_memory(self, wildcards: Wildcards, threads: int, attempt: int) -> int:
        """Return the megabytes to request for scoring; the first amount again per attempt."""
        # One process per run that is scored, and one that starts them.
        return SCORE_MEGABYTES * (threads + 1) * attempt

    @functools.lru_cache  # noqa: B019 (one object lives as long as the process)
    def score_seconds(self, panel: str) -> float:
        """Return the seconds that the metrics of a panel take for one run."""
        study, parts = self._studies.of_panel(panel)
        return cost.score_seconds(study, self._studies.scale, parts=parts)
