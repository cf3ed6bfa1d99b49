// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/platforms/accounts.h>

#include <fmt/format.h>

namespace tilework::platform {
namespace {

/// Routers of a mesh, or the one bus.
double network_units(const interconnect_configuration& configuration) {
  const auto* mesh = std::get_if<hardware::mesh_configuration>(&configuration);
  return mesh == nullptr ? 1.0 : static_cast<double>(mesh->columns) * mesh->rows;
}

/// Links between routers, both ways, and an injection and an ejection port per router; or the one bus.
double channels_of(const interconnect_configuration& configuration) {
  const auto* mesh = std::get_if<hardware::mesh_configuration>(&configuration);
  if (mesh == nullptr)
    return 1.0;
  const double columns = mesh->columns;
  const double rows = mesh->rows;
  return 2 * ((columns - 1) * rows + columns * (rows - 1)) + 2 * columns * rows;
}

/// 0: packets are not cut into flits.
double flit_width_of(const interconnect_configuration& configuration) {
  if (const auto* mesh = std::get_if<hardware::mesh_configuration>(&configuration))
    return mesh->flit_width_bits;
  const auto* bus = std::get_if<hardware::bus_configuration>(&configuration);
  return bus == nullptr ? 0.0 : bus->width_bits;
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
  for (std::uint32_t t = 0; t < c.tiles(); ++t)
    if (c.matrix_unit)
      accounts.matrix_units.push_back(
          hardware::open_matrix_unit_accounts(books, fmt::format("chip0.matrix_unit{}", t), *c.matrix_unit));
    else
      accounts.tiles.push_back(hardware::open_tile_accounts(books, fmt::format("chip0.tile{}", t), c.tile));
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
  accounts.network =
      &books.open("chip0.network", component_kind::network, network_units(c.interconnect), channels_of(c.interconnect));
  return accounts;
}

namespace {

void add_analog(machine_quantities& q, const machine_configuration& c) {
  const hardware::tile_timing timing(c.tile);
  q.adc_bits = static_cast<int>(c.tile.adc.bits);
  const auto conversion = timing.conversion_time();
  q.adc_rate_Hz = conversion.count > 0 ? 1 / conversion.seconds() : 0;
  q.integration_time_s = timing.integration_time().seconds();
  q.read_slot_s = c.tile.dac.slot.seconds();
  const auto full = static_cast<double>(hardware::full_code(c.tile.dac));
  q.drive_s = c.tile.dac.kind == hardware::dac_kind::pwm ? q.read_slot_s : q.read_slot_s / (full * full);
  q.v_read_V = c.tile.cell.v_read_V;
  q.v_write_V = c.tile.cell.v_write_V;
  q.conductance_S = (c.tile.cell.g_min_S + c.tile.cell.g_max_S) / 2;
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
  q.number_format = format_name(c.vector_unit.format);
  return q;
}

} // namespace tilework::platform
