// SPDX-License-Identifier: Apache-2.0
#include "requests.h"
#include "support/forked.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/modules/tile/tile.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace tilework::hardware {
namespace {

using test::kernel_now;
using test::ns;
using test::operand;

constexpr std::uint32_t inputs = 6;
constexpr std::uint32_t outputs = 4;
constexpr std::uint32_t m = 2; // conversions in series
constexpr std::uint32_t max_burst = 8;
constexpr physics::array_shape shape{inputs, outputs};
constexpr std::uint64_t seed = 5;
constexpr logical_array id{2, 1, 0};
constexpr auto t_int = ns(14);
constexpr auto t_conv = ns(6);

tile_configuration small_tile() {
  tile_configuration c;
  c.inputs = inputs;
  c.outputs = outputs;
  c.dac = {.kind = dac_kind::pwm, .bits = 4, .slot = ns(1), .sign = input_sign::two_phase};
  c.adc = {.kind = adc_kind::sar, .bits = 5, .cycle = ns(1), .lines_per_adc = m};
  c.pulse = {.width = ns(4), .period = ns(5), .phases = 2};
  c.output_latency = ns(3);
  c.program_row_time = ns(100);
  return c;
}

/// Noise everywhere, so that values depend on seed, array and vector index.
physics::array_parameters noisy() {
  physics::array_parameters p;
  p.device = physics::constant_step{};
  return p;
}

/// One perfect pass per vector; x, d in {-1, 0, 1} fire in every slot or never when lr = pulsing_rate.
physics::array_parameters deterministic() {
  physics::constant_step device;
  device.dw_min = 0.001F;
  device.dw_min_dtod = device.dw_min_std = device.w_max_dtod = device.w_min_dtod = device.up_down_dtod = 0;
  physics::array_parameters p;
  p.device = device;
  p.forward.is_perfect = p.backward.is_perfect = true;
  p.update.desired_bl = 10;
  p.update.update_management = p.update.update_bl_management = false;
  return p;
}
constexpr float pulsing_rate = 0.04F; // probabilities |x| sqrt(lr / (dw_min BL)) = 2 |x|

/// Initiator -> checker -> tile.
struct bench {
  explicit bench(const physics::array_parameters& parameters, const tile_configuration& configuration = small_tile())
      : accounts(open_tile_accounts(books, "tile", configuration)),
        initiator("initiator", [this](auto& p) { done[transaction::tile_request::of(p).operation_id] = kernel_now(); }),
        checker("checker"),
        device("device", configuration, std::make_unique<physics::analog_array>(shape, parameters, seed, id, max_burst),
               time, accounts,
               {.forward = physics::plan_of(parameters.forward),
                .backward = physics::plan_of(parameters.backward),
                .refresh = {},
                .line_read = physics::plan_of(parameters.line_read)},
               {static_cast<std::uint32_t>(parameters.update.desired_bl),
                static_cast<std::uint32_t>(parameters.line_write.desired_bl)}) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(device.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  transaction::transaction forward(operand& x, operand& y) {
    return read({.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = x.vectors}, x, y);
  }
  transaction::transaction backward(operand& d, operand& e) {
    return read({.kind = operation_kind::backward_mvm, .phase = phase::backward, .vectors = d.vectors}, d, e);
  }
  transaction::transaction update(operand& x, operand& d) {
    return write({.kind = operation_kind::outer_product_update, .phase = phase::update, .vectors = x.vectors},
                 {&x, &d});
  }
  transaction::transaction program(operand& w) {
    return write({.kind = operation_kind::program, .phase = phase::program, .vectors = w.vectors}, {&w});
  }
  transaction::transaction read_line(line_side side, std::uint32_t line, operand& out) {
    auto t = requests.make(
        {.kind = operation_kind::read_line, .phase = phase::transfer, .side = side, .vectors = out.vectors}, {},
        {&out});
    t.request().line = line;
    t.request().expected_weight_version = version;
    t.payload().set_read();
    return t;
  }
  transaction::transaction write_line(line_side side, std::uint32_t line, operand& pulses, float rate) {
    auto t = write({.kind = operation_kind::write_line,
                    .phase = phase::transfer,
                    .side = side,
                    .vectors = pulses.vectors,
                    .rate = {.factor = rate, .absolute = true}},
                   {&pulses});
    t.request().line = line;
    return t;
  }
  transaction::transaction read(const operation& op, operand& in, operand& out) {
    auto t = requests.make(op, {&in}, {&out});
    t.request().expected_weight_version = version;
    t.payload().set_read();
    return t;
  }
  transaction::transaction write(const operation& op, std::initializer_list<operand*> in) {
    auto t = requests.make(op, in, {});
    t.request().expected_weight_version = version++;
    t.payload().set_write();
    return t;
  }

  /// Loosely timed: completion after an arrival at `at`.
  femtoseconds transport(const transaction::transaction& t, femtoseconds at = {}) {
    initiator.transport(t.payload(), at);
    return at;
  }
  /// Runs the posted kernel as a sequencer would.
  void launch(const transaction::transaction& t) {
    initiator.launch(t.payload());
    if (auto* k = t.request().posted)
      run_inline(*k);
  }
  [[nodiscard]] bool completed(const transaction::transaction& t) const {
    return done.contains(t.request().operation_id);
  }
  [[nodiscard]] std::uint64_t count(phase p, action a) const { return books.total(p, a); }

  transaction::timeline time;
  ledger books;
  tile_accounts accounts;
  test::request_maker requests;
  std::uint64_t version = 0;
  std::map<std::uint64_t, femtoseconds> done;
  transaction::four_phase_initiator initiator;
  transaction::protocol_checker checker;
  tile device;
};

/// All counts of a phase that are not zero, but for drives, which follow the values.
using counts = std::map<action, std::uint64_t>;
counts counts_of(const ledger& books, phase p) {
  counts result;
  for (std::size_t a = 0; a < action_count; ++a)
    if (const auto n = books.total(p, static_cast<action>(a)); n > 0 && static_cast<action>(a) != action::cell_drive)
      result[static_cast<action>(a)] = n;
  return result;
}

/// An MVM of n vectors that drives some lines and reads others, one pass each.
counts mvm_counts(std::uint64_t n, std::uint64_t driven, std::uint64_t read, std::uint64_t reads_per_pass, bool holds) {
  counts expected{{action::dac_conversion, n * reads_per_pass * driven},
                  {action::cell_read, n * reads_per_pass * driven * read},
                  {action::adc_conversion, n * read},
                  {action::output_scale, n * read}};
  if (holds)
    expected[action::sample] = n * read;
  return expected;
}

/// Inputs in parts: reads, their slots with both signs at once or apart, conversions of a line.
struct coded_reads {
  physics::mv_type type{};
  std::uint64_t reads = 0;
  std::uint64_t slots = 0;
  std::uint64_t conversions = 0;
};

class tile_parts : public testing::TestWithParam<coded_reads> {};

TEST_P(tile_parts, cost_reads_slots_conversions_and_additions) {
  const auto expected = GetParam();
  auto p = deterministic();
  p.forward = {};
  p.forward.mv_type = expected.type;
  p.forward.inp_res = 1.0F / 14;
  p.forward.split_mode_bit_shift = 2;
  p.forward.bound_management = physics::bound_management::none;
  p.backward = p.forward;
  bench b(p);
  auto x = operand::random(5, inputs, 1);
  auto d = operand::random(3, outputs, 2);
  operand y(5, outputs);
  operand e(3, inputs);
  const auto done = b.transport(b.forward(x, y));
  b.transport(b.backward(d, e));
  const auto check = [&](phase ph, std::uint64_t n, std::uint64_t driven, std::uint64_t read) {
    counts all{{action::dac_conversion, n * expected.reads * driven},
               {action::cell_read_slot, n * expected.slots * driven * read},
               {action::sample, n * expected.conversions * read},
               {action::adc_conversion, n * expected.conversions * read},
               {action::output_scale, n * read}};
    if (expected.conversions > 1)
      all[action::output_shift_add] = n * (expected.conversions - 1) * read;
    EXPECT_EQ(counts_of(b.books, ph), all);
  };
  check(phase::forward, 5, inputs, outputs);
  check(phase::backward, 3, outputs, inputs);
  const auto slots = static_cast<std::int64_t>(expected.slots);
  const auto conversions = static_cast<std::int64_t>(expected.conversions);
  EXPECT_EQ(done, 5 * (ns(slots) + conversions * m * t_conv) + ns(3));
  EXPECT_EQ(b.accounts.row_driver->busy[static_cast<std::size_t>(phase::forward)], 5 * ns(slots));
}

INSTANTIATE_TEST_SUITE_P(mv_types, tile_parts,
                         testing::Values(coded_reads{physics::mv_type::pos_neg_separate, 2, 14, 1},
                                         coded_reads{physics::mv_type::pos_neg_separate_digital_sum, 2, 14, 2},
                                         coded_reads{physics::mv_type::split_mode, 2, 8, 2},
                                         coded_reads{physics::mv_type::bit_wise, 3, 6, 3}));

TEST(tile_drives, follow_the_codes_of_the_inputs) {
  auto p = deterministic();
  p.forward = {};
  p.forward.inp_res = 1.0F / 14; // codes up to 7
  p.forward.noise_management = physics::noise_management::none;
  p.forward.bound_management = physics::bound_management::none;
  for (const auto kind : {dac_kind::pwm, dac_kind::voltage}) {
    auto c = small_tile();
    c.dac.kind = kind;
    test::in_child([&] {
      bench b(p, c);
      operand x(2, inputs);
      x.values[0] = -1; // codes of the first vector: -7, 7, 0, ...
      x.values[1] = 1;
      x.values[inputs] = 3.0F / 7; // of the second one: 3, 0, ...
      operand y(2, outputs);
      b.transport(b.forward(x, y));
      EXPECT_EQ(b.count(phase::forward, action::cell_drive),
                (kind == dac_kind::pwm ? 7 + 7 + 3 : 49 + 49 + 9) * outputs);
      return true;
    });
  }
}

class tile_counts : public testing::TestWithParam<sample_and_hold_kind> {};

TEST_P(tile_counts, of_forward_and_backward_are_products_of_lines) {
  auto c = small_tile();
  c.sample_and_hold = GetParam();
  const bool holds = GetParam() != sample_and_hold_kind::none;
  bench b(deterministic(), c);
  auto x = operand::random(5, inputs, 1);
  auto d = operand::random(3, outputs, 2);
  operand y(5, outputs);
  operand e(3, inputs);
  b.transport(b.forward(x, y));
  b.transport(b.backward(d, e));
  EXPECT_EQ(counts_of(b.books, phase::forward), mvm_counts(5, inputs, outputs, holds ? 1 : m, holds));
  EXPECT_EQ(counts_of(b.books, phase::backward), mvm_counts(3, outputs, inputs, holds ? 1 : m, holds));
  EXPECT_EQ(counts_of(b.books, phase::update), counts{});
}

INSTANTIATE_TEST_SUITE_P(sample_and_hold, tile_counts,
                         testing::Values(sample_and_hold_kind::none, sample_and_hold_kind::single,
                                         sample_and_hold_kind::double_buffered));

TEST(tile, update_counts_are_those_of_a_recount_cell_by_cell_and_slot_by_slot) {
  bench b(deterministic());
  b.requests.context.learning_rate = pulsing_rate;
  operand x(3, inputs, {1, 0, -1, 1, 0, 0, /**/ 0, 0, 0, 0, 0, 1, /**/ 1, 1, 1, 1, 1, 1});
  operand d(3, outputs, {0, 1, -1, 0, /**/ 1, 1, 1, 1, /**/ 0, 0, 0, 0});
  const auto t = b.update(x, d);
  const auto finished = b.transport(t);

  constexpr std::uint64_t slots = 10;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t both = 0;
  std::uint64_t one = 0;
  std::vector<float> change(shape.cells());
  for (std::size_t v = 0; v < 3; ++v)
    for (std::uint64_t slot = 0; slot < slots; ++slot) {
      for (float value : x.view()[v])
        rows += value != 0;
      for (float value : d.view()[v])
        columns += value != 0;
      for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t i = 0; i < inputs; ++i) {
          const float x_i = x.view()[v][i];
          const float d_o = d.view()[v][o];
          both += x_i != 0 && d_o != 0;
          one += (x_i != 0) != (d_o != 0);
          change[o * inputs + i] -= 0.001F * x_i * d_o;
        }
    }
  const counts expected{{action::row_line_pulse, rows},
                        {action::column_line_pulse, columns},
                        {action::random_bit, rows + columns}, // lines with probability 0 draw nothing
                        {action::update_pulse, both},
                        {action::half_select_pulse, one}};
  EXPECT_EQ(counts_of(b.books, phase::update), expected);
  EXPECT_EQ(finished, ns(3 * 10 * 5 * 2));
  for (std::size_t c = 0; c < change.size(); ++c)
    EXPECT_NEAR(b.device.values().weights()[c], change[c], 1e-6);
}

/// A read of n single lines: one driver and one line's cells.
counts line_read_counts(std::uint64_t n, std::uint64_t read) {
  return mvm_counts(n, 1, read, 1, true);
}

physics::array_parameters perfect_lines() {
  auto p = deterministic();
  p.line_read.is_perfect = true;
  return p;
}

TEST(tile, read_line_is_a_product_that_drives_one_line) {
  bench b(perfect_lines());
  auto weights = operand::random(outputs, inputs, 3);
  for (auto& w : weights.values)
    w *= 0.3F;
  const auto programmed = b.transport(b.program(weights));
  operand column(1, outputs);
  EXPECT_EQ(b.transport(b.read_line(line_side::inputs, 2, column), programmed) - programmed,
            t_int + m * t_conv + ns(3));
  EXPECT_EQ(counts_of(b.books, phase::transfer), line_read_counts(1, outputs));
  for (std::uint32_t o = 0; o < outputs; ++o)
    EXPECT_FLOAT_EQ(column.values[o], weights.values[o * inputs + 2]);
}

TEST(tile, read_line_of_the_other_side_takes_its_converters) {
  auto c = small_tile();
  c.dac.sides = c.adc.sides = converter_sides::separate;
  bench b(perfect_lines(), c);
  operand columns(2, outputs);
  operand rows(3, inputs);
  EXPECT_EQ(b.transport(b.read_line(line_side::outputs, 3, rows)), 3 * (t_int + m * t_conv) + ns(3));
  EXPECT_EQ(counts_of(b.books, phase::transfer), line_read_counts(3, inputs));
  EXPECT_EQ(b.transport(b.read_line(line_side::inputs, 5, columns)), 5 * (t_int + m * t_conv) + ns(3))
      << "the array is shared";
}

TEST(tile, write_line_takes_its_pulse_slots) {
  bench b(perfect_lines());
  operand pulses(1, outputs, {1, 0, -1, 0});
  const auto t = b.write_line(line_side::inputs, 4, pulses, 0.001F);
  EXPECT_EQ(b.transport(t), ns(5 * 2)); // one slot, two phases
  const auto& a = t.request().activity;
  EXPECT_EQ(a.pulse_slots, 1U);
  const auto all = counts_of(b.books, phase::transfer);
  EXPECT_EQ(all.at(action::row_line_pulse), 1U);
  EXPECT_EQ(all.at(action::column_line_pulse), 2U);
  EXPECT_EQ(all.at(action::update_pulse), 2U);
  EXPECT_FLOAT_EQ(b.device.values().weights()[4], -0.001F);
  EXPECT_FLOAT_EQ(b.device.values().weights()[2 * inputs + 4], 0.001F);
}

TEST(tile, write_line_without_pulses_takes_no_time_and_counts_nothing) {
  bench b(perfect_lines());
  operand pulses(1, inputs);
  EXPECT_EQ(b.transport(b.write_line(line_side::outputs, 1, pulses, 0.001F)), femtoseconds{});
  EXPECT_EQ(counts_of(b.books, phase::transfer), counts{});
}

TEST(tile, line_operands_must_have_the_length_of_the_other_side) {
  bench b(perfect_lines());
  operand column(1, outputs);
  for (const auto& t : {b.read_line(line_side::outputs, 0, column), b.write_line(line_side::outputs, 0, column, 1)}) {
    b.transport(t);
    EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_BURST_ERROR_RESPONSE);
  }
}

