// SPDX-License-Identifier: Apache-2.0
/// \file What actions, area and leakage cost in a technology, and who says so. Plain data, see pricing.h for its use.
#pragma once

#include <tilework/core/action_counts.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tilework {

/// How far to trust a figure: high = published and checked, medium = published for a similar circuit, low = other
/// node, estimate or unverified.
enum class confidence : std::uint8_t { high, medium, low };
inline constexpr std::array<std::pair<std::string_view, confidence>, 3> confidence_names{
    {{"high", confidence::high}, {"medium", confidence::medium}, {"low", confidence::low}}};
constexpr const auto& names_of(confidence /*tag*/) {
  return confidence_names;
}

/// How a figure became known. Only `published` and `derived` ones may be trusted more than `low`.
enum class figure_basis : std::uint8_t {
  published, ///< read in its source: a paper's table or text, code, a data file
  derived,   ///< calculated from figures that were read, or a law
  secondary, ///< read in somebody else's summary of the source
  recalled,  ///< from memory; nobody looked at the source
};
inline constexpr std::array<std::pair<std::string_view, figure_basis>, 4> figure_basis_names{
    {{"published", figure_basis::published},
     {"derived", figure_basis::derived},
     {"secondary", figure_basis::secondary},
     {"recalled", figure_basis::recalled}}};
constexpr const auto& names_of(figure_basis /*tag*/) {
  return figure_basis_names;
}
/// Whether a result that uses such a figure must say so.
constexpr bool is_unchecked(figure_basis basis) {
  return basis == figure_basis::secondary || basis == figure_basis::recalled;
}

/// Where a figure comes from.
struct provenance {
  std::string source;    ///< paper, table or file; never empty
  std::string node;      ///< process of the source, e.g. "32 nm"
  std::string condition; ///< voltage, rate, array size, assumptions
  tilework::confidence trust = confidence::low;
  figure_basis basis = figure_basis::published;
  std::vector<std::string> includes; ///< what else is in the figure, e.g. clock, control
  std::string location;              ///< file:line:column of the entry
};

/// Named laws; sources are in technology.cpp next to each formula.
enum class formula : std::uint8_t {
  adc_survey,        ///< energy and area of the best published ADCs, from bits, rate and node
  adc_sar,           ///< energy of NeuroSim's SAR converter, from bits and a node of its table
  adc_cco,           ///< energy of the oscillator converters of a 14 nm PCM macro, from bits
  adc_ramp,          ///< energy of a converter that steps through its codes (130 nm), from bits
  dac_time,          ///< energy of a digital-to-time converter (65 nm), from bits
  router,            ///< energy per flit hop, area and leakage of a router (32 nm), from ports and flit width
  sram_access,       ///< energy per byte with the square root of the buffer's capacity
  line_charge,       ///< V_read^2 times the capacitance of the longest line
  ohmic_read,        ///< V_read^2 G t_integration
  ohmic_read_slot,   ///< V_read^2 G t_slot
  ohmic_drive,       ///< V_read^2 G of one cell_drive: t_slot, or t_slot / full code^2 of a voltage DAC
  ohmic_update,      ///< V_write^2 G t_pulse
  ohmic_half_select, ///< (V_write / 2)^2 G t_pulse
};
inline constexpr std::array<std::pair<std::string_view, formula>, 13> formula_names{
    {{"adc_survey", formula::adc_survey},
     {"adc_sar", formula::adc_sar},
     {"adc_cco", formula::adc_cco},
     {"adc_ramp", formula::adc_ramp},
     {"dac_time", formula::dac_time},
     {"router", formula::router},
     {"sram_access", formula::sram_access},
     {"line_charge", formula::line_charge},
     {"ohmic_read", formula::ohmic_read},
     {"ohmic_read_slot", formula::ohmic_read_slot},
     {"ohmic_drive", formula::ohmic_drive},
     {"ohmic_update", formula::ohmic_update},
     {"ohmic_half_select", formula::ohmic_half_select}}};
constexpr const auto& names_of(formula /*tag*/) {
  return formula_names;
}

