// SPDX-License-Identifier: Apache-2.0
/// \file A sample of discrete outputs against published mean and variance.
#pragma once

#include "validation/golden/acceptance.h"
#include "validation/golden/value_counts.h"

#include <string>

namespace tilework::golden {

/// Mean and standard deviation, or, where at most three values occur, how often each of them occurs: rare values make
/// moments far from normal, and their counts can be recovered from the published moments.
/// \param step smallest difference of two values
/// \param n_published size of the published sample; reference.n is what it is worth
void compare_sample(family& f, const std::string& what, const sample& ours, const value_counts& values,
                    const reference_moments& reference, double n_published, double step);

/// A common shift of many means, or a common factor of many standard deviations, of simultaneous outputs: mean over the
/// outputs that change often enough. One output alone needs far more samples to show it.
class pooled_comparison {
public:
  /// Simultaneous outputs, independent of those of other groups.
  struct group {
    sample shifts;           ///< mean over outputs of (y - mean)/sigma, per draw
    sample squares;          ///< mean over outputs of ((y - mean)/sigma)^2, per draw
    double shift = 0;        ///< mean over outputs of the differences to the published means, in sigma
    double change = 0;       ///< the same of the variances, in sigma^2
    double n_reference = 0;  ///< size of the published sample
    double table_shift = 0;  ///< what one standard error of the reference's table does to `shift`
    double table_change = 0; ///< and to `change`
  };
  void add(const group& g);
  /// Errors of tables are taken as common to all groups.
  void report(family& f, const std::string& what) const;

private:
  double groups_ = 0;
  double shift_ = 0;
  double change_ = 0;
  double shift_variance_ = 0;
  double change_variance_ = 0;
  double table_shift_ = 0;
  double table_change_ = 0;
};

} // namespace tilework::golden