TEST(tile, rest_takes_no_time) {
  bench b(perfect_lines());
  operand nothing(1, 1);
  EXPECT_EQ(b.transport(b.write({.kind = operation_kind::rest, .phase = phase::update, .vectors = 3}, {}), ns(7)),
            ns(7));
  EXPECT_EQ(counts_of(b.books, phase::update), counts{});
  EXPECT_EQ(b.device.weight_version(), 1U);
}

TEST(tile, calibration_pulses_all_cells_reads_all_lines_and_writes_the_references) {
  auto c = small_tile();
  c.calibration = {.pulse_pairs = 7, .reads = 3};
  bench b(perfect_lines(), c);
  const auto before = std::vector<float>(b.device.values().weights().begin(), b.device.values().weights().end());
  const auto t = b.write({.kind = operation_kind::calibrate, .phase = phase::calibrate, .vectors = 1}, {});
  constexpr std::uint64_t reads = 3 * inputs;
  EXPECT_EQ(b.transport(t),
            2 * 7 * ns(5) + static_cast<std::int64_t>(reads) * (t_int + m * t_conv) + ns(3) + ns(100 * inputs));
  auto expected = line_read_counts(reads, outputs);
  expected[action::update_pulse] = 14 * inputs * outputs;
  expected[action::row_line_pulse] = 14 * inputs;
  expected[action::column_line_pulse] = 14 * outputs;
  expected[action::program_pulse] = inputs * outputs;
  EXPECT_EQ(counts_of(b.books, phase::calibrate), expected);
  EXPECT_EQ(std::vector<float>(b.device.values().weights().begin(), b.device.values().weights().end()), before);
  EXPECT_EQ(b.device.weight_version(), 1U);
}

