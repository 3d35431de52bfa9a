"""The figure of scores along training: which rows it shows, and what it computes of them."""

import pandas as pd
import pytest
import synthetic

from facsimile.papers.causalvae.figures import along_training


def test_a_point_is_the_mean_of_the_seeds_at_a_state():
    spec = synthetic.spec(
        "along_training", datasets=("dsprites",), models=("beta_vae",), metrics=("mig.mig",)
    )
    own = synthetic.scores(synthetic.runs(3, (2,))).query("model == 'beta_vae' and metric == 'mig'")
    half = own.assign(variation="step_100", result=own["seed"] / 10)
    end = own.assign(variation="step_200", result=0.5)
    best = own.assign(variation="best", result=0.9)
    whole = synthetic.scores(synthetic.runs(3, (2,)))
    scores = pd.concat([whole, half, end, best], ignore_index=True)
    drawn = along_training.draw(scores, spec, synthetic.context())
    rows = drawn.data.set_index("steps")
    assert rows.index.tolist() == [100, 200]
    assert rows.loc[100, ["mean", "least", "most", "n"]].tolist() == pytest.approx([0.1, 0, 0.2, 3])
    assert rows.loc[200, ["mean", "least", "most", "n"]].tolist() == [0.5, 0.5, 0.5, 3]
    assert set(rows["model"]) == {"beta_vae"}


def test_without_states_the_panel_says_so():
    spec = synthetic.spec("along_training", datasets=("dsprites",), metrics=("mig.mig",))
    drawn = along_training.draw(synthetic.scores(synthetic.runs(1)), spec, synthetic.context())
    assert drawn.data.empty
    texts = [text.get_text() for text in drawn.figure.axes[0].texts]
    assert texts == ["no states along training are kept"]
