// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/platforms/accounts.h>

#include <fmt/format.h>

#include <algorithm>

namespace tilework::platform {
namespace {

/// 0: packets are not cut into flits.
double flit_width_of(const interconnect_configuration& configuration) {
  if (const auto* routed = std::get_if<hardware::routed_network_configuration>(&configuration))
    return routed->flit_width_bits;
  const auto* bus = std::get_if<hardware::bus_configuration>(&configuration);
  return bus == nullptr ? 0.0 : bus->width_bits;
}

/// Links to neighbours, upper or lower switches, and the ports of nodes; 0 without routers.
double router_ports_of(const interconnect_configuration& configuration) {
  const auto* routed = std::get_if<hardware::routed_network_configuration>(&configuration);
  if (routed == nullptr)
    return 0;
  constexpr double of_a_mesh = 5;
  const auto* tree = std::get_if<hardware::tree_shape>(&routed->shape);
  if (tree == nullptr)
    return of_a_mesh;
  return tree->fan_out >= tree->nodes ? tree->nodes : tree->fan_out + 1.0;
}

/// The one bus; or routers, and their channels within chips: links both ways, injection and ejection ports.
void open_network_accounts(ledger& books, const interconnect_configuration& configuration, machine_accounts& accounts) {
  const auto* routed = std::get_if<hardware::routed_network_configuration>(&configuration);
  if (routed == nullptr) {
    accounts.network = &books.open("chip0.network", component_kind::network, 1, 1);
    return;
  }
  const auto network = topology_of(*routed);
  const double chip_links = routed->chips * (routed->chips - 1.0);
  accounts.network = &books.open(routed->chips == 1 ? "chip0.network" : "network", component_kind::network,
                                 network.routers, static_cast<double>(network.channels.size()) - chip_links);
  if (routed->chips > 1)
    accounts.chip_links = &books.open("chip_links", component_kind::chip_link, chip_links / 2, chip_links);
}

template <typename Format>
std::string format_name(Format format) {
  for (const auto& [name, value] : names_of(format))
    if (value == format)
      return std::string(name);
  return {};
}

} // namespace

machine_accounts open_accounts(ledger& books, const machine_configuration& c) {
  machine_accounts accounts;
  const auto per_chip = c.tiles() / c.chips();
  for (std::uint32_t t = 0; t < c.tiles(); ++t) {
    const auto of_chip = [&](std::string_view what) {
      return fmt::format("chip{}.{}{}", t / per_chip, what, t % per_chip);
    };
    if (c.matrix_unit)
      accounts.matrix_units.push_back(
          hardware::open_matrix_unit_accounts(books, of_chip("matrix_unit"), *c.matrix_unit));
    else
      accounts.tiles.push_back(hardware::open_tile_accounts(books, of_chip("tile"), c.tile));
  }
  accounts.vector_unit = &books.open("chip0.vector_unit", component_kind::vector_unit, c.vector_unit.lanes);
  accounts.buffer =
      &books.open("chip0.buffer", component_kind::sram, static_cast<double>(c.buffer.capacity_bytes), c.buffer.ports);
  accounts.memory_port = &books.open("chip0.memory_port", component_kind::memory, 1);
  if (c.transfer_controller) {
    const auto& controller = *c.transfer_controller;
    accounts.transfer = {
        &books.open("chip0.transfer_controller", component_kind::transfer_controller, controller.lanes),
        &books.open("chip0.transfer_buffer", component_kind::sram, static_cast<double>(controller.buffer_bytes),
                    controller.buffer_ports)};
  }
  if (std::holds_alternative<hardware::ideal_network_configuration>(c.interconnect))
    return accounts;
  open_network_accounts(books, c.interconnect, accounts);
  return accounts;
}

namespace {

void add_analog(machine_quantities& q, const machine_configuration& c) {
  const hardware::tile_timing timing(c.tile);
  q.adc_bits = static_cast<int>(c.tile.adc.bits);
  q.dac_bits = static_cast<int>(c.tile.dac.bits);
  const auto conversion = timing.conversion_time();
  q.adc_rate_Hz = conversion.count > 0 ? 1 / conversion.seconds() : 0;
  q.integration_time_s = timing.integration_time().seconds();
  q.read_slot_s = c.tile.dac.slot.seconds();
  const auto full = static_cast<double>(hardware::full_code(c.tile.dac));
  q.drive_s = c.tile.dac.kind == hardware::dac_kind::pwm ? q.read_slot_s : q.read_slot_s / (full * full);
  q.v_read_V = c.tile.cell.v_read_V;
  q.v_write_V = c.tile.cell.v_write_V;
  q.conductance_S = (c.tile.cell.g_min_S + c.tile.cell.g_max_S) / 2;
  q.line_F = c.tile.cell.wire_F * std::max(c.tile.inputs, c.tile.outputs);
  q.pulse_width_s = c.tile.pulse.width.seconds();
}

} // namespace

machine_quantities quantities_of(const machine_configuration& c) {
  machine_quantities q;
  if (c.matrix_unit)
    q.mac_format = format_name(c.matrix_unit->format);
  else
    add_analog(q, c);
  q.buffer_bytes = static_cast<double>(c.buffer.capacity_bytes);
  q.flit_width_bit = flit_width_of(c.interconnect);
  q.router_ports = router_ports_of(c.interconnect);
  q.number_format = format_name(c.vector_unit.format);
  return q;
}

} // namespace tilework::platform
