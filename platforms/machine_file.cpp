// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/read_fields.h>
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/published.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace tilework::platform {
namespace {

using config::reader;

constexpr field at_least_one{.minimum = 1};
constexpr field positive{.minimum = 0, .open_minimum = true};
constexpr field not_negative{.minimum = 0};
// Upper limits keep products of times and counts far inside the range of femtoseconds.
constexpr field short_time{.minimum = 0, .maximum = 1e-3, .open_minimum = true};
constexpr field long_time{.minimum = 0, .maximum = 1};
constexpr field bandwidth_range{.minimum = 1e3, .maximum = 1e18};
constexpr field converter_bits{.minimum = 2, .maximum = 16};
constexpr field clock_range{.minimum = 1e3, .maximum = 1e15}; // a period of 1 fs

femtoseconds read_time(reader& r, std::string_view key, double default_s, const field& limits = long_time) {
  return femtoseconds::from_seconds(r.quantity(key, dimension::time, default_s, limits));
}

unsigned read_cycles(reader& r, std::string_view key, unsigned default_cycles) {
  return static_cast<unsigned>(r.quantity(key, dimension::cycles, default_cycles, {.minimum = 0, .maximum = 1e6}));
}

double read_clock(reader& r) {
  return r.quantity("clock", dimension::frequency, 1e9, clock_range);
}

std::uint32_t read_width_bits(reader& r, std::string_view key, double default_bits) {
  return static_cast<std::uint32_t>(r.quantity(key, dimension::width, default_bits, {.minimum = 1, .maximum = 65536}));
}

endurance_limit read_endurance(reader r) {
  endurance_limit limit;
  limit.pulses = r.require<double>("pulses", {.minimum = 1, .maximum = 1e30});
  limit.source = r.require<std::string>("source");
  if (limit.source.empty())
    throw r.error("source", "expected where the figure comes from, got nothing");
  return limit;
}

hardware::cell_configuration read_cell(reader r) {
  hardware::cell_configuration c;
  c.g_min_S = r.quantity("g_min", dimension::conductance, c.g_min_S, not_negative);
  c.g_max_S = r.quantity("g_max", dimension::conductance, c.g_max_S, positive);
  c.v_read_V = r.quantity("v_read", dimension::voltage, c.v_read_V, positive);
  c.v_write_V = r.quantity("v_write", dimension::voltage, c.v_write_V, positive);
  if (c.g_min_S >= c.g_max_S)
    throw r.error("g_min", "g_min must be below g_max");
  if (r.has("wire")) {
    auto wire = r.child("wire");
    c.wire_Ohm = wire.require_quantity("resistance", dimension::resistance, not_negative);
    c.wire_F = wire.require_quantity("capacitance", dimension::capacitance, not_negative);
  }
  if (r.has("endurance"))
    c.endurance = read_endurance(r.child("endurance"));
  return c;
}

hardware::dac_configuration read_dac(reader r) {
  hardware::dac_configuration c;
  c.kind = r.get("kind", c.kind);
  c.bits = r.get("bits", c.bits, converter_bits);
  c.slot = read_time(r, "slot", 1e-9, short_time);
  c.sign = r.get("signed", c.sign);
  c.sides = r.get("sides", c.sides);
  return c;
}

hardware::adc_configuration read_adc(reader r) {
  hardware::adc_configuration c;
  c.kind = r.get("kind", c.kind);
  c.bits = r.get("bits", c.bits, converter_bits);
  r.exclusive("cycle", "conversion_time");
  if (c.kind == hardware::adc_kind::fixed) {
    if (r.has("cycle"))
      throw r.error("cycle", "kind fixed takes conversion_time, not cycle");
    c.fixed_conversion = femtoseconds::from_seconds(r.require_quantity("conversion_time", dimension::time, short_time));
  } else {
    if (r.has("conversion_time"))
      throw r.error("conversion_time",
                    "the conversion time of a sar or ramp ADC follows from cycle and bits; give cycle, "
                    "or use kind: fixed for a time that does not depend on the bits");
    c.cycle = read_time(r, "cycle", 1e-9, short_time);
  }
  c.lines_per_adc = r.get("lines_per_adc", c.lines_per_adc, {.minimum = 1, .maximum = 65536});
  c.sides = r.get("sides", c.sides);
  return c;
}

hardware::pulse_configuration read_pulse(reader r) {
  hardware::pulse_configuration c;
  c.width = read_time(r, "width", 5e-9, short_time);
  c.period = read_time(r, "period", c.width.seconds(), short_time);
  if (c.period < c.width)
    throw r.error("period", "the pulse period must be at least the pulse width");
  c.phases = r.get("phases", c.phases, {.minimum = 1, .maximum = 2});
  c.charge = r.get("charge", c.charge);
  return c;
}

hardware::calibration_configuration read_calibration(reader r) {
  hardware::calibration_configuration c;
  c.pulse_pairs = r.get("pulse_pairs", c.pulse_pairs, {.minimum = 0, .maximum = 1e6});
  c.reads = r.get("reads", c.reads, {.minimum = 0, .maximum = 1e4});
  return c;
}

void require_settling(const reader& dac, const hardware::tile_configuration& c) {
  const double settling_s = hardware::settling_time_s(c);
  if (settling_s > c.dac.slot.seconds())
    throw dac.error("slot",
                    fmt::format("the longest line of the array ({} cells) settles to half a step of the ADC in {}; "
                                "make the slot at least as long, the array smaller or the wires better",
                                std::max(c.inputs, c.outputs), format_quantity(settling_s, dimension::time)));
}

hardware::tile_configuration read_tile(reader r) {
  hardware::tile_configuration c;
  auto array = r.child("array");
  c.inputs = array.get("inputs", c.inputs, {.minimum = 1, .maximum = 65536});
  c.outputs = array.get("outputs", c.outputs, {.minimum = 1, .maximum = 65536});
  c.cell = read_cell(r.child("cell"));
  c.dac = read_dac(r.child("dac"));
  c.adc = read_adc(r.child("adc"));
  c.sample_and_hold = r.get("sample_and_hold", c.sample_and_hold);
  c.weight_phases = r.get("weight_phases", c.weight_phases, {.minimum = 1, .maximum = 2});
  c.pulse = read_pulse(r.child("pulse"));
  c.output_latency = read_time(r, "output_latency", 2e-9);
  c.program_row_time = read_time(r, "program_row_time", 1e-6);
  auto faults = r.child("faults");
  c.faults = config::read_fields(faults, c.faults);
  c.calibration = read_calibration(r.child("calibration"));
  c.input_depth = r.get("input_depth", c.input_depth, {.minimum = 1, .maximum = 64});
  require_settling(r.child("dac"), c);
  return c;
}

std::uint64_t read_bytes(reader& r, std::string_view key, std::uint64_t default_bytes) {
  return static_cast<std::uint64_t>(
      r.quantity(key, dimension::data_size, static_cast<double>(default_bytes), {.minimum = 1, .maximum = 1e12}));
}

hardware::weight_memory_configuration read_weight_memory(reader r) {
  hardware::weight_memory_configuration c;
  c.kind = r.get("kind", c.kind);
  c.capacity_bytes = read_bytes(r, "capacity", c.capacity_bytes);
  if (r.has("word")) // otherwise the number format
    c.word_bits = static_cast<unsigned>(r.require_quantity("word", dimension::width, {.minimum = 1, .maximum = 64}));
  if (c.kind == hardware::weight_memory_kind::sram) {
    c.width_bytes = (read_width_bits(r, "width", c.width_bytes * 8.0) + 7) / 8;
    return c;
  }
  c.bandwidth_bytes_per_s = r.quantity("bandwidth", dimension::data_rate, c.bandwidth_bytes_per_s, bandwidth_range);
  c.latency = read_time(r, "latency", 50e-9);
  return c;
}

hardware::matrix_unit_configuration read_matrix_unit(reader r) {
  hardware::matrix_unit_configuration c;
  c.kind = r.require<hardware::matrix_unit_kind>("kind");
  if (c.kind == hardware::matrix_unit_kind::systolic) {
    c.rows = r.get("rows", c.rows, {.minimum = 1, .maximum = 65536});
    c.columns = r.get("columns", c.columns, {.minimum = 1, .maximum = 65536});
    c.folds = r.get("folds", c.folds);
  } else {
    c.lanes = r.get("lanes", c.lanes, {.minimum = 1, .maximum = 65536});
    c.latency_cycles = read_cycles(r, "latency", c.latency_cycles);
    c.vectors_per_weight = r.get("vectors_per_weight", c.vectors_per_weight, {.minimum = 1, .maximum = 65536});
  }
  c.clock_Hz = read_clock(r);
  c.format = r.get("number_format", c.format);
  c.weights = read_weight_memory(r.child("weight_memory"));
  c.operand_buffer_bytes = read_bytes(r, "operand_buffer", c.operand_buffer_bytes);
  c.input_depth = r.get("input_depth", c.input_depth, {.minimum = 1, .maximum = 64});
  return c;
}

hardware::vector_unit_configuration read_vector_unit(reader r) {
  hardware::vector_unit_configuration c;
  c.lanes = r.get("lanes", c.lanes, {.minimum = 1, .maximum = 65536});
  c.clock_Hz = read_clock(r);
  c.ops_per_lane_cycle = r.get("ops_per_lane_cycle", c.ops_per_lane_cycle, {.minimum = 1, .maximum = 64});
  c.latency_cycles = read_cycles(r, "latency", c.latency_cycles);
  c.format = r.get("number_format", c.format);
  return c;
}

hardware::sram_configuration read_buffer(reader r) {
  hardware::sram_configuration c;
  c.capacity_bytes = static_cast<std::uint64_t>(r.quantity(
      "capacity", dimension::data_size, static_cast<double>(c.capacity_bytes), {.minimum = 1, .maximum = 1e12}));
  c.ports = r.get("ports", c.ports, {.minimum = 1, .maximum = 64});
  c.width_bytes = (read_width_bits(r, "width", c.width_bytes * 8.0) + 7) / 8;
  c.clock_Hz = read_clock(r);
  c.latency_cycles = read_cycles(r, "latency", c.latency_cycles);
  return c;
}

hardware::transfer_controller_configuration read_transfer_controller(reader r) {
  hardware::transfer_controller_configuration c;
  c.lanes = r.get("lanes", c.lanes, {.minimum = 1, .maximum = 65536});
  c.clock_Hz = read_clock(r);
  c.ops_per_lane_cycle = r.get("ops_per_lane_cycle", c.ops_per_lane_cycle, {.minimum = 1, .maximum = 64});
  c.latency_cycles = read_cycles(r, "latency", c.latency_cycles);
  c.buffer_bytes = static_cast<std::uint64_t>(
      r.quantity("buffer", dimension::data_size, static_cast<double>(c.buffer_bytes), {.minimum = 1, .maximum = 1e12}));
  c.buffer_ports = r.get("buffer_ports", c.buffer_ports, {.minimum = 1, .maximum = 64});
  c.buffer_width_bytes = (read_width_bits(r, "buffer_width", c.buffer_width_bytes * 8.0) + 7) / 8;
  c.buffer_latency_cycles = read_cycles(r, "buffer_latency", c.buffer_latency_cycles);
  if (r.has("buffer_word")) // otherwise the number format
    c.buffer_word_bits =
        static_cast<unsigned>(r.require_quantity("buffer_word", dimension::width, {.minimum = 1, .maximum = 64}));
  c.input_depth = r.get("input_depth", c.input_depth, {.minimum = 1, .maximum = 64});
  return c;
}

constexpr field node_count{.minimum = 1, .maximum = 65536};

hardware::mesh_shape read_mesh_shape(reader& r) {
  hardware::mesh_shape shape;
  shape.columns = r.get("columns", shape.columns, {.minimum = 1, .maximum = 256});
  shape.rows = r.get("rows", shape.rows, {.minimum = 1, .maximum = 256});
  return shape;
}

hardware::tree_shape read_tree_shape(reader& r) {
  hardware::tree_shape shape;
  shape.nodes = r.get("nodes", shape.nodes, node_count);
  shape.fan_out = r.get("fan_out", shape.fan_out, {.minimum = 2, .maximum = 65536});
  return shape;
}

/// One switch.
hardware::tree_shape read_crossbar_shape(reader& r) {
  const auto nodes = r.get("nodes", hardware::tree_shape{}.nodes, node_count);
  return {nodes, std::max(2U, nodes)};
}

hardware::router_configuration read_router(reader& r) {
  hardware::router_configuration c;
  c.virtual_channels = r.get("virtual_channels", c.virtual_channels, {.minimum = 1, .maximum = 16});
  c.buffer_depth = r.get("buffer_depth", c.buffer_depth, {.minimum = 1, .maximum = 4096});
  c.credit_latency_cycles = static_cast<std::uint32_t>(
      r.quantity("credit_latency", dimension::cycles, c.credit_latency_cycles, {.minimum = 1, .maximum = 1e6}));
  return c;
}

void refuse_router_keys(const reader& r) {
  for (const auto* key : {"virtual_channels", "buffer_depth", "credit_latency"})
    if (r.has(key))
      throw r.error(key, "only model: router has buffers and credits; give model: router, or leave it out");
}

/// What all networks of routers and links have.
hardware::routed_network_configuration read_routed(reader& r) {
  hardware::routed_network_configuration c;
  c.flit_width_bits = read_width_bits(r, "flit_width", c.flit_width_bits);
  c.clock_Hz = read_clock(r);
  c.router_latency_cycles = read_cycles(r, "router_latency", c.router_latency_cycles);
  c.link_latency_cycles = read_cycles(r, "link_latency", c.link_latency_cycles);
  c.reduction = r.get("reduction", c.reduction);
  c.reduction_latency_cycles = read_cycles(r, "reduction_latency", c.reduction_latency_cycles);
  c.model = r.get("model", c.model);
  if (c.model == hardware::network_model::calendar) {
    refuse_router_keys(r);
    return c;
  }
  c.router = read_router(r);
  if (c.router_latency_cycles + c.link_latency_cycles == 0)
    throw r.error("router_latency", "with model: router a flit takes at least one cycle from router to router; "
                                    "router_latency and link_latency must not both be 0");
  return c;
}

hardware::chip_link_configuration read_chip_link(reader r) {
  hardware::chip_link_configuration c;
  c.latency_cycles = read_cycles(r, "latency", c.latency_cycles);
  c.bandwidth_bytes_per_s = r.quantity("bandwidth", dimension::data_rate, c.bandwidth_bytes_per_s, bandwidth_range);
  return c;
}

hardware::bus_configuration read_bus(reader r) {
  hardware::bus_configuration c;
  c.nodes = r.get("nodes", c.nodes, {.minimum = 1, .maximum = 65536});
  c.width_bits = read_width_bits(r, "width", c.width_bits);
  c.clock_Hz = read_clock(r);
  c.arbitration_cycles = read_cycles(r, "arbitration", c.arbitration_cycles);
  c.model = r.get("model", c.model);
  return c;
}

hardware::ideal_network_configuration read_ideal_network(reader r) {
  hardware::ideal_network_configuration c;
  c.nodes = r.get("nodes", c.nodes, {.minimum = 1, .maximum = 65536});
  return c;
}

interconnect_configuration read_interconnect(reader r, std::uint32_t chips) {
  constexpr std::array kinds{"mesh", "tree", "crossbar", "bus", "ideal"};
  for (std::size_t a = 0; a < kinds.size(); ++a)
    for (std::size_t b = a + 1; b < kinds.size(); ++b)
      r.exclusive(kinds[a], kinds[b]);
  for (const auto* shared : {"bus", "ideal"})
    if (chips > 1 && r.has(shared))
      throw r.error(shared, "only networks of routers go over several chips; use mesh, tree or crossbar, or chips: 1");
  if (r.has("ideal"))
    return read_ideal_network(r.child("ideal"));
  if (r.has("bus"))
    return read_bus(r.child("bus"));
  const auto* kind = r.has("tree") ? "tree" : r.has("crossbar") ? "crossbar" : "mesh";
  auto network = r.child(kind);
  auto c = read_routed(network);
  if (r.has("tree"))
    c.shape = read_tree_shape(network);
  else if (r.has("crossbar"))
    c.shape = read_crossbar_shape(network);
  else
    c.shape = read_mesh_shape(network);
  c.chips = chips;
  if (chips > 1)
    c.chip_link = read_chip_link(r.child("chip_link"));
  return c;
}

hardware::memory_configuration read_memory(reader r) {
  hardware::memory_configuration c;
  c.kind = r.get("kind", c.kind);
  c.bandwidth_bytes_per_s = r.quantity("bandwidth", dimension::data_rate, c.bandwidth_bytes_per_s, bandwidth_range);
  c.latency = read_time(r, "latency", 50e-9);
  return c;
}

/// Tiles that a test has found dead. \param tiles of the machine
std::vector<std::uint32_t> read_dead_tiles(reader faults, std::uint32_t tiles) {
  constexpr std::string_view key = "dead";
  auto dead = faults.get_list(key, std::vector<std::uint32_t>{}, {.minimum = 0, .maximum = tiles - 1.0});
  std::ranges::sort(dead);
  if (const auto twice = std::ranges::adjacent_find(dead); twice != dead.end())
    throw faults.error(key, "names tile " + std::to_string(*twice) + " twice");
  return dead;
}

} // namespace

machine_configuration read_machine(reader& r) {
  machine_configuration c;
  c.name = r.get("name", c.name);
  const auto chips = r.get("chips", 1U, {.minimum = 1, .maximum = 64});
  if (r.has("tile") && r.has("matrix_unit"))
    throw r.error("matrix_unit", "a machine computes in analog tiles or in digital matrix units: give tile or "
                                 "matrix_unit, not both");
  if (r.has("matrix_unit"))
    c.matrix_unit = read_matrix_unit(r.child("matrix_unit"));
  else
    c.tile = read_tile(r.child("tile"));
  auto digital = r.child("digital");
  c.vector_unit = read_vector_unit(digital.child("vector_unit"));
  if (digital.has("transfer_controller"))
    c.transfer_controller = read_transfer_controller(digital.child("transfer_controller"));
  c.buffer = read_buffer(digital.child("buffer"));
  c.interconnect = read_interconnect(r.child("interconnect"), chips);
  c.memory = read_memory(r.child("memory"));
  if (!c.matrix_unit)
    c.dead_tiles = read_dead_tiles(r.child("tile").child("faults"), c.tiles());
  read_published(r); // for `tilework cost`; a run has no use for it
  return c;
}

} // namespace tilework::platform
