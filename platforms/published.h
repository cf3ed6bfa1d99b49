// SPDX-License-Identifier: Apache-2.0
/// \file Figures that were published for a system, beside what this project computes for them.
///
///     published:
///       - {quantity: throughput, of: tile, value: 1.008 TOPS, tolerance: 0.01, kind: bookkeeping, source: ...}
///       - {quantity: time, of: outer_product_update, bl: 5, value: 25 ns, tolerance: 0.02, kind: bookkeeping, ...}
///
/// `source` is mandatory; condition and confidence (high, medium, low; default low) are not. `vectors`, `bl`,
/// `pulse_probability` and `mv_type` say what the operation does, see assumed_work.
#pragma once

#include <tilework/config/reader.h>
#include <tilework/core/technology.h>
#include <tilework/platforms/machine_costs.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::platform {

/// time, energy (without leakage), energy_per_mac: of an operation; energy also of an action.
/// throughput, sustained_throughput, efficiency, density, power: of tile and chip; throughput also of vector_unit and
/// transfer_controller, arithmetic operations. area, leakage: of tile, chip and parts.
enum class quantity : std::uint8_t {
  time,
  energy,
  energy_per_mac,
  throughput,
  sustained_throughput,
  efficiency,
  density,
  area,
  power,
  leakage,
};
inline constexpr std::array<std::pair<std::string_view, quantity>, 10> quantity_names{
    {{"time", quantity::time},
     {"energy", quantity::energy},
     {"energy_per_mac", quantity::energy_per_mac},
     {"throughput", quantity::throughput},
     {"sustained_throughput", quantity::sustained_throughput},
     {"efficiency", quantity::efficiency},
     {"density", quantity::density},
     {"area", quantity::area},
     {"power", quantity::power},
     {"leakage", quantity::leakage}}};
constexpr const auto& names_of(quantity /*tag*/) {
  return quantity_names;
}
dimension dimension_of(quantity q);
std::string_view name_of(quantity q);

/// bookkeeping: follows by arithmetic from the parts' figures, so an error is one of sums. end_to_end: a prediction.
enum class evidence : std::uint8_t { bookkeeping, end_to_end };
inline constexpr std::array<std::pair<std::string_view, evidence>, 2> evidence_names{
    {{"bookkeeping", evidence::bookkeeping}, {"end_to_end", evidence::end_to_end}}};
constexpr const auto& names_of(evidence /*tag*/) {
  return evidence_names;
}
std::string_view name_of(evidence kind);

struct published_figure {
  platform::quantity quantity{};
  std::string of;
  double value = 0;     ///< SI units
  double tolerance = 0; ///< of |ours / value - 1|; 0: none is promised, end_to_end only
  evidence kind{};
  assumed_work work;
  provenance origin;
};

/// The list under "published"; empty if there is none.
std::vector<published_figure> read_published(config::reader& r);

/// What this project has for a figure, in SI units.
/// \throws input_error, located at the figure, if the machine has no such thing
double computed(const machine_costs& costs, const published_figure& figure);

/// ours / published - 1
inline double error_of(double ours, const published_figure& figure) {
  return ours / figure.value - 1;
}

} // namespace tilework::platform
