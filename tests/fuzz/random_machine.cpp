// SPDX-License-Identifier: Apache-2.0
#include "fuzz/random_machine.h"

#include <tilework/core/error.h>
#include <tilework/physics/devices/constant_step.h>

#include <algorithm>

namespace tilework::test {
namespace {

constexpr femtoseconds nanosecond{1'000'000};

hardware::dac_configuration random_dac(draws& d) {
  using namespace hardware;
  return {.kind = d.one_of(dac_kind::pwm, dac_kind::voltage),
          .bits = d.one_of(2U, 5U, 7U),
          .slot = nanosecond * d.one_of(1, 3),
          .sign = d.one_of(input_sign::one_phase, input_sign::two_phase),
          .sides = d.one_of(converter_sides::shared, converter_sides::separate)};
}

hardware::adc_configuration random_adc(draws& d) {
  using namespace hardware;
  return {.kind = d.one_of(adc_kind::sar, adc_kind::ramp, adc_kind::fixed),
          .bits = d.one_of(4U, 9U),
          .cycle = nanosecond,
          .fixed_conversion = nanosecond * d.one_of(7, 40),
          .lines_per_adc = d.one_of(1U, 2U, 4U, 8U),
          .sides = d.one_of(converter_sides::shared, converter_sides::separate)};
}

hardware::mesh_shape random_mesh(draws& d, std::uint32_t nodes) {
  const auto columns = d.one_of(1U, 2U, 3U, 5U);
  return {columns, (nodes + columns - 1) / columns + d.below(2)};
}

hardware::routed_network_configuration random_routed(draws& d, std::uint32_t nodes) {
  hardware::routed_network_configuration c;
  c.chips = d.one_of(1U, 1U, 2U, 3U);
  const auto per_chip = (nodes + c.chips - 1) / c.chips;
  if (d.chance())
    c.shape = random_mesh(d, per_chip);
  else
    c.shape = hardware::tree_shape{per_chip, d.one_of(2U, 3U, std::max(2U, per_chip))};
  c.flit_width_bits = d.one_of(8U, 64U, 256U);
  c.clock_Hz = d.one_of(1e9, 0.7e9);
  c.router_latency_cycles = d.one_of(1U, 2U);
  c.link_latency_cycles = d.one_of(0U, 1U, 3U);
  c.reduction = d.chance();
  c.reduction_latency_cycles = d.one_of(0U, 1U);
  c.chip_link = {d.one_of(0U, 20U), d.one_of(1e9, 6.4e9)};
  c.router = {d.one_of(1U, 2U, 4U), d.one_of(1U, 2U, 8U), d.one_of(1U, 3U)};
  return c;
}

physics::io_parameters random_io(draws& d, const hardware::tile_configuration& tile) {
  physics::io_parameters io;
  io.inp_res = 1.0F / static_cast<float>((1U << tile.dac.bits) - 2);
  io.out_res = 1.0F / static_cast<float>((1U << tile.adc.bits) - 2);
  io.bound_management = d.one_of(physics::bound_management::none, physics::bound_management::iterative);
  auto parts = io;
  parts.mv_type = d.one_of(physics::mv_type::one_pass, physics::mv_type::pos_neg_separate, physics::mv_type::bit_wise);
  try {
    parts.validate();
  } catch (const input_error&) { // not with these converters
    return io;
  }
  return parts;
}

} // namespace

hardware::tile_configuration random_tile(draws& d) {
  using namespace hardware;
  tile_configuration c;
  c.inputs = 2 + d.below(8);
  c.outputs = 2 + d.below(8);
  c.dac = random_dac(d);
  c.adc = random_adc(d);
  c.sample_and_hold =
      d.one_of(sample_and_hold_kind::none, sample_and_hold_kind::single, sample_and_hold_kind::double_buffered);
  c.weight_phases = d.one_of(1U, 2U);
  c.pulse.width = nanosecond * 5;
  c.pulse.period = nanosecond * d.one_of(5, 8);
  c.pulse.phases = d.one_of(1U, 2U);
  c.pulse.charge = d.one_of(pulse_charge::actual_bl, pulse_charge::nominal_bl);
  c.output_latency = nanosecond * d.one_of(0, 2);
  c.program_row_time = nanosecond * 100;
  c.input_depth = d.one_of(1U, 2U, 4U);
  return c;
}

physics::array_parameters random_parameters(draws& d, const hardware::tile_configuration& tile) {
  physics::array_parameters p;
  physics::constant_step device;
  device.dw_min = 0.01F;
  p.device = device;
  p.forward = random_io(d, tile);
  p.backward = random_io(d, tile);
  p.line_read = p.forward;
  p.line_read.mv_type = physics::mv_type::one_pass;
  p.line_read.noise_management = physics::noise_management::none;
  p.line_read.bound_management = physics::bound_management::none;
  p.update.desired_bl = d.one_of(1, 7, 31);
  return p;
}

platform::interconnect_configuration random_network(draws& d, std::uint32_t nodes) {
  switch (d.below(8)) {
  case 0:
    return hardware::ideal_network_configuration{.nodes = nodes};
  case 1:
    return hardware::bus_configuration{.nodes = nodes,
                                       .width_bits = d.one_of(8U, 64U),
                                       .clock_Hz = d.one_of(1e9, 0.7e9),
                                       .arbitration_cycles = d.one_of(0U, 1U, 4U)};
  default:
    return random_routed(d, nodes);
  }
}

platform::machine_configuration random_machine(draws& d, const hardware::tile_configuration& tile,
                                               std::uint32_t nodes) {
  using numerics::number_format;
  platform::machine_configuration c;
  c.tile = tile;
  c.vector_unit.lanes = d.one_of(1U, 4U, 32U);
  c.vector_unit.clock_Hz = d.one_of(1e9, 0.9e9);
  c.vector_unit.latency_cycles = d.one_of(0U, 4U);
  c.vector_unit.format = d.one_of(number_format::fp32, number_format::bf16);
  c.vector_unit.input_depth = d.one_of(1U, 4U);
  auto& controller = c.transfer_controller.emplace();
  controller.lanes = d.one_of(1U, 4U, 32U);
  controller.buffer_ports = d.one_of(1U, 2U);
  controller.input_depth = d.one_of(1U, 4U);
  c.buffer.ports = d.one_of(1U, 2U, 8U);
  c.buffer.width_bytes = d.one_of(1U, 4U, 32U);
  c.buffer.latency_cycles = d.one_of(0U, 2U);
  c.memory.bandwidth_bytes_per_s = d.one_of(1e9, 1e12);
  c.interconnect = random_network(d, nodes);
  return c;
}

bool use_routers(platform::machine_configuration& machine) {
  using hardware::network_model;
  if (auto* routed = std::get_if<hardware::routed_network_configuration>(&machine.interconnect))
    routed->model = network_model::router;
  else if (auto* bus = std::get_if<hardware::bus_configuration>(&machine.interconnect))
    bus->model = network_model::router;
  return machine.network_model() == network_model::router;
}

} // namespace tilework::test