TEST(tile, nominal_charge_takes_all_slots_once_and_half_of_the_lines) {
  auto c = small_tile();
  c.pulse.charge = pulse_charge::nominal_bl;
  bench b(perfect_lines(), c);
  b.requests.context.learning_rate = pulsing_rate;
  operand x(3, inputs); // nothing happens
  operand d(3, outputs);
  EXPECT_EQ(b.transport(b.update(x, d)), ns(3 * 10 * 5));
  EXPECT_EQ(counts_of(b.books, phase::update), (counts{{action::row_line_pulse, 3 * 10 * inputs / 2},
                                                       {action::column_line_pulse, 3 * 10 * outputs / 2},
                                                       {action::update_pulse, 3 * 10 * inputs * outputs / 4}}));
  operand pulses(1, outputs);
  b.time.drain({});
  EXPECT_EQ(b.transport(b.write_line(line_side::inputs, 0, pulses, 1)), ns(5));
  EXPECT_EQ(
      counts_of(b.books, phase::transfer),
      (counts{{action::row_line_pulse, 1}, {action::column_line_pulse, outputs / 2}, {action::update_pulse, outputs}}));
}

/// W after one update of all ones, with operands 3 to 5 as given.
std::vector<float> updated(operand* rates, operand* input_signs, operand* output_signs, operation_rate rate = {}) {
  bench b(deterministic());
  b.requests.context.learning_rate = pulsing_rate;
  operand x(2, inputs, 1);
  operand d(2, outputs, 1);
  operation op{.kind = operation_kind::outer_product_update, .phase = phase::update, .vectors = 2, .rate = rate};
  const auto t = b.write(op, {&x, &d});
  std::size_t k = 3;
  for (auto* o : {rates, input_signs, output_signs}) {
    if (o != nullptr)
      t.request().in[k] = o->view();
    ++k;
  }
  b.transport(t);
  const auto w = b.device.values().weights();
  return {w.begin(), w.end()};
}

