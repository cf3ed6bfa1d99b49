// SPDX-License-Identifier: Apache-2.0
/// \file Bills of materials: systems that are no machine of our tiles, as parts with figures that add up.
///
///     name: example
///     period: 1.6 us                # in which every part does `macs` and takes `energy`
///     parts:
///       - name: tile
///         count: 168
///         parts:
///           - {name: adc, count: 8, power: 2 mW, area: 1200 um2, source: ..., confidence: medium}
///           - {name: array, macs: 16384, energy: 2 pJ, area: 25 um2, source: ...}
///     published:
///       - {quantity: power, of: tile, value: 330 mW, tolerance: 0.01, kind: bookkeeping, source: ...}
///
/// A part has parts of its own or figures; figures need a source. What a part does not state, it has none of. `of` of
/// a published figure is the name of a part, one of its kind, or the name of the whole.
#pragma once

#include <tilework/platforms/published.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tilework::platform {

/// Figures of one of `count` equal parts; with parts of its own they are their sums.
struct bill_part {
  std::string name;
  std::uint32_t count = 1;
  double power_W = 0;
  double area_m2 = 0;
  double energy_J = 0;    ///< per period, besides the power
  std::uint64_t macs = 0; ///< per period
  provenance origin;      ///< source is empty if the part is a sum
  std::vector<bill_part> parts;
};

struct bill_of_materials {
  double period_s = 0; ///< 0: no rates, and no energies
  bill_part whole;     ///< named as the bill
  std::vector<published_figure> published;
};

/// \throws input_error "file:line:column: ..."
bill_of_materials read_bill(config::reader& r);

/// Quantities of a part: power (with energy over the period), area, energy, throughput, efficiency, density and
/// energy_per_mac. Nothing if the bill does not have it.
std::optional<double> value_of(const bill_of_materials& bill, const bill_part& part, quantity q);

/// \throws input_error, located at the figure, if the bill has no such part or quantity
double computed(const bill_of_materials& bill, const published_figure& figure);

} // namespace tilework::platform
