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

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <vector>

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

/// Which price, wherever its file lies: equal title and source are the same price.
struct price_identity {
  std::string title; ///< title_of() its entry
  std::string source;
  confidence trust = confidence::low;
  figure_basis basis = figure_basis::published;
  friend auto operator<=>(const price_identity&, const price_identity&) = default;
};

/// What one price decides of a total. Leakage per area is as uncertain as the area, too.
struct priced_part {
  price_identity price;
  std::optional<price_identity> area; ///< of leakage per area
  double amount = 0;                  ///< J or m2
};

/// Parts of the energy of the training phases, and of the area, that are not 0; a price comes once per area.
std::vector<priced_part> energy_parts(const cost_sheet& sheet);
std::vector<priced_part> area_parts(const cost_sheet& sheet);

/// From 4096 draws that depend on nothing but the prices.
cost_uncertainty uncertainty_of(const cost_sheet& sheet);

/// One total over another. Prices that both have largely cancel.
struct uncertain_ratio {
  double value = 0; ///< first / second; 0 if the second is 0
  interval range;
  double ranking_survives = 1; ///< probability that the one that is less with the prices as they are is not more
};

/// Of the sums of the parts.
uncertain_ratio ratio_of(std::span<const priced_part> first, std::span<const priced_part> second);

} // namespace tilework