TEST(tile, updates_take_a_rate_per_vector) {
  operand rates(2, 1, {pulsing_rate, 0}); // ten pulses, none
  for (const float w : updated(&rates, nullptr, nullptr))
    EXPECT_NEAR(w, -0.01F, 1e-6);
}

TEST(tile, updates_take_an_absolute_rate) {
  for (const float w : updated(nullptr, nullptr, nullptr, {.factor = -pulsing_rate, .absolute = true}))
    EXPECT_NEAR(w, 0.02F, 1e-6);
}

TEST(tile, choppers_change_the_sign_of_their_lines) {
  operand in(1, inputs, 1);
  operand out(1, outputs, 1);
  in.values[1] = -1;
  out.values[2] = -1;
  const auto w = updated(nullptr, &in, &out);
  EXPECT_NEAR(w[0], -0.02F, 1e-6);
  EXPECT_NEAR(w[1], 0.02F, 1e-6);
  EXPECT_NEAR(w[2 * inputs], 0.02F, 1e-6);
  EXPECT_NEAR(w[2 * inputs + 1], -0.02F, 1e-6);
}

TEST(tile, accounts_have_the_numbers_of_lines_cells_and_converters) {
  const auto units = [](auto change) {
    auto c = small_tile();
    c.adc.lines_per_adc = 4;
    change(c);
    ledger books;
    open_tile_accounts(books, "chip0.tile3", c);
    std::map<std::string, double> result;
    for (const auto& a : books.accounts())
      result[a.name] = a.units;
    return result;
  };
  const auto shared = units([](auto&) {});
  EXPECT_EQ(shared.at("chip0.tile3.row_driver"), 6);
  EXPECT_EQ(shared.at("chip0.tile3.pulse_generator"), 10);
  EXPECT_EQ(shared.at("chip0.tile3.crossbar"), 24);
  EXPECT_EQ(shared.at("chip0.tile3.sample_and_hold"), 6);
  EXPECT_EQ(shared.at("chip0.tile3.adc"), 2);
  EXPECT_EQ(shared.at("chip0.tile3.output_unit"), 2);
  const auto separate = units([](auto& c) {
    c.dac.sides = c.adc.sides = converter_sides::separate;
    c.sample_and_hold = sample_and_hold_kind::double_buffered;
  });
  EXPECT_EQ(separate.at("chip0.tile3.row_driver"), 10);
  EXPECT_EQ(separate.at("chip0.tile3.sample_and_hold"), 20);
  EXPECT_EQ(separate.at("chip0.tile3.adc"), 2 + 1);
  EXPECT_FALSE(
      units([](auto& c) { c.sample_and_hold = sample_and_hold_kind::none; }).contains("chip0.tile3.sample_and_hold"));
}

