// SPDX-License-Identifier: Apache-2.0
#include "support/systemc_fixture.h"

#include <tilework/config/reader.h>
#include <tilework/core/error.h>
#include <tilework/core/pricing.h>
#include <tilework/modules/tile/tile.h>
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/platforms/accounts.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/payload_pool.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tilework::platform {
namespace {

machine_configuration machine_of(const std::string& text) {
  const auto document = config::document::parse(text, "m.yaml");
  config::reader r(document);
  auto machine = read_machine(r);
  r.finish();
  return machine;
}

std::string error_of(const std::string& text) {
  try {
    machine_of(text);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

std::filesystem::path shipped(const std::string& name) {
  const char* const source = std::getenv("TILEWORK_SOURCE");
  if (source == nullptr)
    throw std::runtime_error("TILEWORK_SOURCE must name the source tree");
  return std::filesystem::path(source) / "platforms/machines" / name;
}

struct shipped_machine {
  explicit shipped_machine(const std::string& name) {
    const auto document = config::document::load(shipped(name));
    config::reader r(document);
    machine = read_machine(r);
    prices = read_technologies(r);
    r.finish();
  }
  machine_configuration machine;
  technology prices;
};

TEST(machine_file, has_a_transfer_controller_only_if_it_says_so) {
  EXPECT_FALSE(machine_of("name: m\n").transfer_controller.has_value());
  const auto with_defaults = machine_of("digital: {transfer_controller: {}}\n").transfer_controller;
  ASSERT_TRUE(with_defaults.has_value());
  EXPECT_EQ(with_defaults->lanes, 32U);
  EXPECT_EQ(with_defaults->buffer_bytes, 8U << 20U);
}

TEST(machine_file, reads_the_transfer_controller) {
  const auto c =
      machine_of("digital:\n"
                 "  transfer_controller: {lanes: 8, clock: 500 MHz, ops_per_lane_cycle: 2, latency: 3 cycles,\n"
                 "    buffer: 64 KiB, buffer_ports: 1, buffer_width: 128 bit, buffer_latency: 1 cycles,\n"
                 "    buffer_word: 12 bit, input_depth: 2}\n")
          .transfer_controller.value();
  EXPECT_EQ(c.lanes, 8U);
  EXPECT_EQ(c.clock_Hz, 5e8);
  EXPECT_EQ(c.ops_per_lane_cycle, 2U);
  EXPECT_EQ(c.latency_cycles, 3U);
  EXPECT_EQ(c.buffer_bytes, 65536U);
  EXPECT_EQ(c.buffer_ports, 1U);
  EXPECT_EQ(c.buffer_width_bytes, 16U);
  EXPECT_EQ(c.buffer_latency_cycles, 1U);
  EXPECT_EQ(c.buffer_word_bits, 12U);
  EXPECT_EQ(c.input_depth, 2U);
}

TEST(machine_file, reads_calibration_charge_and_the_ideal_network) {
  const auto m = machine_of("tile: {calibration: {pulse_pairs: 500, reads: 4}, pulse: {charge: nominal_bl}}\n"
                            "interconnect: {ideal: {nodes: 12}}\n");
  EXPECT_EQ(m.tile.calibration.pulse_pairs, 500U);
  EXPECT_EQ(m.tile.calibration.reads, 4U);
  EXPECT_EQ(m.tile.pulse.charge, hardware::pulse_charge::nominal_bl);
  EXPECT_EQ(m.tiles(), 12U);
  const auto defaults = machine_of("name: m\n");
  EXPECT_EQ(defaults.tile.calibration.pulse_pairs, 2000U);
  EXPECT_EQ(defaults.tile.calibration.reads, 10U);
  EXPECT_EQ(defaults.tile.pulse.charge, hardware::pulse_charge::actual_bl);
}

TEST(machine_file, says_which_networks_add_packets) {
  EXPECT_FALSE(machine_of("interconnect: {mesh: {columns: 2}}\n").reduces());
  const auto m = machine_of("interconnect: {mesh: {columns: 2, reduction: true, reduction_latency: 3 cycles}}\n");
  EXPECT_TRUE(m.reduces());
  EXPECT_EQ(std::get<hardware::routed_network_configuration>(m.interconnect).reduction_latency_cycles, 3U);
  EXPECT_TRUE(machine_of("interconnect: {ideal: {nodes: 4}}\n").reduces());
  EXPECT_FALSE(machine_of("interconnect: {bus: {nodes: 4}}\n").reduces());
}

TEST(machine_file, reads_networks_of_every_shape_and_model) {
  using namespace hardware;
  const auto network_of = [](const std::string& interconnect, const std::string& more = "") {
    return std::get<routed_network_configuration>(
        machine_of("interconnect: {" + interconnect + "}\n" + more).interconnect);
  };
  EXPECT_EQ(network_of("mesh: {columns: 3}").model, network_model::calendar);
  const auto mesh = network_of("mesh: {model: router, virtual_channels: 4, buffer_depth: 5, credit_latency: 2 cycles}");
  EXPECT_EQ(mesh.model, network_model::router);
  EXPECT_EQ(mesh.router.virtual_channels, 4U);
  EXPECT_EQ(mesh.router.buffer_depth, 5U);
  EXPECT_EQ(mesh.router.credit_latency_cycles, 2U);
  const auto tree = network_of("tree: {nodes: 9, fan_out: 3, router_latency: 4 cycles}");
  EXPECT_EQ(std::get<tree_shape>(tree.shape).nodes, 9U);
  EXPECT_EQ(std::get<tree_shape>(tree.shape).fan_out, 3U);
  EXPECT_EQ(tree.router_latency_cycles, 4U);
  EXPECT_EQ(topology_of(network_of("crossbar: {nodes: 7}")).routers, 1U);
  EXPECT_EQ(topology_of(network_of("crossbar: {nodes: 1}")).routers, 1U);
  const auto chips =
      network_of("crossbar: {nodes: 3}, chip_link: {latency: 9 cycles, bandwidth: 2 GB/s}", "chips: 4\n");
  EXPECT_EQ(chips.chips, 4U);
  EXPECT_EQ(chips.chip_link.latency_cycles, 9U);
  EXPECT_DOUBLE_EQ(chips.chip_link.bandwidth_bytes_per_s, 2e9);
  const auto bus = machine_of("interconnect: {bus: {nodes: 4, model: router}}\n");
  EXPECT_EQ(bus.network_model(), network_model::router);
}

TEST(machine_file, chips_have_their_tiles_and_links_in_the_books) {
  const auto m = machine_of("interconnect: {mesh: {columns: 2, rows: 2}}\nchips: 3\n");
  EXPECT_EQ(m.tiles(), 12U);
  ledger books;
  const auto accounts = open_accounts(books, m);
  EXPECT_EQ(accounts.tiles.at(7).adc->name, "chip1.tile3.adc");
  ASSERT_NE(accounts.chip_links, nullptr);
  EXPECT_EQ(accounts.chip_links->units, 3) << "between any two of three chips";
  EXPECT_EQ(accounts.chip_links->servers, 6) << "both ways";
  EXPECT_EQ(accounts.network->units, 12);
  EXPECT_EQ(accounts.network->servers, 3 * (2 * 4 + 2 * 4)) << "links, injection and ejection ports";
}

TEST(machine_file, reads_a_systolic_matrix_unit) {
  const auto m = machine_of("matrix_unit:\n"
                            "  kind: systolic\n"
                            "  rows: 16\n"
                            "  columns: 8\n"
                            "  folds: double\n"
                            "  clock: 500 MHz\n"
                            "  number_format: int8\n"
                            "  weight_memory: {kind: sram, capacity: 64 KiB, word: 12 bit, width: 100 bit}\n"
                            "  operand_buffer: 8 KiB\n"
                            "  input_depth: 3\n");
  ASSERT_TRUE(m.matrix_unit.has_value());
  const auto& c = *m.matrix_unit;
  EXPECT_EQ(c.kind, hardware::matrix_unit_kind::systolic);
  EXPECT_EQ(c.rows, 16U);
  EXPECT_EQ(c.columns, 8U);
  EXPECT_EQ(c.macs(), 128U);
  EXPECT_EQ(c.folds, hardware::fold_overlap::double_buffered);
  EXPECT_EQ(c.clock_Hz, 5e8);
  EXPECT_EQ(c.format, hardware::mac_format::int8);
  EXPECT_EQ(c.weights.capacity_bytes, 65536U);
  EXPECT_EQ(c.word_bits(), 12U);
  EXPECT_EQ(c.weights.width_bytes, 13U) << "whole bytes";
  EXPECT_EQ(c.operand_buffer_bytes, 8192U);
  EXPECT_EQ(c.input_depth, 3U);
  EXPECT_FALSE(machine_of("name: m\n").matrix_unit.has_value());
}

TEST(machine_file, reads_a_simd_matrix_unit_with_weights_in_dram) {
  const auto c = machine_of("matrix_unit:\n"
                            "  {kind: simd, lanes: 7, latency: 2 cycles, vectors_per_weight: 3,\n"
                            "   weight_memory: {kind: dram, capacity: 1 GiB, bandwidth: 2 GB/s, latency: 60 ns}}\n")
                     .matrix_unit.value();
  EXPECT_EQ(c.kind, hardware::matrix_unit_kind::simd);
  EXPECT_EQ(c.macs(), 7U);
  EXPECT_EQ(c.latency_cycles, 2U);
  EXPECT_EQ(c.vectors_per_weight, 3U);
  EXPECT_EQ(c.word_bits(), 16U) << "of bf16";
  EXPECT_EQ(c.weights.kind, hardware::weight_memory_kind::dram);
  EXPECT_EQ(c.weights.bandwidth_bytes_per_s, 2e9);
  EXPECT_EQ(c.weights.latency, femtoseconds{60'000'000});
}

// 1024 cells of 2 Ohm and 0.05 fF: a delay of 52 ps, and 9 bits are 10 ln 2 of it.
TEST(machine_file, refuses_slots_in_which_lines_do_not_settle) {
  const auto machine = [](const std::string& slot, const std::string& wire) {
    return "tile:\n  array: {inputs: 1024, outputs: 256}\n  cell: {wire: " + wire + "}\n  dac: {slot: " + slot +
           "}\n  adc: {bits: 9}\n";
  };
  const std::string thin = "{resistance: 2 Ohm, capacitance: 0.05 fF}";
  EXPECT_NO_THROW(machine_of(machine("1 ns", thin)));
  EXPECT_NEAR(hardware::settling_time_s(machine_of(machine("1 ns", thin)).tile), 10 * std::log(2.0) * 52.4288e-12,
              1e-15);
  const auto message = error_of(machine("300 ps", thin));
  EXPECT_NE(message.find("m.yaml:4:15: tile.dac.slot: the longest line of the array (1024 cells) settles"),
            std::string::npos)
      << message;
  EXPECT_NO_THROW(machine_of(machine("300 ps", "{resistance: 1 Ohm, capacitance: 0.05 fF}")));
}

TEST(machine_file, refuses_matrix_units_that_make_no_sense) {
  EXPECT_NE(error_of("matrix_unit: {rows: 4}\n").find("kind is missing"), std::string::npos);
  EXPECT_NE(error_of("matrix_unit: {kind: systolc}\n").find("did you mean 'systolic'?"), std::string::npos);
  EXPECT_NE(error_of("matrix_unit: {kind: systolic, rows: 0}\n").find("from 1"), std::string::npos);
  EXPECT_NE(error_of("matrix_unit: {kind: systolic, lanes: 4}\n").find("unknown key 'lanes'"), std::string::npos);
  EXPECT_NE(error_of("matrix_unit: {kind: simd, rows: 4}\n").find("unknown key 'rows'"), std::string::npos);
  EXPECT_NE(error_of("matrix_unit: {kind: simd, weight_memory: {bandwidth: 1 GB/s}}\n").find("unknown key 'bandwidth'"),
            std::string::npos);
  EXPECT_NE(error_of("tile: {}\nmatrix_unit: {kind: simd}\n").find("m.yaml:2"), std::string::npos);
}

TEST(machine_file, a_digital_machine_has_no_converters_to_price) {
  const auto m = machine_of("matrix_unit: {kind: simd, number_format: int8}\n");
  const auto q = quantities_of(m);
  EXPECT_EQ(q.adc_bits, 0);
  EXPECT_EQ(q.conductance_S, 0);
  EXPECT_EQ(q.mac_format, "int8");
  EXPECT_EQ(q.number_format, "fp32");
  ledger books;
  open_accounts(books, m);
  for (const auto kind : {component_kind::crossbar, component_kind::adc, component_kind::row_driver})
    EXPECT_EQ(std::ranges::count(books.accounts(), kind, &component_account::kind), 0);
  EXPECT_EQ(std::ranges::count(books.accounts(), component_kind::mac_array, &component_account::kind), m.tiles());
}

TEST(machine_file, refuses_what_makes_no_sense) {
  EXPECT_NE(error_of("interconnect: {ideal: {nodes: 4}, mesh: {columns: 2}}\n").find("m.yaml:1"), std::string::npos);
  EXPECT_NE(error_of("tile: {pulse: {charge: guessed}}\n").find("nominal_bl"), std::string::npos);
  EXPECT_NE(error_of("digital: {transfer_controller: {lanes: 0}}\n").find("m.yaml:1"), std::string::npos);
  EXPECT_NE(error_of("digital: {transfer_controller: {buffer_word: 0 bit}}\n").find("m.yaml:1"), std::string::npos);
}

class shipped_machines : public testing::TestWithParam<const char*> {};

TEST_P(shipped_machines, have_a_price_for_everything) {
  const shipped_machine m(GetParam());
  ledger books;
  open_accounts(books, m.machine);
  EXPECT_NO_THROW(price_list(m.prices, quantities_of(m.machine), kinds_of(books)));
}

INSTANTIATE_TEST_SUITE_P(files, shipped_machines,
                         testing::Values("mesh_2x2.yaml", "gallo_ideal.yaml", "gallo_real.yaml",
                                         "systolic_128x128.yaml", "edge_simd.yaml"));

TEST(gallo_real, leaves_nothing_free_but_what_generic_prices_say) {
  const shipped_machine m("gallo_real.yaml");
  EXPECT_EQ(m.machine.tiles(), 256U);
  ledger books;
  open_accounts(books, m.machine);
  const price_list prices(m.prices, quantities_of(m.machine), kinds_of(books));
  EXPECT_DOUBLE_EQ(prices.energy_J(action::update_pulse), 0.909e-12) << "the study's";
  EXPECT_GT(prices.energy_J(action::flit_hop), 0);
  EXPECT_GT(prices.energy_J(action::half_select_pulse), 0);
  EXPECT_GT(prices.area_m2(component_kind::adc), 0);
}

/// A tile of gallo-ideal without values: times follow from what an operation is said to have done.
struct ideal_tile {
  explicit ideal_tile(const machine_configuration& machine, hardware::nominal_slots slots)
      : initiator("initiator", [](auto&) {}),
        device("device", machine.tile, nullptr, time, hardware::open_tile_accounts(books, "tile", machine.tile), {},
               slots) {
    initiator.socket.bind(device.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  femtoseconds time_of(const operation& op) {
    const auto t = pool.acquire();
    auto& request = t.request();
    request.op = &op;
    request.context = &context;
    request.activity = {};
    request.activity.vectors_in_round[0] = op.vectors;
    time.drain({});
    femtoseconds at;
    initiator.transport(t.payload(), at);
    EXPECT_TRUE(t.payload().is_response_ok());
    return at;
  }
  ledger books;
  transaction::timeline time;
  transaction::payload_pool pool;
  step_context context;
  transaction::four_phase_initiator initiator;
  hardware::tile device;
};

TEST(gallo_ideal, takes_175_ns_per_product_and_5_ns_per_slot_of_any_array) {
  const shipped_machine m("gallo_ideal.yaml");
  ideal_tile tile(m.machine, {.update = 31, .line_write = 1});
  constexpr femtoseconds product{175'000'000};
  constexpr femtoseconds slot{5'000'000};
  struct layer {
    std::uint32_t inputs;
    std::uint32_t outputs;
  };
  for (const auto& [inputs, outputs] : {layer{784, 256}, layer{256, 128}, layer{128, 10}})
    for (const std::uint32_t vectors : {1U, 64U}) {
      operation op{.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = vectors};
      op.inputs[0].length = inputs;
      op.outputs[0].length = outputs;
      EXPECT_EQ(tile.time_of(op), product * vectors);
      op.kind = operation_kind::backward_mvm;
      op.inputs[0].length = outputs;
      op.outputs[0].length = inputs;
      EXPECT_EQ(tile.time_of(op), product * vectors);
      op.kind = operation_kind::outer_product_update;
      op.inputs[0].length = inputs;
      op.inputs[1].length = outputs;
      EXPECT_EQ(tile.time_of(op), slot * 31 * vectors);
      op.kind = operation_kind::read_line;
      op.outputs[0].length = outputs;
      EXPECT_EQ(tile.time_of(op), product * vectors);
      op.kind = operation_kind::write_line;
      op.inputs[0].length = outputs;
      EXPECT_EQ(tile.time_of(op), slot * vectors);
    }
}

TEST(gallo_ideal, has_a_network_that_costs_nothing) {
  const shipped_machine m("gallo_ideal.yaml");
  EXPECT_EQ(m.machine.tiles(), 256U);
  ledger books;
  EXPECT_EQ(open_accounts(books, m.machine).network, nullptr);
}

} // namespace
} // namespace tilework::platform
