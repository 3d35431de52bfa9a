"""Every path below the results folder, defined in one place."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Paths of results; ``root`` is the folder that config.yaml calls ``results``."""

    root: Path

    def dataset(self, dataset: str) -> Path:
        """File with a data set's images and factors."""
        return self.root / "data" / f"{dataset}.h5"

    @property
    def runs(self) -> Path:
        """Folder with the folders of all runs."""
        return self.root / "runs"

    def run(self, key: str) -> Path:
        """Folder of a run in the store; ``key`` is ``dataset/model/hash8/seed``."""
        return self.runs / key

    def score(self, key: str, metric: str, protocol: str) -> Path:
        """Scores of one metric for one run."""
        return self.run(key) / "scores" / f"{metric}-{protocol}.json"

    def shard(self, key: str) -> Path:
        """Folder with the indexes of a shard; ``key`` is ``dataset/model/id``."""
        return self.root / "shards" / key

    def shard_scores(self, key: str, panel: str) -> Path:
        """Scores of a shard for all metrics of a panel."""
        return self.shard(key) / f"scores-{panel}.parquet"

    @property
    def curves(self) -> Path:
        """What loggers write of training curves."""
        return self.root / "curves"

    @property
    def web(self) -> Path:
        """Packages of the npm registry that reports use."""
        return self.root / "web"

    def study(self, study: str, scale: str) -> Path:
        """Folder with the tables, figures and comparison of a study at a scale."""
        return self.root / "studies" / study / scale