TEST(tile, approximately_timed_operation_is_complete_exactly_at_its_closed_form) {
  bench b(deterministic());
  b.requests.context.learning_rate = pulsing_rate;
  auto x = operand::random(4, inputs, 1);
  operand ones(2, inputs, 1);
  operand errors(2, outputs, 1);
  operand weights(outputs, inputs, 0.1F);
  operand y(4, outputs);
  struct probe {
    transaction::transaction request;
    femtoseconds length;
  };
  probe probes[] = {{b.program(weights), ns(100 * inputs)},
                    {b.forward(x, y), 4 * (t_int + m * t_conv) + ns(3)},
                    {b.update(ones, errors), ns(2 * 10 * 5 * 2)}};
  for (auto& p : probes) {
    const auto start = kernel_now();
    b.initiator.send(p.request.payload());
    sc_core::sc_start(transaction::to_sc_time(p.length)); // up to, not including, the end
    EXPECT_FALSE(b.completed(p.request));
    sc_core::sc_start(transaction::to_sc_time({1}));
    ASSERT_TRUE(b.completed(p.request));
    EXPECT_EQ(b.done.at(p.request.request().operation_id) - start, p.length);
    EXPECT_TRUE(p.request.payload().is_response_ok());
    EXPECT_EQ(p.request.request().done - p.request.request().accepted, p.length);
  }
  EXPECT_EQ(b.checker.in_flight(), 0U);
  EXPECT_EQ(b.device.delayed_requests(), 0U);
}

