// SPDX-License-Identifier: Apache-2.0
// Bounds on the time of a step with transfers, on random small machines: never less than its busiest resource was in
// use, never more than its operations one after the other.
#include "support/forked.h"
#include "support/striped.h"
#include "support/systemc_fixture.h"

#include <tilework/physics/devices/constant_step.h>
#include <tilework/platforms/machine.h>
#include <tilework/workloads/algorithm_fields.h>
#include <tilework/workloads/training_session.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <random>
#include <vector>

namespace tilework {
namespace {

using hardware::timing_mode;
using workload::algorithm_name;
using workload::step_order;
using workload::transfer_schedule;

constexpr std::uint32_t lines = 6; ///< of a tile's inputs
constexpr std::uint32_t outputs = 4;

struct variant {
  algorithm_name algorithm = algorithm_name::tiki_taka;
  std::uint32_t replicas = 1;
  workload::replication replicate = workload::replication::slow;
  unsigned period = 1;
  bool period_in_mini_batches = true;
  std::uint32_t batch = 6;
  std::vector<std::uint32_t> layers{10, 7, 3}; ///< all layers but the last output are split
  step_order order = step_order::by_data;
  transfer_schedule schedule = transfer_schedule::after_batch;
  timing_mode timing = timing_mode::loosely;
  unsigned lanes = 8; ///< of the vector unit and of the transfer controller
  unsigned buffer_ports = 2;
  unsigned controller_ports = 2;
  std::uint32_t lines_per_adc = 4;
  hardware::sample_and_hold_kind sample_and_hold = hardware::sample_and_hold_kind::single;
  std::uint32_t flit_bits = 64;
};

std::ostream& operator<<(std::ostream& out, const variant& v) {
  return out << "algorithm " << static_cast<int>(v.algorithm) << ", replicas " << v.replicas << ", replicate "
             << static_cast<int>(v.replicate) << ", period " << v.period << ' ' << v.period_in_mini_batches
             << ", batch " << v.batch << ", order " << static_cast<int>(v.order) << ", schedule "
             << static_cast<int>(v.schedule) << ", timing " << static_cast<int>(v.timing) << ", lanes " << v.lanes
             << ", ports " << v.buffer_ports << ' ' << v.controller_ports << ", lines per ADC " << v.lines_per_adc
             << ", sample and hold " << static_cast<int>(v.sample_and_hold) << ", flit " << v.flit_bits;
}

variant random_variant(unsigned seed) {
  std::mt19937 random(seed);
  const auto one_of = [&](auto first, auto... others) {
    const std::array all{first, others...};
    return all.at(random() % all.size());
  };
  variant v;
  v.algorithm = one_of(algorithm_name::tiki_taka, algorithm_name::buffered, algorithm_name::chopped,
                       algorithm_name::dynamic, algorithm_name::study_dynamic, algorithm_name::mixed_precision);
  const bool replicable = v.algorithm != algorithm_name::mixed_precision;
  v.replicas = replicable ? one_of(1U, 2U, 3U, 4U) : 1U;
  v.replicate = one_of(workload::replication::slow, workload::replication::fast_and_slow);
  v.period = one_of(1U, 2U, 3U);
  v.period_in_mini_batches = v.algorithm == algorithm_name::mixed_precision || one_of(true, false);
  v.batch = one_of(4U, 5U, 8U);
  v.order = one_of(step_order::by_data, step_order::serial);
  v.schedule = one_of(transfer_schedule::after_batch, transfer_schedule::overlapped);
  v.timing = one_of(timing_mode::loosely, timing_mode::approximately);
  v.lanes = one_of(1U, 2U, 4U, 16U, 64U);
  v.buffer_ports = one_of(1U, 2U, 4U);
  v.controller_ports = one_of(1U, 2U, 4U);
  v.lines_per_adc = one_of(1U, 2U, 4U);
  v.sample_and_hold = one_of(hardware::sample_and_hold_kind::none, hardware::sample_and_hold_kind::single,
                             hardware::sample_and_hold_kind::double_buffered);
  v.flit_bits = one_of(16U, 64U, 256U);
  return v;
}

/// The machine `gallo_real` with tiles of 6 x 4.
platform::machine_configuration machine_for(const variant& v) {
  platform::machine_configuration c;
  c.tile.inputs = lines;
  c.tile.outputs = outputs;
  c.tile.dac = {.bits = 7, .slot = {1'000'000}};
  c.tile.adc = {.bits = 9, .cycle = {1'000'000}, .lines_per_adc = v.lines_per_adc};
  c.tile.sample_and_hold = v.sample_and_hold;
  c.tile.pulse = {.width = {5'000'000}, .period = {5'000'000}};
  c.tile.program_row_time = {100'000'000};
  c.vector_unit.lanes = v.lanes;
  c.transfer_controller.emplace();
  c.transfer_controller->lanes = v.lanes;
  c.transfer_controller->buffer_ports = v.controller_ports;
  c.buffer.ports = v.buffer_ports;
  c.interconnect =
      hardware::routed_network_configuration{.shape = hardware::mesh_shape{8, 8}, .flit_width_bits = v.flit_bits};
  c.memory.bandwidth_bytes_per_s = 5.33e9;
  return c;
}

physics::constant_step small_steps() {
  physics::constant_step device;
  device.dw_min = 0.01F;
  return device;
}

workload::session_configuration session_for(const variant& v) {
  auto algorithm = workload::defaults_of(v.algorithm);
  algorithm.replicas = v.replicas;
  algorithm.replicate = v.replicate;
  algorithm.transfer_every = v.period;
  algorithm.units_in_mbatch = v.period_in_mini_batches;
  algorithm.granularity.assign(algorithm.roles, physics::device_spec(small_steps()).granularity());
  algorithm.seed = 11;
  return {.network = {v.layers, activation::sigmoid, true},
          .algorithm = algorithm,
          .order = v.order,
          .epochs = 1,
          .batch_size = v.batch,
          .learning_rate = {.initial = 0.2},
          .evaluate_every = 0,
          .evaluation_burst = 5,
          .seed = 11};
}

/// A training run that looks at every step when it ends.
struct run : transaction::transaction_listener {
  explicit run(const variant& v)
      : settings([&] {
          auto s = session_for(v);
          s.algorithm.schedule = v.schedule;
          return s;
        }()),
        data{"striped", 3, test::striped(17, v.layers.front(), 3, 1), test::striped(5, v.layers.front(), 3, 2)},
        configuration(machine_for(v)),
        map(workload::map_network(settings.network, {configuration.tiles(), lines, outputs}, {},
                                  settings.algorithm.copies())),
        parameters(settings.algorithm.roles),
        session(settings, data, map, {}, std::vector<workload::role_traits>(settings.algorithm.roles), arena),
        pool(1) {
    arena.allocate();
    session.initialise();
    for (auto& p : parameters)
      p.device = small_steps();
    for (const auto& plan : session.stages())
      stages.push_back(plan.stage);
    machine.emplace(configuration, platform::elaboration{.arrays = map.arrays,
                                                         .parameters = parameters,
                                                         .seed = 11,
                                                         .max_burst = std::max(v.batch, settings.evaluation_burst),
                                                         .timing = v.timing,
                                                         .source = session,
                                                         .samples = session,
                                                         .arena = arena,
                                                         .pool = pool,
                                                         .stages = stages});
    machine->control().add_listener(*this);
    busy_before.resize(machine->books().accounts().size());
  }