/// Evaluated with the machine's quantities. \param node_m process node, for adc_survey and adc_sar
struct formula_law {
  formula law{};
  double node_m = 0;
  double factor = 1; ///< multiple of the law, such as of a survey's bound
};
/// A value per number format of the digital units or of the mac_array ("fp16", "fp32", ...), whichever is priced.
struct number_format_law {
  std::vector<std::pair<std::string, double>> values;
};
/// A value per bit of a network flit.
struct flit_bit_law {
  double per_bit = 0;
};
/// Leakage power in proportion to the unit's area.
struct area_law {
  double W_per_m2 = 0;
};
/// How a figure goes from one process node to another.
enum class scaling_rule : std::uint8_t {
  constant_voltage, ///< energy with length (capacitance), area with its square; leakage is refused
};
inline constexpr std::array<std::pair<std::string_view, scaling_rule>, 1> scaling_rule_names{
    {{"constant_voltage", scaling_rule::constant_voltage}}};
constexpr const auto& names_of(scaling_rule /*tag*/) {
  return scaling_rule_names;
}
/// A value of another process node. \pre is_one_node_step(from_m, to_m)
struct scaled_law {
  double value = 0; ///< at `from_m`
  double from_m = 0;
  double to_m = 0;
  scaling_rule rule{};
};
/// Whether two nodes are at most one generation apart, such as 32 and 22 nm: lengths within a factor of 1.6.
constexpr bool is_one_node_step(double from_m, double to_m) {
  constexpr double most = 1.6;
  return from_m > 0 && to_m > 0 && from_m <= most * to_m && to_m <= most * from_m;
}
/// J per action, m2 or W per unit: a constant or a law.
using price_law = std::variant<double, formula_law, number_format_law, flit_bit_law, area_law, scaled_law>;

/// Energy of one or more actions. A price that covers several is charged on the count of one of them, `per`; the
/// others cost nothing more.
struct energy_price {
  std::string name;
  std::vector<action> covers;
  action per{};
  price_law value;
  provenance origin;
};

/// Area in m2 or leakage in W of one unit (line, cell, converter, ...) of a kind of component.
struct unit_price {
  component_kind of{};
  price_law value;
  provenance origin;
  std::string name{}; ///< of the entry, which may price several kinds; empty: the kind's
};

struct technology {
  std::string name;
  std::vector<energy_price> energies;
  std::vector<unit_price> areas;
  std::vector<unit_price> leakages;
  std::string location{}; ///< file:line:column of what names its files; empty if it has none
};

/// `later` overrides `first` by what it covers.
/// \throws input_error if it replaces a part of a price that covers several actions.
technology merged(technology first, const technology& later);

/// Inputs of the laws; 0 or empty = the machine has no such thing, and a law that needs it is refused.
struct machine_quantities {
  int adc_bits = 0;
  int dac_bits = 0;
  double adc_rate_Hz = 0; ///< conversions per second of one converter
  double integration_time_s = 0;
  double read_slot_s = 0; ///< one slot of the DAC
  double drive_s = 0;     ///< time at the full read voltage that one cell_drive is worth
  double v_read_V = 0;
  double v_write_V = 0;
  double conductance_S = 0; ///< mean conductance of a cross-point
  double pulse_width_s = 0;
  double line_F = 0; ///< capacitance of the longest line of an array
  double flit_width_bit = 0;
  double router_ports = 0;   ///< of one router of the network, the node's included; 0: there are no routers
  double buffer_bytes = 0;   ///< capacity of the buffer
  std::string number_format; ///< of the digital units, "fp32"
  std::string mac_format{};  ///< of a mac_array, which may have another one; "int8"
};

enum class priced_quantity : std::uint8_t { energy, area, leakage };

/// Value of a law: J, m2 or W. \param unit_area_m2 area of the unit, for leakage by area.
/// \throws input_error, located by `origin`, if the machine lacks an input or the law does not give this quantity.
double evaluate(const price_law& law, priced_quantity quantity, const machine_quantities& machine,
                const provenance& origin, double unit_area_m2 = 0);

} // namespace tilework
