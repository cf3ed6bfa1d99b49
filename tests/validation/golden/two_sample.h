// SPDX-License-Identifier: Apache-2.0
/// \file Normal-equivalent scores of differences between two samples.
///
/// All functions return z such that under equal laws P(Z > z) for a standard normal Z is at least the probability of a
/// difference as large; sign: ours minus reference.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::golden {

/// P(Z > z) of a standard normal.
double normal_tail(double z);
/// Inverse of normal_tail(). \param probability in (0, 1)
double normal_quantile(double probability);
/// Two-sided threshold for each of `comparisons` scores so that all together fail by chance with probability
/// `family_wise` (Sidak 1967; holds for independent and for positively dependent scores).
double sidak_threshold(double family_wise, std::size_t comparisons);

/// Score with a normal tail for a sum with skewness: the cube-root transform of Wilson & Hilferty (PNAS 17:684, 1931),
/// which follows the tails of Poisson counts and of sample variances. It moves scores away from 0 on the side of the
/// short tail, but there not beyond a skewness of 0.5, where laws with a few far outliers have no such sharp end.
/// \param z difference in standard errors
double unskewed(double z, double skewness);
/// Score with a normal tail for a difference t whose standard error has few degrees of freedom.
double normal_score_of_student(double t, double degrees);

/// Exact test of equal probabilities (Fisher 1922): `ours` of `n_ours` against `reference` of `n_reference`.
double score_of_counts(std::uint64_t ours, std::uint64_t n_ours, std::uint64_t reference, std::uint64_t n_reference);

/// How often each of up to three values occurred in a sample of which only size, mean and variance (n - 1) are known.
/// \param values one to three distinct values, ascending
/// \param step smallest possible difference of two values
/// \return one count per value; empty if no non-negative whole numbers give that mean and variance
std::vector<std::uint64_t> counts_from_moments(std::span<const double> values, std::uint64_t n, double mean,
                                               double variance, double step);

} // namespace tilework::golden
