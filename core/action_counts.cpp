// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/action_counts.h>

#include <algorithm>

namespace tilework {
namespace {

constexpr std::array<std::string_view, component_kind_count> kind_names{
    "row_driver", "pulse_generator", "crossbar", "sample_and_hold",     "adc",       "output_unit", "vector_unit",
    "sram",       "memory",          "network",  "transfer_controller", "mac_array", "chip_link"};

/// Arithmetic is the same in all of them.
constexpr std::array digital_units{component_kind::vector_unit, component_kind::transfer_controller};

struct action_entry {
  std::string_view name;
  component_kind performer;
};
constexpr std::array<action_entry, action_count> actions{{
    {"dac_conversion", component_kind::row_driver},
    {"cell_read", component_kind::crossbar},
    {"cell_drive", component_kind::crossbar},
    {"cell_read_slot", component_kind::crossbar},
    {"program_pulse", component_kind::crossbar},
    {"update_pulse", component_kind::crossbar},
    {"half_select_pulse", component_kind::crossbar},
    {"row_line_pulse", component_kind::pulse_generator},
    {"column_line_pulse", component_kind::pulse_generator},
    {"random_bit", component_kind::pulse_generator},
    {"sample", component_kind::sample_and_hold},
    {"adc_conversion", component_kind::adc},
    {"output_scale", component_kind::output_unit},
    {"output_shift_add", component_kind::output_unit},
    {"alu_add", component_kind::vector_unit},
    {"alu_multiply", component_kind::vector_unit},
    {"alu_compare", component_kind::vector_unit},
    {"alu_divide", component_kind::vector_unit},
    {"alu_special", component_kind::vector_unit},
    {"sram_read_byte", component_kind::sram},
    {"sram_write_byte", component_kind::sram},
    {"dram_read_byte", component_kind::memory},
    {"dram_write_byte", component_kind::memory},
    {"flit_hop", component_kind::network},
    {"router_arbitration", component_kind::network},
    {"router_add", component_kind::network},
    {"mac", component_kind::mac_array},
    {"chip_link_bit", component_kind::chip_link},
}};

} // namespace

std::string_view name_of(component_kind kind) {
  return kind_names.at(static_cast<std::size_t>(kind));
}
std::string_view name_of(action a) {
  return actions.at(static_cast<std::size_t>(a)).name;
}
std::span<const component_kind> performers_of(action a) {
  const auto& entry = actions.at(static_cast<std::size_t>(a));
  if (entry.performer == component_kind::vector_unit)
    return digital_units;
  return {&entry.performer, 1};
}

std::optional<component_kind> component_kind_from(std::string_view name) {
  const auto* const found = std::ranges::find(kind_names, name);
  if (found == kind_names.end())
    return std::nullopt;
  return static_cast<component_kind>(found - kind_names.begin());
}

std::optional<action> action_from(std::string_view name) {
  const auto* const found = std::ranges::find(actions, name, &action_entry::name);
  if (found == actions.end())
    return std::nullopt;
  return static_cast<action>(found - actions.begin());
}

std::uint64_t ledger::total(phase p, action a) const {
  std::uint64_t sum = 0;
  for (const auto& account : accounts_)
    sum += account.counts.get(p, a);
  return sum;
}

} // namespace tilework
