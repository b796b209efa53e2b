"""Fitting the ranker: documents with known values in, weights out. Needs scipy (the ``dev`` extra).

The likelihood is that of the right value among all candidates of its document (the sum over its candidates);
a value that no candidate holds was not read, so "not on the page" is the right answer there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.label.features import Features

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """One leaf of one document: the candidates' features, and which of them hold the true value."""

    leaf: str
    kind: str
    features: Sequence[Features]
    right: Sequence[bool]


def fit_ranker(
    examples: Sequence[Example], *, shared_penalty: float, own_penalty: float
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Weights by kind and by leaf (``type/leaf``), each kind for itself."""
    kinds: dict[str, dict[str, float]] = {}
    leaves: dict[str, dict[str, float]] = {}
    for kind in sorted({e.kind for e in examples}):
        group = [e for e in examples if e.kind == kind]
        names = sorted({name for e in group for f in e.features for name in f})
        own = sorted({e.leaf for e in group})
        columns = {("", name): i for i, name in enumerate(names)}
        columns |= {
            (leaf, name): len(columns) + i for i, (leaf, name) in enumerate((leaf, n) for leaf in own for n in names)
        }
        penalty = np.array([shared_penalty if leaf == "" else own_penalty for leaf, _ in columns])
        weights = minimise([_matrix(e, columns, names) for e in group], [np.array(e.right) for e in group], penalty)
        found = {key: round(float(w), 4) for key, w in zip(columns, weights, strict=True) if abs(w) > 1e-3}
        kinds[kind] = {name: w for (leaf, name), w in found.items() if leaf == ""}
        for leaf in own:
            leaves[leaf] = {name: w for (of, name), w in found.items() if of == leaf}
    return kinds, leaves


def _matrix(example: Example, columns: Mapping[tuple[str, str], int], names: Sequence[str]) -> Array:
    matrix = np.zeros((len(example.features), len(columns)))
    for row, features in enumerate(example.features):
        for name, value in features.items():
            matrix[row, columns["", name]] = value
            matrix[row, columns[example.leaf, name]] = value
    return matrix


def minimise(matrices: Sequence[Array], rights: Sequence[NDArray[np.bool_]], penalty: Array) -> Array:
    """Penalised negative log-likelihood by L-BFGS."""
    from scipy.optimize import minimize

    stacked = np.vstack([m for m in matrices if len(m)])
    edges = np.cumsum([0, *(len(m) for m in matrices if len(m))])
    targets = [r for m, r in zip(matrices, rights, strict=True) if len(m)]

    def loss(weights: Array) -> tuple[float, Array]:
        scores = stacked @ weights
        total, pull = 0.0, np.zeros_like(scores)
        for start, end, right in zip(edges, edges[1:], targets, strict=False):
            shares, value = _shares(scores[start:end], right)
            total -= value
            pull[start:end] = shares
        return total + float(penalty @ (weights**2)), stacked.T @ pull + 2 * penalty * weights

    return np.asarray(
        minimize(loss, np.zeros(stacked.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    )


def _shares(scores: Array, right: NDArray[np.bool_]) -> tuple[Array, float]:
    """Gradient by score and log-likelihood of one example."""
    top = max(0.0, float(scores.max()))
    powers, null = np.exp(scores - top), np.exp(-top)
    shares = powers / (powers.sum() + null)
    if not right.any():
        return shares, float(np.log(max(null / (powers.sum() + null), 1e-12)))
    mass = float(shares[right].sum())
    wanted = np.where(right, shares / max(mass, 1e-12), 0.0)
    return shares - wanted, float(np.log(max(mass, 1e-12)))


def fit_probability(
    rows: Sequence[Features], right: Sequence[bool], penalty: float = 0.5, weights: Sequence[float] | None = None
) -> dict[str, float]:
    """Logistic weights from evidence to the probability of being right (predictions must be out of fold).

    ``weights`` say how much each row counts; else all count alike.
    """
    from scipy.optimize import minimize

    names = sorted({name for row in rows for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    sign = np.where(np.array(right), 1.0, -1.0)
    shrink = np.array([0.01 if name == "bias" else penalty for name in names])

    count = np.ones(len(rows)) if weights is None else np.array(weights)

    def loss(theta: Array) -> tuple[float, Array]:
        margin = sign * (matrix @ theta)
        value = float(count @ np.logaddexp(0, -margin) + shrink @ theta**2)
        return value, matrix.T @ (-count * sign / (1 + np.exp(margin))) + 2 * shrink * theta

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return {name: round(float(w), 4) for name, w in zip(names, best, strict=True)}
