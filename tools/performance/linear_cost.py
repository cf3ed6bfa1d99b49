# SPDX-License-Identifier: Apache-2.0
"""Fits t = a lines + b cells + c to times of square arrays, with relative weights and without negative costs."""
from itertools import combinations

# Brings the three terms to similar magnitude, so that the normal equations stay well conditioned.
SCALE = (1e-3, 1e-6, 1.0)


def solve(matrix, right):
    """Gaussian elimination with pivoting; matrix and right are changed."""
    n = len(right)
    for k in range(n):
        pivot = max(range(k, n), key=lambda r: abs(matrix[r][k]))
        matrix[k], matrix[pivot], right[k], right[pivot] = matrix[pivot], matrix[k], right[pivot], right[k]
        for r in range(k + 1, n):
            factor = matrix[r][k] / matrix[k][k]
            matrix[r] = [v - factor * p for v, p in zip(matrix[r], matrix[k])]
            right[r] -= factor * right[k]
    for k in reversed(range(n)):
        right[k] = (right[k] - sum(matrix[k][c] * right[c] for c in range(k + 1, n))) / matrix[k][k]
    return right


def least_squares(rows):
    """Coefficients that bring every row's product closest to 1."""
    n = len(rows[0])
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(n)] for i in range(n)]
    return solve(normal, [sum(row[i] for row in rows) for i in range(n)])


class Fit:
    """times: {size: seconds}. a, b, c in seconds; residuals: {size: relative error}."""

    def __init__(self, times):
        terms = {n: [2 * n, n * n, 1] for n in times}
        best = None
        for count in (3, 2, 1):
            for chosen in combinations(range(3), count):
                found = least_squares([[terms[n][k] * SCALE[k] / t for k in chosen] for n, t in times.items()])
                coefficients = [0.0, 0.0, 0.0]
                for k, value in zip(chosen, found):
                    coefficients[k] = value * SCALE[k]
                if min(coefficients) < 0:
                    continue
                residuals = {n: sum(c * v for c, v in zip(coefficients, terms[n])) / t - 1 for n, t in times.items()}
                error = sum(r * r for r in residuals.values())
                if best is None or error < best[0]:
                    best = (error, coefficients, residuals)
        _, (self.a, self.b, self.c), self.residuals = best

    def worst(self):
        return max(abs(r) for r in self.residuals.values())


def slope(times, small, large, per_line):
    """Cost per cell between two sizes, lines taken off."""
    return (times[large] - times[small] - per_line * 2 * (large - small)) / (large ** 2 - small ** 2)
