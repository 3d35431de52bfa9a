"""Every path under the results folder, once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Where results lie; ``root`` is the folder that config.yaml calls ``results``."""

    root: Path

    def dataset(self, dataset: str) -> Path:
        """A data set's images and factors."""
        return self.root / "data" / f"{dataset}.h5"

    def run(self, key: str) -> Path:
        """A run's folder in the store; ``key`` is ``dataset/model/hash8/seed``."""
        return self.root / "runs" / key

    def score(self, key: str, metric: str, protocol: str) -> Path:
        """One metric's answer for one run."""
        return self.run(key) / "scores" / f"{metric}-{protocol}.json"

    def shard(self, key: str) -> Path:
        """A shard's folder of indexes; ``key`` is ``dataset/model/id``."""
        return self.root / "shards" / key

    def shard_scores(self, key: str, panel: str) -> Path:
        """A shard's scores by all metrics of a panel."""
        return self.shard(key) / f"scores-{panel}.parquet"

    @property
    def web(self) -> Path:
        """Packages of the npm registry that reports are made with."""
        return self.root / "web"

    def study(self, study: str, scale: str) -> Path:
        """Tables, figures and comparison of a study at a scale."""
        return self.root / "studies" / study / scale
