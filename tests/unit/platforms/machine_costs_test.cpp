// SPDX-License-Identifier: Apache-2.0
// Closed forms against one operation on the real tile, and what must hold for every machine.
#include "support/forked.h"
#include "support/systemc_fixture.h"
#include "unit/modules/requests.h"

#include <tilework/core/error.h>
#include <tilework/modules/digital/vector_unit.h>
#include <tilework/modules/tile/tile.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/platforms/accounts.h>
#include <tilework/platforms/bill_of_materials.h>
#include <tilework/platforms/machine_costs.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/published.h>
#include <tilework/platforms/technology_file.h>
#include <tilework/tlm/four_phase_initiator.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

namespace tilework::platform {
namespace {

using test::operand;
using counts = std::map<std::string, std::uint64_t>; ///< by "component/action"

technology generic() {
  const char* const source = std::getenv("TILEWORK_SOURCE");
  if (source == nullptr)
    throw std::runtime_error("TILEWORK_SOURCE must name the source tree");
  return read_technology(std::string(source) + "/platforms/technologies/generic_14nm.yaml");
}

machine_configuration machine_of(const std::string& text) {
  const auto document = config::document::parse(text, "m.yaml");
  config::reader r(document);
  auto machine = read_machine(r);
  r.finish();
  return machine;
}

/// Numbers that a machine file may have, each a key of its own so that one may be changed.
struct machine_numbers {
  unsigned inputs = 12;
  unsigned outputs = 7;
  unsigned dac_bits = 5;
  unsigned adc_bits = 8;
  unsigned lines_per_adc = 3;
  unsigned weight_phases = 1;
  unsigned pulse_phases = 2;
  unsigned columns = 2;
  unsigned lanes = 8;
  unsigned controller_lanes = 8;
  std::string dac_kind = "pwm";
  std::string dac_sign = "two_phase";
  std::string dac_sides = "shared";
  std::string adc_kind = "sar, cycle: 1 ns";
  std::string adc_sides = "shared";
  std::string sample_and_hold = "single";

