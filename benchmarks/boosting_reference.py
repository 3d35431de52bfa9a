"""What GradientBoostingClassifier() of the installed scikit-learn returns, for boosting.py.

It runs with Python 3.7 as well. PROBLEMS.npz has x{i} [n, d], y{i} [n], test_x{i} and test_y{i};
ANSWERS.npz gets importances{i} [seeds, d] and accuracies{i} [seeds, 2] on training and test points.

    python boosting_reference.py PROBLEMS.npz ANSWERS.npz SEEDS
"""

import sys
import warnings

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier


def main():
    """Fit every problem with the random states 0 to SEEDS - 1."""
    problems_path, answers_path, seeds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    problems = np.load(problems_path)
    answers = {}
    for i in range(len(problems.files) // 4):
        importances, accuracies = [], []
        for seed in range(seeds):
            importance, accuracy = fit(problems, str(i), seed)
            importances.append(importance)
            accuracies.append(accuracy)
        answers["importances" + str(i)] = np.array(importances)
        answers["accuracies" + str(i)] = np.array(accuracies)
        np.savez(answers_path, **answers)


def fit(problems, i, seed):
    """Importances [d], and accuracies on training and test points."""
    x, y = problems["x" + i], problems["y" + i]
    model = GradientBoostingClassifier(random_state=seed).fit(x, y)
    train = np.mean(model.predict(x) == y)
    test = np.mean(model.predict(problems["test_x" + i]) == problems["test_y" + i])
    return model.feature_importances_, [train, test]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    main()
