// SPDX-License-Identifier: Apache-2.0
/// \file How far totals may be off because prices are.
///
/// Every price entry is multiplied by one log-normal factor with median 1, shared by all that the entry prices; factors
/// of different entries are independent. Zero stays zero. The width follows the entry's confidence, a convention:
///
/// | confidence | 90 % within | because |
/// |------------|-------------|---------|
/// | high       | x 1.2       | checked against its source |
/// | medium     | x 2         | 8-bit SAR converters of 32 to 65 nm are published at 1.67 to 3.56 pJ |
/// | low        | x 5         | 32-bit integer products are published at 3.1 to 19.9 pJ |
///
/// What a choice between circuits is worth (converters of the survey bound and measured ones are 70 times apart) is no
/// spread around a figure: compare technologies for that.
#pragma once

#include <tilework/core/pricing.h>

#include <string>

namespace tilework {

/// 5 % and 95 % quantile.
struct interval {
  double low = 0;
  double high = 0;
};

struct uncertain_total {
  double value = 0; ///< with the prices as they are
  interval range;
  std::string largest;      ///< title of the entry that adds most to the variance; empty if nothing is uncertain
  double largest_share = 0; ///< of the variance of the total's logarithm, to first order
};

struct cost_uncertainty {
  uncertain_total energy_J; ///< training phases
  uncertain_total area_m2;
};

/// Half the width of a confidence's 90 % interval, as a factor.
double spread_of(confidence trust);

/// From 4096 draws that depend on nothing but the entries.
cost_uncertainty uncertainty_of(const cost_sheet& sheet);

/// One total over another. Entries of the same quantity, name and source are the same in both and largely cancel.
struct uncertain_ratio {
  double value = 0; ///< first / second; 0 if the second is 0
  interval range;
  double ranking_survives = 1; ///< probability that the one that is less with the prices as they are is not more
};

struct cost_comparison {
  uncertain_ratio energy;
  uncertain_ratio area;
};

cost_comparison compare(const cost_sheet& first, const cost_sheet& second);

} // namespace tilework
