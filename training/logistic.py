"""Ridge logistic regression by Newton's method: rows and labels go in, one weight a column comes out. Knows no
columns' names."""

from __future__ import annotations

from typing import Any

import numpy as np

ROUNDS = 50
Array = np.ndarray[Any, np.dtype[np.float64]]


def logistic(x: Array, y: Array, ridge: Array | float, weight: Array | float = 1.0) -> Array:
    """The weights [columns] that make `y` [rows] of 0 and 1 most likely given `x` [rows, columns], less half of `ridge`
    times their squares, by column or the same for all. `weight` [rows] is how much a row counts."""
    penalty = np.diag(np.broadcast_to(ridge, x.shape[1]))
    w = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-x @ w))
        w += np.linalg.solve((x.T * (weight * p * (1 - p))) @ x + penalty, x.T @ (weight * (y - p)) - penalty @ w)
    return w
