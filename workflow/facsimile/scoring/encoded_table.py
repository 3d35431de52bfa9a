"""A table whose codes are encoded when a metric uses them, so that most images need not be."""

from collections.abc import Sequence

from facsimile.metrics.base.draws import Codes, Draws, Factors, ModelOutputs, Rows, Sample, Table
from facsimile.scoring.encoder import Encoder


class EncodedTable(Table):
    """Codes [N, d] of images and their factors [N, k], like ``Table``.

    ``at`` encodes the rows that it returns, ``codes`` every row. So a metric that uses other rows
    than the points that were drawn gets the numbers that it would get from the whole table.
    """

    def __init__(
        self,
        encoder: Encoder,
        factors: Factors,
        names: Sequence[str],
    ) -> None:
        self._encoder = encoder
        super().__init__(encoder.means, factors, names)

    @property
    def codes(self) -> Codes:
        """The codes of all rows, float32 [N, d]."""
        self._encoder.encode_all()
        return self._encoder.means

    @codes.setter
    def codes(self, codes: Codes) -> None:
        """Do nothing: the constructor of ``Table`` sets what the encoder has."""

    def at(self, rows: Rows) -> Sample:
        """The points of some rows."""
        self._encoder.encode(rows)
        return Sample(self._encoder.means[rows], self.factors[rows], rows)


def encoded(
    sampled: Draws,
    table: EncodedTable,
    outputs: ModelOutputs,
) -> Draws:
    """The same points as ``sampled``, with the codes of ``table``; see ``draws.from_table``."""
    train_rows, test_rows = sampled.train.rows, sampled.test_points.rows
    assert train_rows is not None
    assert test_rows is not None
    parts = None
    if sampled.parts is not None:
        train_part = table.part(train_rows, "training")
        test_part = table.part(test_rows, "test")
        parts = (train_part, test_part)
    return Draws(
        table.at(train_rows),
        table.at(test_rows),
        table,
        sampled.seed,
        outputs,
        sampled.batch,
        parts,
        table.names,
    )