  [[nodiscard]] std::string file() const {
    return fmt::format("tile:\n"
                       "  array: {{inputs: {}, outputs: {}}}\n"
                       "  dac: {{kind: {}, bits: {}, slot: 1 ns, signed: {}, sides: {}}}\n"
                       "  adc: {{kind: {}, bits: {}, lines_per_adc: {}, sides: {}}}\n"
                       "  sample_and_hold: {}\n"
                       "  weight_phases: {}\n"
                       "  pulse: {{width: 4 ns, period: 5 ns, phases: {}}}\n"
                       "  calibration: {{pulse_pairs: 20, reads: 3}}\n"
                       "digital:\n"
                       "  vector_unit: {{lanes: {}}}\n"
                       "  transfer_controller: {{lanes: {}}}\n"
                       "interconnect: {{mesh: {{columns: {}, rows: 2}}}}\n",
                       inputs, outputs, dac_kind, dac_bits, dac_sign, dac_sides, adc_kind, adc_bits, lines_per_adc,
                       adc_sides, sample_and_hold, weight_phases, pulse_phases, lanes, controller_lanes, columns);
  }
};

machine_numbers random_numbers(unsigned seed) {
  std::mt19937 random(seed);
  const auto one_of = [&](auto first, auto... others) {
    const std::array all{first, decltype(first)(others)...};
    return all.at(random() % all.size());
  };
  machine_numbers m;
  m.inputs = one_of(1U, 5U, 12U, 16U);
  m.outputs = one_of(1U, 4U, 7U, 16U);
  m.dac_bits = one_of(4U, 5U, 7U);
  m.adc_bits = one_of(5U, 8U, 9U, 12U);
  m.lines_per_adc = one_of(1U, 3U, 4U, 32U);
  m.weight_phases = one_of(1U, 2U);
  m.pulse_phases = one_of(1U, 2U);
  m.dac_kind = one_of("pwm", "voltage");
  m.dac_sign = one_of("one_phase", "two_phase");
  m.dac_sides = one_of("shared", "separate");
  m.adc_kind = one_of("sar, cycle: 1 ns", "fixed, conversion_time: 9 ns");
  m.adc_sides = one_of("shared", "separate");
  m.sample_and_hold = one_of("none", "single", "double");
  return m;
}

/// Lines fire in every slot where x and d are 1, or, with `half`, in half of them.
physics::array_parameters parameters_for(const hardware::tile_configuration& tile, physics::mv_type mv_type,
                                         int bit_length, bool half) {
  physics::constant_step device;
  device.dw_min = 0.001F;
  device.dw_min_dtod = device.dw_min_std = device.w_max_dtod = device.w_min_dtod = device.up_down_dtod = 0;
  physics::array_parameters p;
  p.device = device;
  for (auto* io : {&p.forward, &p.backward, &p.line_read})
    io->inp_res = 1.0F / static_cast<float>((2U << (tile.dac.bits - 1)) - 2);
  for (auto* io : {&p.forward, &p.backward}) {
    io->mv_type = mv_type;
    io->bound_management = physics::bound_management::none; // one round, as the closed form has it
    io->split_mode_bit_shift = std::min(io->split_mode_bit_shift, tile.dac.bits - 2);
  }
  for (auto* update : {&p.update, &p.line_write}) {
    update->desired_bl = bit_length;
    update->update_management = update->update_bl_management = false;
    if (half)
      update->pulse_type = physics::pulse_type::deterministic_implicit;
  }
  return p;
}

/// One tile, and one operation on it.
struct bench {
  bench(const hardware::tile_configuration& tile, const physics::array_parameters& parameters, std::uint32_t vectors)
      : accounts(hardware::open_tile_accounts(books, "tile", tile)),
        initiator("initiator", [](auto&) {}),
        device("device", tile,
               std::make_unique<physics::analog_array>(physics::array_shape{tile.inputs, tile.outputs}, parameters, 3,
                                                       logical_array{}, vectors),
               time, accounts,
               {.forward = physics::plan_of(parameters.forward),
                .backward = physics::plan_of(parameters.backward),
                .refresh = {},
                .line_read = {}}) {
    initiator.socket.bind(device.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  femtoseconds execute(const operation& op, std::initializer_list<operand*> in, std::initializer_list<operand*> out,
                       float rate) {
    const auto request = requests.make(op, in, out);
    requests.context.learning_rate = rate;
    request.payload().set_write();
    femtoseconds at;
    initiator.transport(request.payload(), at);
    EXPECT_TRUE(request.payload().is_response_ok());
    return at;
  }

  ledger books;
  hardware::tile_accounts accounts;
  transaction::timeline time;
  test::request_maker requests;
  transaction::four_phase_initiator initiator;
  hardware::tile device;
};

counts counts_of(const ledger& books) {
  counts all;
  for (const auto& account : books.accounts())
    for (std::size_t a = 0; a < action_count; ++a)
      if (const auto count = account.counts.get(phase::forward, static_cast<action>(a)))
        all[fmt::format("{}/{}", account.name, name_of(static_cast<action>(a)))] = count;
  return all;
}

counts counts_of(const operation_cost& cost) {
  counts all;
  for (const auto& row : cost.actions)
    all[fmt::format("{}/{}", row.component, name_of(*row.what))] = row.count;
  return all;
}

double dynamic_energy(const ledger& books, const price_list& prices) {
  double sum = 0;
  for (const auto& row : price(books, prices, {}).rows)
    sum += row.energy_J;
  return sum;
}

femtoseconds execute(bench& b, const hardware::tile_configuration& tile, std::string_view name, std::uint32_t vectors,
                     float rate) {
  operand x(vectors, tile.inputs, 1.0F);
  operand d(vectors, tile.outputs, 1.0F);
  operand weights(tile.outputs, tile.inputs);
  operation op{.phase = phase::forward, .vectors = vectors};
  if (name == "forward_mvm") {
    op.kind = operation_kind::forward_mvm;
    return b.execute(op, {&x}, {&d}, rate);
  }
  if (name == "backward_mvm") {
    op.kind = operation_kind::backward_mvm;
    return b.execute(op, {&d}, {&x}, rate);
  }
  if (name == "outer_product_update") {
    op.kind = operation_kind::outer_product_update;
    return b.execute(op, {&x, &d}, {}, rate);
  }
  if (name == "read_line") {
    op.kind = operation_kind::read_line;
    return b.execute(op, {}, {&d}, rate);
  }
  if (name == "write_line") {
    op.kind = operation_kind::write_line;
    return b.execute(op, {&d}, {}, rate);
  }
  if (name == "calibrate") {
    op.kind = operation_kind::calibrate;
    return b.execute(op, {}, {}, rate);
  }
  EXPECT_EQ(name, "program");
  op.kind = operation_kind::program;
  op.vectors = tile.outputs;
  return b.execute(op, {&weights}, {}, rate);
}

constexpr std::array tile_operations{"forward_mvm", "backward_mvm", "outer_product_update", "read_line", "write_line",
                                     "program",     "calibrate"};

void expect_same(const machine_costs& costs, const char* name, const assumed_work& work, bool half) {
  const auto& tile = costs.machine().tile;
  constexpr float dw_min = 0.001F;
  const float steps = dw_min * static_cast<float>(work.bit_length);
  const float rate = half ? steps / 4 : 4 * steps; // probabilities |x| sqrt(rate / steps), at most 1
  bench b(tile, parameters_for(tile, work.mv_type, static_cast<int>(work.bit_length), half), work.vectors);
  const auto time = execute(b, tile, name, work.vectors, rate);
  const auto cost = costs.operation(name, work);
  EXPECT_EQ(time, cost.time) << name;
  auto expected = counts_of(cost);
  if (half)
    expected.erase("tile.pulse_generator/random_bit"); // deterministic trains draw none
  EXPECT_EQ(counts_of(b.books), expected) << name;
  if (half)
    return;
  const price_list prices(generic(), quantities_of(costs.machine()), kinds_of(b.books));
  EXPECT_EQ(dynamic_energy(b.books, prices), cost.dynamic_J) << name;
}

TEST(machine_costs, are_those_of_one_operation_on_the_real_tile) {
  const auto prices = generic();
  constexpr unsigned machines = 12;
  for (unsigned seed = 0; seed < machines; ++seed) {
    const auto file = random_numbers(seed).file();
    SCOPED_TRACE(file);
    const machine_costs costs(machine_of(file), prices);
    for (const auto* name : tile_operations) {
      const assumed_work work{.vectors = 1 + seed % 4,
                              .bit_length = 8,
                              .pulse_probability = 1,
                              .mv_type = static_cast<physics::mv_type>(1 + seed % 5)};
      test::in_child([&] {
        expect_same(costs, name, work, false);
        return true;
      });
    }
  }
}

/// Every line fires in half of the slots, as the default of the closed form has it.
TEST(machine_costs, of_an_update_are_those_of_deterministic_trains) {
  const machine_costs costs(machine_of(machine_numbers{}.file()), generic());
  test::in_child([&] {
    expect_same(costs, "outer_product_update", {.vectors = 3, .bit_length = 8}, true);
    return true;
  });
}

TEST(machine_costs, of_vector_operations_are_those_of_the_vector_unit) {
  const machine_costs costs(machine_of("tile: {array: {inputs: 100, outputs: 40}}\n"), generic());
  for (const auto& [name, function] : {std::pair{"noise_management", vector_function::noise_management},
                                       std::pair{"update_management", vector_function::update_management}})
    test::in_child([&, name = name, function = function] {
      constexpr std::uint32_t vectors = 3;
      ledger books;
      transaction::timeline time;
      test::request_maker requests;
      transaction::four_phase_initiator initiator("initiator", [](auto&) {});
      hardware::vector_unit unit("unit", costs.machine().vector_unit, time,
                                 books.open("vector_unit", component_kind::vector_unit, 32));
      initiator.socket.bind(unit.socket());
      sc_core::sc_start(sc_core::SC_ZERO_TIME);
      operand x(vectors, 100, 1.0F);
      operand d(vectors, 40, 1.0F);
      const auto request = requests.make(
          {.kind = operation_kind::vector_op, .phase = phase::forward, .function = function, .vectors = vectors},
          {&x, &d}, {});
      femtoseconds done;
      initiator.transport(request.payload(), done);
      const auto cost = costs.operation(name, {.vectors = vectors});
      EXPECT_EQ(done, cost.time) << name;
      EXPECT_EQ(counts_of(books), counts_of(cost)) << name;
      return true;
    });
}

double units_of(const machine_costs& costs, std::string_view part) {
  for (const auto& p : costs.parts())
    if (p.name == part)
      return p.units;
  ADD_FAILURE() << part;
  return 0;
}

TEST(machine_costs, count_the_converters_of_both_sides) {
  machine_numbers m;
  m.inputs = m.outputs = 16;
  m.lines_per_adc = 4;
  m.sample_and_hold = "double";
  const machine_costs shared(machine_of(m.file()), generic());
  m.adc_sides = m.dac_sides = "separate";
  const machine_costs separate(machine_of(m.file()), generic());
  for (const auto* part : {"tile.adc", "tile.row_driver", "tile.sample_and_hold", "tile.output_unit"})
    EXPECT_EQ(units_of(separate, part), 2 * units_of(shared, part)) << part;
  EXPECT_EQ(units_of(shared, "tile.adc"), 4);
  EXPECT_EQ(units_of(shared, "tile.sample_and_hold"), 32); // two sets

  // An oblong tile: shared banks serve the longer side, separate ones both.
  m.inputs = 10;
  m.outputs = 7;
  EXPECT_EQ(units_of(machine_costs(machine_of(m.file()), generic()), "tile.adc"), 3 + 2);
  m.adc_sides = "shared";
  EXPECT_EQ(units_of(machine_costs(machine_of(m.file()), generic()), "tile.adc"), 3);
}

/// More hardware for the same work. Converters have at least 5 bits and no ramp: below, and where a bit doubles the
/// time of a conversion, the survey's law has smaller converters for more bits.
TEST(machine_costs, never_fall_when_a_tile_a_bit_or_a_lane_is_added) {
  const auto prices = generic();
  const assumed_work work{.vectors = 3};
  for (unsigned seed = 0; seed < 60; ++seed) {
    const auto numbers = random_numbers(seed);
    const machine_costs before(machine_of(numbers.file()), prices);
    for (auto added : {&machine_numbers::columns, &machine_numbers::dac_bits, &machine_numbers::adc_bits,
                       &machine_numbers::lanes, &machine_numbers::controller_lanes}) {
      auto more = numbers;
      ++(more.*added);
      SCOPED_TRACE(more.file());
      const machine_costs after(machine_of(more.file()), prices);
      for (const auto name : costed_operations())
        EXPECT_GE(after.operation(name, work).dynamic_J, before.operation(name, work).dynamic_J) << name;
      EXPECT_GE(after.chip(work).area_m2, before.chip(work).area_m2);
      EXPECT_GE(after.chip(work).leakage_W, before.chip(work).leakage_W);
      EXPECT_GE(after.tile(work).area_m2, before.tile(work).area_m2);
    }
  }
}

TEST(machine_costs, of_a_chip_are_those_of_its_books) {
  const auto machine = machine_of(machine_numbers{}.file());
  const machine_costs costs(machine, generic());
  ledger books;
  open_accounts(books, machine);
  const price_list prices(generic(), quantities_of(machine), kinds_of(books));
  const auto chip = costs.chip({});
  EXPECT_NEAR(chip.area_m2, price(books, prices, {}).area_m2, 1e-12 * chip.area_m2);
  EXPECT_NEAR(chip.ops_per_s, 4 * costs.tile({}).ops_per_s, 1e-12 * chip.ops_per_s);
  const auto product = costs.operation("forward_mvm", {});
  EXPECT_DOUBLE_EQ(costs.tile({}).ops_per_s, 2 * 12 * 7 / product.time.seconds());
}

TEST(machine_costs, peak_of_a_tile_that_overlaps_is_that_of_its_interval) {
  machine_numbers m;
  m.sample_and_hold = "double";
  const machine_costs costs(machine_of(m.file()), generic());
  const auto one = costs.tile({});
  const auto many = costs.tile({.vectors = 10000});
  EXPECT_GT(one.sustained_ops_per_s, 1.1 * one.ops_per_s);
  EXPECT_NEAR(many.ops_per_s, one.sustained_ops_per_s, 1e-3 * one.sustained_ops_per_s);
}

TEST(machine_costs, reads_of_both_polarities_in_turn_take_twice_the_time_of_one) {
  machine_numbers m;
  m.sample_and_hold = "none";
  m.lines_per_adc = 1;
  const auto time_of = [&](physics::mv_type mv_type) {
    auto machine = machine_of(m.file());
    machine.tile.output_latency = {};
    return machine_costs(machine, generic()).operation("forward_mvm", {.mv_type = mv_type}).time;
  };
  m.dac_sign = "one_phase";
  const auto once = time_of(physics::mv_type::one_pass);
  m.weight_phases = 2;
  EXPECT_EQ(time_of(physics::mv_type::one_pass), once * 2);
  EXPECT_EQ(time_of(physics::mv_type::pos_neg_separate_digital_sum), once * 4);
}

std::string error_of(const std::string& published) {
  try {
    const std::string text = "published:\n  - {" + published + ", source: s}\n";
    const auto document = config::document::parse(text, "m.yaml");
    config::reader r(document);
    const auto machine = read_machine(r);
    const auto figures = read_published(r);
    r.finish();
    const machine_costs costs(machine, generic());
    for (const auto& figure : figures)
      computed(costs, figure);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST(published_figures, are_checked) {
  const auto expect = [](const std::string& published, const std::string& part) {
    EXPECT_NE(error_of(published).find(part), std::string::npos) << error_of(published);
  };
  EXPECT_EQ(error_of("quantity: time, of: forward_mvm, value: 1 ns, tolerance: 0.1, kind: bookkeeping"), "no error");
  expect("quantity: tim, of: forward_mvm, value: 1 ns, tolerance: 0.1, kind: bookkeeping", "did you mean 'time'?");
  expect("quantity: time, of: forward, value: 1 ns, tolerance: 0.1, kind: bookkeeping", "m.yaml:2:5: of: unknown");
  expect("quantity: time, of: tile, value: 1 ns, tolerance: 0.1, kind: bookkeeping", "'tile' has no quantity 'time'");
  expect("quantity: time, of: forward_mvm, value: 1 nJ, tolerance: 0.1, kind: bookkeeping", "expected a time");
  expect("quantity: time, of: forward_mvm, value: 1 ns, kind: bookkeeping", "tolerance");
  expect("quantity: time, of: forward_mvm, value: 1 ns, tolerance: 0.1, kind: guess", "end_to_end");
}

bill_of_materials bill_of(const std::string& text) {
  const auto document = config::document::parse(text, "b.yaml");
  config::reader r(document);
  auto bill = read_bill(r);
  r.finish();
  return bill;
}

TEST(bill_of_materials, adds_up) {
  const auto bill = bill_of("name: chip\nperiod: 2 ns\nparts:\n"
                            "  - name: tile\n    count: 3\n    parts:\n"
                            "      - {name: array, count: 2, macs: 5, energy: 8 pJ, area: 1 mm2, source: s}\n"
                            "      - {name: buffer, power: 4 mW, area: 2 mm2, source: s}\n"
                            "  - {name: link, power: 1 W, source: s}\n");
  EXPECT_DOUBLE_EQ(*value_of(bill, bill.whole, quantity::area), 12e-6);
  EXPECT_DOUBLE_EQ(*value_of(bill, bill.whole, quantity::power), 1 + 3 * (4e-3 + 2 * 8e-12 / 2e-9));
  EXPECT_DOUBLE_EQ(*value_of(bill, bill.whole, quantity::throughput), 2 * 30 / 2e-9);
  const auto& tile = bill.whole.parts.front();
  EXPECT_DOUBLE_EQ(*value_of(bill, tile, quantity::density), 2 * 10 / 2e-9 / 4e-6);
  EXPECT_DOUBLE_EQ(*value_of(bill, tile.parts.front(), quantity::efficiency), 2 * 5 / 8e-12);
  EXPECT_FALSE(value_of(bill, bill.whole.parts.back(), quantity::throughput));
  EXPECT_THROW(bill_of("name: chip\nparts: [{name: a, macs: 5, source: s}]\n"), input_error);
  EXPECT_THROW(bill_of("name: chip\nparts: [{name: a, power: 1 W}]\n"), input_error); // no source
  EXPECT_THROW(bill_of("name: chip\nparts: [{name: a, power: 1 W, parts: [{name: b, source: s}]}]\n"), input_error);
}

} // namespace
} // namespace tilework::platform
