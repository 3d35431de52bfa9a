"""What GradientBoostingClassifier() of the installed scikit-learn returns, for boosting.py.

It runs with Python 3.7 as well. PROBLEM.npz has x [n, d], y [n, k], test_x and test_y; ANSWERS.npz
gets importances [calls, d, k] and accuracies [calls, k, 2] on training and test points.

    python boosting_reference.py PROBLEM.npz ANSWERS.npz CALLS
"""

import sys
import warnings

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

STAGES = 100
# Stages after which a fit is examined.
PARTS = (6, 12, 25, 50, STAGES)
# Once no leaf of so many stages has a step, all further stages have the same residuals: they are
# not fitted, and their importances are those of the last ones. This saves nine tenths of the time.
IDLE = 3


def main():
    """Fit every factor with the random states 0 to CALLS - 1."""
    problem_path, answers_path, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
    problem = np.load(problem_path)
    importances, accuracies = [], []
    for call in range(calls):
        fits = [fit(problem, j, call) for j in range(problem["y"].shape[1])]
        importances.append(np.stack([importance for importance, _ in fits], axis=1))
        accuracies.append([accuracy for _, accuracy in fits])
        # After every call, so that nothing is lost if this is stopped.
        arrays = {"importances": np.array(importances), "accuracies": np.array(accuracies)}
        np.savez(answers_path, **arrays)


def fit(problem, j, call):
    """Importances [d], and accuracies on training and test points, of factor j."""
    x, y = problem["x"], problem["y"][:, j]
    # A generator, not a number: the draws of a part continue those of the part before.
    model = GradientBoostingClassifier(random_state=np.random.RandomState(call), warm_start=True)
    for stages in PARTS:
        model.set_params(n_estimators=stages).fit(x, y)
        if stages < STAGES and not np.any(steps(model)[-IDLE:]):
            break
    train = np.mean(model.predict(x) == y)
    test = np.mean(model.predict(problem["test_x"]) == problem["test_y"][:, j])
    return importances_of(model), [train, test]


def steps(model):
    """The largest absolute step of a leaf in each stage."""
    largest = []
    for trees in model.estimators_:
        largest.append(max(np.abs(leaves(tree.tree_)).max() for tree in trees))
    return np.array(largest)


def leaves(tree):
    return tree.value[tree.children_left < 0]


def importances_of(model):
    """Importances [d] of all stages, also of those that were not fitted."""
    per_stage = []
    for trees in model.estimators_:
        per_tree = [tree.tree_.compute_feature_importances(normalize=False) for tree in trees]
        per_stage.append(np.sum(per_tree, axis=0))
    left = STAGES - len(per_stage)
    total = np.sum(per_stage, axis=0) + left * np.mean(per_stage[-IDLE:], axis=0)
    return total / total.sum() if total.sum() > 0 else total


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    main()