  void operation_done(const operation_record& record) override {
    one_after_the_other += record.done - record.ready;
    transfers += record.op->phase == phase::transfer ? 1U : 0U;
  }
  void drained(std::uint64_t step, femtoseconds length) override {
    std::size_t k = 0;
    for (const auto& account : machine->books().accounts()) {
      femtoseconds busy;
      for (const auto b : account.busy)
        busy += b;
      const auto in_step = static_cast<double>((busy - busy_before[k]).count) / account.servers;
      EXPECT_LE(in_step, static_cast<double>(length.count)) << account.name << " in step " << step;
      fullest = std::max(fullest, in_step / static_cast<double>(length.count));
      busy_before[k++] = busy;
    }
    EXPECT_LE(length, one_after_the_other) << "step " << step;
    overlap = std::max(overlap, static_cast<double>(one_after_the_other.count) / static_cast<double>(length.count));
    one_after_the_other = {};
    total += length;
    ++steps;
  }

  workload::session_configuration settings;
  workload::dataset data;
  platform::machine_configuration configuration;
  workload::network_map map;
  operand_arena arena;
  std::vector<physics::array_parameters> parameters;
  workload::training_session session;
  std::vector<numerics::transfer_stage> stages;
  worker_pool pool;
  std::optional<platform::machine> machine;
  std::vector<femtoseconds> busy_before;
  femtoseconds one_after_the_other; ///< operations of this step so far
  femtoseconds total;
  std::uint64_t steps = 0;
  std::uint64_t transfers = 0;
  double fullest = 0; ///< largest share of a step in which a resource was in use
  double overlap = 0; ///< largest ratio of the operations' times to a step's time
};

struct outcome {
  femtoseconds total;
  std::uint64_t steps = 0;
  std::uint64_t transfers = 0;
  double fullest = 0;
  double overlap = 0;
};

outcome outcome_of(const variant& v) {
  SCOPED_TRACE(testing::PrintToString(v));
  return test::in_child([&v] {
    run r(v);
    r.machine->run();
    return outcome{r.total, r.steps, r.transfers, r.fullest, r.overlap};
  });
}

TEST(step_time, is_between_the_busiest_resource_and_the_sum_of_the_operations) {
  constexpr unsigned variants = 120;
  unsigned with_transfers = 0;
  double fullest = 0;
  double overlap = 0;
  for (unsigned seed = 0; seed < variants; ++seed) {
    const auto o = outcome_of(random_variant(seed));
    EXPECT_GT(o.steps, 2U);
    with_transfers += o.transfers > 0 ? 1U : 0U;
    fullest = std::max(fullest, o.fullest);
    overlap = std::max(overlap, o.overlap);
  }
  // Both bounds must have been put to the test.
  EXPECT_GT(with_transfers, variants * 9 / 10);
  EXPECT_GT(fullest, 0.8);
  EXPECT_GT(overlap, 2.0);
}

/// Pairs of runs, and those of them in which the one that has it easier took longer.
struct comparison {
  unsigned pairs = 0;
  unsigned slower = 0;
  double worst = 1; ///< largest ratio of times
};

void add(comparison& c, femtoseconds easier, femtoseconds harder) {
  ++c.pairs;
  c.slower += easier > harder ? 1U : 0U;
  c.worst = std::max(c.worst, easier.seconds() / harder.seconds());
}

void compare_lanes(variant v, comparison& c) {
  std::optional<femtoseconds> before;
  for (unsigned lanes = 1; lanes <= 64; lanes *= 2) {
    v.lanes = lanes;
    const auto total = outcome_of(v).total;
    if (before)
      add(c, total, *before);
    before = total;
  }
}

comparison compare_lanes(step_order order) {
  constexpr unsigned variants = 40;
  comparison c;
  for (unsigned seed = 0; seed < variants; ++seed) {
    auto v = random_variant(1000 + seed);
    v.order = order;
    compare_lanes(v, c);
  }
  return c;
}

// Pieces and replicas of one stage work at the same time and share ports, links and lanes, so even a serial step has
// requests whose order may change with speed: with more lanes one may come first that is less urgent.
TEST(step_time, hardly_ever_grows_with_lanes_when_stages_are_serial) {
  const auto c = compare_lanes(step_order::serial);
  EXPECT_LE(c.slower * 100, c.pairs) << c.slower << " of " << c.pairs;
  EXPECT_LT(c.worst, 1.02);
}

TEST(step_time, never_grows_with_lanes_when_one_operation_follows_the_other) {
  constexpr unsigned variants = 40;
  comparison c;
  for (unsigned seed = 0; seed < variants; ++seed) {
    auto v = random_variant(2000 + seed);
    v.layers = {lines, outputs, 3}; // one array per layer and role
    v.replicas = 1;
    v.order = step_order::serial;
    compare_lanes(v, c);
  }
  EXPECT_EQ(c.slower, 0U) << "of " << c.pairs << ", worst ratio " << c.worst;
}

TEST(step_time, seldom_grows_with_lanes_when_data_alone_order_it) {
  const auto c = compare_lanes(step_order::by_data);
  EXPECT_LE(c.slower * 20, c.pairs) << c.slower << " of " << c.pairs << ", worst ratio " << c.worst;
}

// A transfer that runs beside the forward pass may hold a port or a link that the forward pass wants: 7 of these 120
// runs take up to 0.6 % longer.
TEST(step_time, seldom_grows_when_transfers_overlap) {
  constexpr unsigned variants = 120;
  comparison c;
  double best = 1;
  for (unsigned seed = 0; seed < variants; ++seed) {
    auto v = random_variant(3000 + seed);
    v.schedule = transfer_schedule::overlapped;
    const auto overlapped = outcome_of(v).total;
    v.schedule = transfer_schedule::after_batch;
    const auto after = outcome_of(v).total;
    add(c, overlapped, after);
    best = std::min(best, overlapped.seconds() / after.seconds());
  }
  EXPECT_LE(c.slower * 10, c.pairs) << c.slower << " of " << c.pairs;
  EXPECT_LT(c.worst, 1.02);
  EXPECT_LT(best, 0.95) << "nothing overlaps";
}

TEST(step_time, seldom_shrinks_when_stages_are_serial) {
  constexpr unsigned variants = 120;
  comparison c;
  for (unsigned seed = 0; seed < variants; ++seed) {
    auto v = random_variant(4000 + seed);
    v.order = step_order::by_data;
    const auto by_data = outcome_of(v).total;
    v.order = step_order::serial;
    add(c, by_data, outcome_of(v).total);
  }
  EXPECT_LE(c.slower * 20, c.pairs) << c.slower << " of " << c.pairs << ", worst ratio " << c.worst;
}

} // namespace
} // namespace tilework