TEST(tile, loosely_and_approximately_timed_agree_in_values_time_and_counts) {
  bench b(noisy());
  b.requests.context = {.first_vector = 40, .learning_rate = 0.05F};
  operand weights = operand::random(outputs, inputs, 3);
  for (auto& w : weights.values)
    w *= 0.3F;
  auto x = operand::random(8, inputs, 4);
  operand y_loose(8, outputs);
  operand y_approximate(8, outputs);
  b.transport(b.program(weights));
  b.time.drain({});

  const auto length = b.transport(b.forward(x, y_loose));
  b.time.drain({});
  const auto loose = counts_of(b.books, phase::forward);
  const auto t = b.forward(x, y_approximate);
  b.launch(t);
  b.initiator.send(t.payload());
  sc_core::sc_start();
  EXPECT_EQ(b.done.at(t.request().operation_id), length);
  EXPECT_EQ(y_loose.values, y_approximate.values);
  auto doubled = loose;
  for (auto& [what, n] : doubled)
    n *= 2;
  EXPECT_EQ(counts_of(b.books, phase::forward), doubled);
}

TEST(tile, rounds_of_bound_management_cost_their_passes) {
  auto p = deterministic();
  p.forward = {};
  p.forward.out_noise = 0;
  p.forward.inp_res = p.forward.out_res = 0;
  p.forward.out_bound = 1;
  bench b(p);
  operand weights(outputs, inputs, 0.5F);
  b.transport(b.program(weights));
  b.time.drain({});
  // Sums 3, 0.5 and 1.5 against a bound of 1: reductions up to 4, 1 and 2.
  operand x(3, inputs, {1, 1, 1, 1, 1, 1, /**/ 1, 0, 0, 0, 0, 0, /**/ 1, 1, 1, 0, 0, 0});
  operand y(3, outputs);
  const auto t = b.forward(x, y);
  const auto done = b.transport(t);
  EXPECT_EQ(t.request().activity.vectors_in_round, (std::array<std::uint32_t, max_mvm_rounds>{3, 2, 1}));
  EXPECT_EQ(done, 6 * (t_int + m * t_conv) + ns(3));
  EXPECT_EQ(b.count(phase::forward, action::adc_conversion), 6 * outputs);
  EXPECT_EQ(b.count(phase::forward, action::dac_conversion), 6 * inputs);
  EXPECT_EQ(b.count(phase::forward, action::output_scale), 3 * outputs);
  EXPECT_EQ(y.values, (std::vector<float>{3, 3, 3, 3, .5, .5, .5, .5, 1.5, 1.5, 1.5, 1.5}));
}

/// Two operations in opposite directions that arrive together at a double-buffered tile with m t_conv > t_int.
void expect_contention(converter_sides sides, femtoseconds second_start) {
  auto c = small_tile();
  c.adc.lines_per_adc = 4;
  c.adc.sides = sides;
  c.sample_and_hold = sample_and_hold_kind::double_buffered;
  bench b(deterministic(), c);
  operand x(1, inputs, 1);
  operand y(1, outputs);
  operand d(1, outputs, 1);
  operand e(1, inputs);
  const auto f = b.forward(x, y);
  const auto k = b.backward(d, e);
  constexpr auto alone = t_int + 4 * t_conv + ns(3);
  EXPECT_EQ(b.transport(f), alone);
  EXPECT_EQ(b.transport(k), second_start + alone);
  EXPECT_EQ(k.request().accepted, second_start);
  EXPECT_EQ(b.device.delayed_requests(), 1U);
}

TEST(tile, directions_with_separate_converters_share_only_the_array) {
  expect_contention(converter_sides::separate, t_int);
}

TEST(tile, directions_with_shared_converters_wait_for_them) {
  expect_contention(converter_sides::shared,
                    4 * t_conv); // its first conversion follows the last one at t_int + 4 t_conv
}

TEST(tile, requests_in_flight_together_are_served_one_after_the_other) {
  bench b(deterministic());
  operand x(1, inputs, 1);
  operand y(1, outputs);
  operand d(1, outputs, 1);
  operand e(1, inputs);
  const auto f = b.forward(x, y);
  const auto k = b.backward(d, e);
  b.initiator.send(f.payload());
  b.initiator.send(k.payload());
  sc_core::sc_start();
  constexpr auto busy = t_int + m * t_conv;
  EXPECT_EQ(b.done.at(f.request().operation_id), busy + ns(3));
  EXPECT_EQ(b.done.at(k.request().operation_id), 2 * busy + ns(3));
}

