"""Which runs get a decoder, by known ranks."""

import pandas as pd
from synthetic import context, runs, scores

from facsimile.report._chosen import choose


def ranked(results, metric="mig", model="beta_vae"):
    """Scores of one method's runs, one score each."""
    return pd.DataFrame(
        [
            {
                "run": f"dsprites/{model}/0/{seed}",
                "dataset": "dsprites",
                "model": model,
                "metric": metric,
                "score": metric,
                "result": value,
                "control": False,
            }
            for seed, value in enumerate(results)
        ]
    )


def test_first_the_best_then_the_median_then_the_others():
    choices = choose(ranked([0.1, 0.9, 0.5, 0.3, 0.7]), context(), limit=9)
    assert [(choice.run[-1], choice.place, choice.role) for choice in choices] == [
        ("1", 1, "best"),
        ("2", 3, "median"),
        ("4", 2, ""),
        ("3", 4, ""),
        ("0", 5, ""),
    ]


def test_where_less_is_better_the_least_is_best():
    scores_of_one = ranked([0.5, 0.9, 0.1], metric="unsupervised").assign(score="total_correlation")
    assert choose(scores_of_one, context(metrics=("unsupervised",)), limit=1)[0].run.endswith("/2")


def test_methods_take_turns_and_controls_get_none():
    choices = choose(scores(runs()), context(), limit=8)
    models = [choice.run.split("/")[1] for choice in choices]
    assert models == [
        "beta_vae",
        "factor_vae",
        "dip_vae_i",
        "dip_vae_ii",
        "beta_tc_vae",
        "annealed_vae",
        "beta_vae",
        "factor_vae",
    ]
    assert [choice.role for choice in choices] == ["best"] * 6 + ["median"] * 2


def test_no_scores_give_no_choice():
    assert choose(scores(runs()).iloc[:0], context(), limit=8) == []
