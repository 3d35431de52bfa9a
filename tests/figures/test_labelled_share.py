"""The figure of the labelled share: means of ours beside the numbers of peers."""

import dataclasses

import pytest
import synthetic

from facsimile import figures
from facsimile.foundation import canonical
from facsimile.presentation.context import PublishedNumbers
from facsimile.presentation.spec import Quantity


@pytest.mark.parametrize(("share", "scale"), [(0.01, "log"), (0, "linear"), (0.5, "linear")])
def test_means_of_each_share_stand_beside_those_of_peers(share, scale):
    scores = synthetic.scores(synthetic.runs(3, (0, 2)))
    spec = synthetic.spec("labelled_share", metrics=("mig.mig",), models=("factor_vae",))
    # Another artefact's number is not shown.
    peers = {}
    for artefact, value in ((spec.id, 0.25), ("elsewhere", 0.5)):
        params = canonical.dumps({"labelled": share})
        identity = (artefact, "dsprites", "factor_vae", params, "mig.mig", "mean")
        peers[Quantity(*identity)] = value
    context = dataclasses.replace(
        synthetic.context(evaluation=(40, 20)),
        published=PublishedNumbers({}, peers),
    )
    drawn = figures.draw("labelled_share", scores, spec, context, synthetic.Specimens())
    table = drawn.data
    here = (scores["model"] == "factor_vae") & (scores["metric"] == "mig")
    means = scores[here].groupby("value")["result"].mean()
    ours = table[table["model"] == "factor_vae"].set_index("share")
    assert ours["mean"].to_dict() == pytest.approx(means.to_dict())
    assert (ours["n"] == 3).all()
    theirs = table[table["n"] == 0]
    assert theirs[["share", "mean"]].to_numpy().tolist() == [[share, 0.25]]
    # A logarithmic axis has no place for 0, and is of no use for shares of one size.
    assert drawn.figure.axes[0].get_xscale() == scale