TEST(tile, unknown_operations_answer_a_command_error) {
  bench b(deterministic());
  operand x(1, inputs);
  for (auto kind : {operation_kind::vector_op, operation_kind::load_samples}) {
    const auto t = b.read({.kind = kind, .phase = phase::forward, .vectors = 1}, x, x);
    b.launch(t);
    EXPECT_EQ(b.transport(t), femtoseconds{});
    EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
  }
  EXPECT_EQ(counts_of(b.books, phase::forward), counts{});
}

TEST(tile, operands_of_another_shape_answer_a_burst_error) {
  bench b(deterministic());
  operand x(1, inputs);
  operand y(1, outputs);
  operand longer(1, inputs + 1);
  operand shorter(1, outputs - 1);
  operand tall(outputs + 1, inputs);
  for (const auto& t :
       {b.forward(longer, y), b.forward(x, shorter), b.backward(longer, x), b.update(x, x), b.program(tall)}) {
    b.launch(t);
    EXPECT_EQ(b.transport(t), femtoseconds{});
    EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_BURST_ERROR_RESPONSE);
  }
  EXPECT_EQ(b.device.weight_version(), 0U);
  const auto in_four_phases = b.forward(longer, y);
  b.initiator.send(in_four_phases.payload());
  sc_core::sc_start();
  EXPECT_EQ(in_four_phases.payload().get_response_status(), ::tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST(tile, another_weight_version_than_expected_is_fatal) {
  bench b(deterministic());
  operand x(1, inputs, 1);
  operand d(1, outputs, 1);
  operand y(1, outputs);
  const auto stale = b.forward(x, y);
  b.transport(b.update(x, d));
  EXPECT_EQ(b.device.weight_version(), 1U);
  EXPECT_THROW(b.launch(stale), run_error);
  EXPECT_THROW(b.transport(stale), run_error);
  b.version = 3; // ahead of the array
  const auto early = b.update(x, d);
  EXPECT_THROW(b.launch(early), run_error);
  b.version = 1;
  EXPECT_NO_THROW(b.transport(b.forward(x, y)));
}

TEST(tile, a_product_of_a_later_mini_batch_may_miss_as_many_updates_as_came_before) {
  bench b(deterministic());
  operand x(2, inputs, 1);
  operand d(2, outputs, 1);
  operand y(2, outputs);
  const auto product = [&](std::uint32_t mini_batch, std::uint64_t expected) {
    b.version = expected;
    return b.read(
        {.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = 2, .mini_batch = mini_batch}, x, y);
  };
  const auto on_time = product(2, 0);
  b.transport(on_time);
  EXPECT_EQ(on_time.request().missed_updates, 0U);
  const auto late = product(2, 2);
  b.transport(late);
  EXPECT_EQ(late.request().missed_updates, 2U);
  EXPECT_THROW(b.transport(product(2, 3)), run_error); // more than there are mini-batches before it
  EXPECT_THROW(b.transport(product(0, 1)), run_error); // the first one sees everything
  b.version = 0;
  b.transport(b.update(x, d));
  EXPECT_THROW(b.transport(product(2, 0)), run_error); // the array is ahead
  b.version = 2;
  auto update = b.update(x, d);
  EXPECT_THROW(b.transport(update), run_error); // updates keep their order
}

TEST(tile, a_second_launch_before_the_first_is_joined_is_fatal) {
  bench b(deterministic());
  operand x(1, inputs, 1);
  operand y(1, outputs);
  const auto first = b.forward(x, y);
  const auto second = b.forward(x, y);
  b.initiator.launch(first.payload()); // its kernel is never run
  EXPECT_THROW(b.launch(second), run_error);
}

TEST(tile, operations_may_be_launched_ahead_of_their_timed_calls) {
  bench b(deterministic());
  operand x(1, inputs, 1);
  operand y(1, outputs);
  const auto first = b.forward(x, y);
  const auto second = b.forward(x, y);
  b.launch(first);
  b.launch(second);
  femtoseconds delay;
  b.initiator.transport(first.payload(), delay);
  b.initiator.transport(second.payload(), delay);
  EXPECT_EQ(first.request().activity.passes(), 1U);
  EXPECT_EQ(first.request().activity, second.request().activity);
}

TEST(tile, values_are_those_of_a_bare_array_launched_or_not) {
  const auto parameters = noisy();
  physics::analog_array bare(shape, parameters, seed, id, max_burst);
  const auto run = [&bare] {
    run_inline(bare);
    return bare.end();
  };
  bench b(parameters);
  b.requests.context = {.first_vector = 16, .learning_rate = 0.1F};
  auto weights = operand::random(outputs, inputs, 3);
  for (auto& w : weights.values)
    w *= 0.3F;
  auto x = operand::random(8, inputs, 4);
  auto d = operand::random(8, outputs, 5);
  operand y(8, outputs);
  operand y_bare(8, outputs);
  operand e(8, inputs);
  operand e_bare(8, inputs);

  bare.set_weights(weights.values);
  bare.begin_mvm(physics::mvm_direction::forward, x.view(), y_bare.view(), 16, false);
  const auto forward = run();
  bare.begin_mvm(physics::mvm_direction::backward, d.view(), e_bare.view(), 16, false);
  const auto backward = run();
  bare.begin_update(x.view(), d.view(), 0.1F, 16);
  const auto update = run();

  b.transport(b.program(weights)); // not launched
  const auto f = b.forward(x, y);
  b.launch(f);
  b.transport(f);
  const auto k = b.backward(d, e);
  b.transport(k); // not launched
  const auto u = b.update(x, d);
  b.launch(u);
  b.transport(u);
  EXPECT_EQ(y.values, y_bare.values);
  EXPECT_EQ(e.values, e_bare.values);
  EXPECT_EQ(f.request().activity, forward);
  EXPECT_EQ(k.request().activity, backward);
  EXPECT_EQ(u.request().activity, update);
  EXPECT_GT(update.coincidences, 0U);
  EXPECT_TRUE(std::ranges::equal(b.device.values().weights(), bare.weights()));
}

TEST(tile, launched_programming_is_done_once) {
  auto parameters = noisy();
  bench b(parameters);
  operand weights(outputs, inputs, 0.1F);
  const auto t = b.program(weights);
  b.launch(t);
  EXPECT_EQ(b.device.weight_version(), 1U);
  EXPECT_EQ(b.transport(t), ns(100 * inputs));
  EXPECT_EQ(b.device.weight_version(), 1U);
  EXPECT_EQ(b.count(phase::program, action::program_pulse), shape.cells());
}

TEST(tile, debug_transport_reads_weights_and_costs_nothing) {
  bench b(deterministic());
  auto weights = operand::random(outputs, inputs, 3);
  for (auto& w : weights.values)
    w *= 0.3F;
  b.transport(b.program(weights));
  const auto before = b.books.accounts();
  std::vector<float> seen(shape.cells());
  const auto t = b.requests.make({}, {}, {});
  auto& payload = t.payload();
  payload.set_read();
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(seen.data()));
  payload.set_data_length(static_cast<unsigned>(seen.size() * sizeof(float)));
  EXPECT_EQ(b.initiator.socket->transport_dbg(payload), shape.cells() * sizeof(float));
  EXPECT_TRUE(std::ranges::equal(seen, b.device.values().weights()));
  EXPECT_EQ(seen, weights.values);
  payload.set_write();
  EXPECT_EQ(b.initiator.socket->transport_dbg(payload), 0U);
  EXPECT_EQ(kernel_now(), femtoseconds{});
  for (std::size_t a = 0; a < before.size(); ++a) {
    EXPECT_EQ(before[a].counts, b.books.accounts()[a].counts);
    EXPECT_EQ(before[a].busy, b.books.accounts()[a].busy);
  }
}

