"""Boosting as scikit-learn 0.20.3 does it, written plainly in NumPy: a reference for tests.

It follows MultinomialDeviance of 0.20.3 with the regression trees of the installed scikit-learn.
"""

import numpy as np
from scipy.special import logsumexp
from sklearn.tree import DecisionTreeRegressor

RATE = 0.1
LEAST_IMPURITY = 1e-7


def staged_classes(codes, labels, stages):
    """Classes predicted for the training points [stages, n], after each stage."""
    values, counts = np.unique(labels, return_counts=True)
    raw = np.tile(counts / counts.sum(), (len(labels), 1))
    predicted = []
    for _ in range(stages):
        for k in range(len(values)):
            add_tree(codes, labels, raw, k)
        predicted.append(raw.argmax(axis=1))
    return np.array(predicted)


def add_tree(codes, labels, raw, k):
    """Grow one tree on the residuals of class k, and add its steps to column k of raw [n, K]."""
    y = (labels == k).astype(float)
    residual = y - np.nan_to_num(np.exp(raw[:, k] - logsumexp(raw, axis=1)))
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(codes, residual).tree_
    leaf = leaves(tree, codes)
    classes = raw.shape[1]
    for one in np.unique(leaf):
        rows = leaf == one
        p, not_p = (y - residual)[rows], (1.0 - y + residual)[rows]
        above = residual[rows].sum() * (classes - 1) / classes
        below = np.sum(p * not_p)
        if abs(below) >= 1e-150:
            raw[rows, k] += RATE * above / below


def leaves(tree, codes):
    """Leaf of each row, if a node of impurity 1e-7 or less is not split."""
    last = (tree.children_left < 0) | (tree.impurity <= LEAST_IMPURITY)
    nodes = np.flatnonzero(last)
    passed = tree.decision_path(codes).toarray()[:, last]
    return nodes[passed.argmax(axis=1)]