TEST(tile, direct_memory_access_is_denied) {
  bench b(deterministic());
  const auto t = b.requests.make({}, {}, {});
  ::tlm::tlm_dmi dmi;
  EXPECT_FALSE(b.initiator.socket->get_direct_mem_ptr(t.payload(), dmi));
  operand x(1, inputs);
  operand y(1, outputs);
  const auto f = b.forward(x, y);
  b.transport(f);
  EXPECT_FALSE(f.payload().is_dmi_allowed());
}

TEST(tile, busy_time_is_that_of_the_stages) {
  bench b(deterministic());
  operand x(4, inputs, 1);
  operand y(4, outputs);
  b.transport(b.forward(x, y));
  const auto p = static_cast<std::size_t>(phase::forward);
  constexpr auto length = 4 * (t_int + m * t_conv);
  EXPECT_EQ(b.accounts.crossbar->busy[p], length);
  EXPECT_EQ(b.accounts.adc->busy[p], length - t_int);
  EXPECT_EQ(b.accounts.row_driver->busy[p], 4 * t_int);
}

TEST(tile, probes_the_first_burst_of_an_evaluation_and_few_steps_of_training) {
  bench b(noisy());
  auto x = operand::random(3, inputs, 1);
  operand y(3, outputs);
  const auto is_probed = [&](const step_context& context) {
    auto t = b.forward(x, y);
    t.request().context = &context;
    b.transport(t);
    return b.device.values().take_mvm_quality(physics::mvm_direction::forward).signal > 0;
  };
  auto w = operand::random(outputs, inputs, 2);
  b.transport(b.program(w));
  EXPECT_TRUE(is_probed({.step = 0}));
  EXPECT_FALSE(is_probed({.step = 1}));
  EXPECT_TRUE(is_probed({.step = 64}));
  EXPECT_TRUE(is_probed({.step = 0, .evaluation = true}));
  EXPECT_FALSE(is_probed({.step = 64, .evaluation = true}));
}

} // namespace
} // namespace tilework::hardware
