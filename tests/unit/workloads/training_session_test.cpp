// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/sample_order.h>
#include <tilework/workloads/training_session.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::workload {
namespace {

constexpr std::uint32_t train_samples = 10;
constexpr std::uint32_t test_samples = 7;

/// Sample s has the feature s / 100 twice and the label s modulo 2; test samples start at 100.
labelled_set numbered(std::uint32_t samples, std::uint32_t first) {
  std::vector<float> x;
  std::vector<std::uint8_t> labels;
  for (std::uint32_t s = 0; s < samples; ++s) {
    x.insert(x.end(), 2, static_cast<float>(first + s) / 100.0F);
    labels.push_back(static_cast<std::uint8_t>(s % 2));
  }
  return {2, std::move(x), std::move(labels)};
}

/// What a step was.
struct seen {
  std::string kind; ///< program, train, evaluate
  std::uint64_t step = 0;
  std::uint64_t first_vector = 0;
  float learning_rate = 0;
  std::vector<std::uint32_t> samples;
  friend bool operator==(const seen&, const seen&) = default;
};

/// Executes steps without a machine: loads samples, sets each loss to the sample's number and the prediction to 0.
struct bench : session_listener {
  explicit bench(const session_configuration& c)
      : configuration(c),
        map(map_network(c.network, {16, 8, 8}, {}, c.algorithm.copies())),
        session(c, data, map, {}, {}, arena) {
    arena.allocate();
    session.initialise();
    session.set_listener(this);
  }
  static session_configuration usual() {
    return {.network = {{2, 3, 2}},
            .epochs = 2,
            .batch_size = 4,
            .learning_rate = {.initial = 0.5, .step_epochs = 1, .factor = 0.5},
            .evaluation_burst = 5,
            .seed = 3};
  }
  void execute(const step& s) {
    seen what{"program",
              s.context.step,
              s.context.first_vector,
              s.context.learning_rate,
              {s.context.samples.begin(), s.context.samples.end()}};
    for (const auto& op : s.program->operations()) {
      if (op.kind == operation_kind::load_samples) {
        what.kind = s.context.evaluation ? "evaluate" : "train";
        EXPECT_EQ(op.vectors, s.context.samples.size());
        session.load(s.context, arena.view(op.outputs[0].slot), arena.view(op.outputs[1].slot));
      }
      if (op.phase == phase::read_out)
        what.kind = "read";
      if (op.function == vector_function::moving_variance)
        what.kind = "iterate"; // its variance stays 0: converged at once
      if (op.function != vector_function::loss_gradient)
        continue;
      for (std::uint32_t v = 0; v < op.vectors; ++v) {
        arena.view(op.outputs[1].slot)[v][0] = static_cast<float>(s.context.samples[v]);
        arena.view(op.outputs[2].slot)[v][0] = 0;
      }
    }
    steps.push_back(what);
    session.finished(s);
  }
  void run() {
    while (const auto s = session.next())
      execute(*s);
  }
  /// The training steps only.
  [[nodiscard]] std::vector<seen> training() const {
    std::vector<seen> result;
    std::ranges::copy_if(steps, std::back_inserter(result), [](const seen& s) { return s.kind == "train"; });
    return result;
  }
  void evaluated(const evaluation_result& r) override { evaluations.push_back(r); }
  void programming_step_done(const programming_status&) override { ++iterations; }
  void programmed() override { programmed_after = steps.size(); }
  void weights_read() override { ++reads; }
  void epoch_done(const training_position& p) override { epochs_done.push_back(p.epoch); }

  session_configuration configuration;
  dataset data{"numbered", 2, numbered(train_samples, 0), numbered(test_samples, 100)};
  network_map map;
  operand_arena arena;
  training_session session;
  std::vector<seen> steps;
  std::vector<evaluation_result> evaluations;
  std::vector<unsigned> epochs_done;
  unsigned iterations = 0;
  unsigned reads = 0;
  std::size_t programmed_after = 0;
};

std::vector<std::string> kinds(const std::vector<seen>& steps) {
  std::vector<std::string> result;
  for (const auto& s : steps)
    result.push_back(s.kind + std::to_string(s.samples.size()));
  return result;
}

TEST(training_session, programs_then_trains_and_evaluates_every_epoch) {
  bench b(bench::usual());
  b.run();
  const std::vector<std::string> expected{"program0", "train4", "train4", "train2",    "evaluate5", "evaluate2",
                                          "train4",   "train4", "train2", "evaluate5", "evaluate2"};
  EXPECT_EQ(kinds(b.steps), expected);
  EXPECT_EQ(b.epochs_done, (std::vector<unsigned>{1, 2}));
  EXPECT_TRUE(b.session.complete());
}

TEST(training_session, every_epoch_visits_every_sample_once_in_its_own_order) {
  bench b(bench::usual());
  b.run();
  std::vector<std::uint32_t> visited;
  for (const auto& s : b.training())
    visited.insert(visited.end(), s.samples.begin(), s.samples.end());
  ASSERT_EQ(visited.size(), 2 * train_samples);
  const auto half = visited.begin() + train_samples;
  EXPECT_TRUE(std::equal(visited.begin(), half, numerics::shuffled_order(3, 0, train_samples).begin()));
  EXPECT_TRUE(std::equal(half, visited.end(), numerics::shuffled_order(3, 1, train_samples).begin()));
  EXPECT_EQ(std::set(visited.begin(), half).size(), train_samples);
  EXPECT_FALSE(std::equal(visited.begin(), half, half));
}

TEST(training_session, counters_run_on_over_epochs_and_the_rate_follows_its_schedule) {
  bench b(bench::usual());
  b.run();
  constexpr std::uint64_t first_vectors[] = {0, 4, 8, 10, 14, 18};
  const auto training = b.training();
  ASSERT_EQ(training.size(), 6U);
  for (std::size_t k = 0; k < 6; ++k) {
    EXPECT_EQ(training[k].step, k);
    EXPECT_EQ(training[k].first_vector, first_vectors[k]);
    EXPECT_FLOAT_EQ(training[k].learning_rate, k < 3 ? 0.5F : 0.25F);
  }
}

TEST(learning_rate_schedule, falls_by_a_factor_every_few_epochs) {
  const learning_rate_schedule s{.initial = 0.8, .step_epochs = 3, .factor = 0.5};
  for (unsigned epoch = 0; epoch < 12; ++epoch)
    EXPECT_DOUBLE_EQ(s.at(epoch), 0.8 * std::pow(0.5, epoch / 3));
  EXPECT_DOUBLE_EQ((learning_rate_schedule{.initial = 0.8}).at(100), 0.8);
}

TEST(training_session, evaluation_cadence_does_not_change_training) {
  std::vector<std::vector<seen>> runs;
  for (unsigned every : {0U, 1U, 2U, 3U}) {
    auto c = bench::usual();
    c.epochs = 5;
    c.evaluate_every = every;
    bench b(c);
    b.run();
    runs.push_back(b.training());
    std::vector<unsigned> epochs;
    for (const auto& e : b.evaluations)
      epochs.push_back(e.epoch);
    const std::vector<std::vector<unsigned>> expected{{}, {1, 2, 3, 4, 5}, {2, 4, 5}, {3, 5}};
    EXPECT_EQ(epochs, expected[every]); // the last epoch always, unless never
    EXPECT_EQ(b.epochs_done.size(), 5U);
  }
  for (const auto& r : runs)
    EXPECT_EQ(r, runs.front());
}

TEST(training_session, evaluation_of_an_epoch_draws_the_same_however_often_one_evaluates) {
  const auto last_evaluation = [](unsigned every) {
    auto c = bench::usual();
    c.epochs = 4;
    c.evaluate_every = every;
    bench b(c);
    b.run();
    return b.steps.back();
  };
  EXPECT_EQ(last_evaluation(1), last_evaluation(4));
}

TEST(training_session, results_are_means_over_the_samples) {
  bench b(bench::usual());
  b.run();
  ASSERT_EQ(b.evaluations.size(), 2U);
  EXPECT_DOUBLE_EQ(b.evaluations[0].train_loss, 4.5);        // 0, 1, ..., 9
  EXPECT_DOUBLE_EQ(b.evaluations[0].test_loss, 3.0);         // 0, 1, ..., 6
  EXPECT_DOUBLE_EQ(b.evaluations[0].test_accuracy, 4.0 / 7); // labels 0 1 0 1 0 1 0, predictions 0
}

TEST(training_session, takes_recorded_losses_once_per_epoch) {
  bench b(bench::usual());
  std::vector<double> losses{0.25, 0.75};
  std::size_t asked = 0;
  b.session.set_recorded({.epoch_loss = [&] { return losses.at(asked++); }});
  b.run();
  EXPECT_EQ(asked, 2U);
  ASSERT_EQ(b.evaluations.size(), 2U);
  EXPECT_EQ(b.evaluations[0].train_loss, 0.25);
  EXPECT_EQ(b.evaluations[1].train_loss, 0.75);
  EXPECT_EQ(b.session.epoch_loss(), 0.75);
}

TEST(labelled_set, without_values_has_size_and_width) {
  const auto bytes = labelled_set::without_values(784, 8, 60'000);
  EXPECT_EQ(bytes.size(), 60'000U);
  EXPECT_EQ(bytes.features(), 784U);
  EXPECT_EQ(bytes.bits_per_feature(), 8U);
  EXPECT_EQ(labelled_set::without_values(2, 32, 3).bits_per_feature(), 32U);
  EXPECT_THROW(labelled_set::without_values(2, 9, 3), std::invalid_argument);
}

TEST(training_session, loads_samples_and_labels_of_the_right_half) {
  bench b(bench::usual());
  operand_arena own;
  const auto x = own.add(2, 2);
  const auto label = own.add(2, 1);
  own.allocate();
  const std::vector<std::uint32_t> chosen{3, 6};
  step_context context;
  context.samples = chosen;
  b.session.load(context, own.view(x), own.view(label));
  EXPECT_FLOAT_EQ(own.view(x)[0][1], 0.03F);
  EXPECT_EQ(own.view(label)[0][0], 1.0F);
  context.evaluation = true;
  b.session.load(context, own.view(x), own.view(label));
  EXPECT_FLOAT_EQ(own.view(x)[1][0], 1.06F);
  EXPECT_EQ(own.view(label)[1][0], 0.0F);
  EXPECT_EQ(b.session.bytes_per_sample(), 2U * 4 + 1);
}

TEST(training_session, initial_weights_do_not_depend_on_the_split) {
  auto c = bench::usual();
  c.network.layers = {12, 5};
  const dataset data{"", 5, {12, std::vector<float>(12), {0}}, {12, std::vector<float>(12), {0}}};
  const auto matrix = [&](std::uint32_t lines) {
    const auto map = map_network(c.network, {100, lines, lines}, {});
    operand_arena arena;
    const training_session session(c, data, map, {}, {}, arena);
    std::vector<float> w(12 * 5);
    for (std::uint32_t a = 0; a < map.arrays.size(); ++a) {
      const auto& region = map.arrays[a];
      float* const first = w.data() + std::size_t{region.first_output} * 12 + region.first_input;
      session.load_weights(a, {first, region.outputs, region.inputs, 12});
    }
    return w;
  };
  const auto whole = matrix(12);
  EXPECT_EQ(matrix(5), whole);
  EXPECT_EQ(matrix(1), whole);
  EXPECT_TRUE(std::ranges::all_of(whole, [](float w) { return w != 0 && std::abs(w) <= 1 / std::sqrt(12.0F); }));
}

TEST(training_session, stops_after_the_current_step) {
  bench b(bench::usual());
  b.execute(*b.session.next());
  b.execute(*b.session.next());
  b.session.stop();
  EXPECT_FALSE(b.session.next().has_value());
  EXPECT_FALSE(b.session.complete());
}

/// Stops after `steps` steps, saves, restores into a fresh session and runs on.
void expect_resumes_after(std::size_t steps, const session_configuration& c = bench::usual()) {
  bench whole(c);
  whole.run();
  bench first(c);
  while (first.steps.size() < steps)
    first.execute(*first.session.next());
  std::stringstream state;
  first.session.save(state);
  bench second(c);
  second.session.restore(state);
  second.run();
  auto joined = first.steps;
  joined.insert(joined.end(), second.steps.begin(), second.steps.end());
  EXPECT_EQ(joined, whole.steps) << steps;
  ASSERT_FALSE(second.evaluations.empty());
  EXPECT_EQ(second.evaluations.back().train_loss, whole.evaluations.back().train_loss);
  EXPECT_EQ(second.evaluations.back().test_loss, whole.evaluations.back().test_loss);
  EXPECT_EQ(second.evaluations.back().test_accuracy, whole.evaluations.back().test_accuracy);
  EXPECT_TRUE(second.session.complete());
}

TEST(training_session, resumes_anywhere) {
  for (std::size_t steps = 1; steps <= 10; ++steps) // also in the middle of epochs and evaluations
    expect_resumes_after(steps);
}

TEST(training_session, resumes_anywhere_in_programming_and_read_outs) {
  auto c = bench::usual();
  c.average_from_epoch = 1;
  c.weight_reads = 3;
  c.programming.method = programming_method::from_one;
  for (std::size_t steps = 1; steps <= 17; ++steps)
    expect_resumes_after(steps, c);
}

session_configuration with_reads() {
  auto c = bench::usual();
  c.average_from_epoch = 2;
  c.weight_reads = 2;
  return c;
}

TEST(training_session, reads_weights_between_an_epoch_and_its_evaluation) {
  bench b(with_reads());
  b.run();
  const std::vector<std::string> expected{"program0", "train4", "train4", "train2", "evaluate5", "evaluate2", "train4",
                                          "train4",   "train2", "read0",  "read0",  "evaluate5", "evaluate2"};
  EXPECT_EQ(kinds(b.steps), expected);
  EXPECT_EQ(b.reads, 2U);
  EXPECT_EQ(b.epochs_done, (std::vector<unsigned>{1, 2}));
  EXPECT_NE(b.steps[9].first_vector, b.steps[10].first_vector) << "every read has its own noise";
}

TEST(training_session, reads_weights_without_an_evaluation) {
  auto c = with_reads();
  c.evaluate_every = 0;
  bench b(c);
  b.run();
  EXPECT_EQ(kinds(b.steps), (std::vector<std::string>{"program0", "train4", "train4", "train2", "train4", "train4",
                                                      "train2", "read0", "read0"}));
  EXPECT_EQ(b.epochs_done, (std::vector<unsigned>{1, 2}));
  EXPECT_TRUE(b.session.complete());
}

TEST(training_session, programs_from_one_before_it_trains) {
  auto c = bench::usual();
  c.programming.method = programming_method::from_one;
  c.algorithm.replicas = 2;
  bench b(c);
  b.run();
  // Per layer the first copy and the second one.
  ASSERT_GT(b.steps.size(), 5U);
  for (std::size_t k = 0; k < 4; ++k)
    EXPECT_EQ(b.steps[k].kind, "iterate");
  EXPECT_EQ(b.steps[4].kind, "train");
  EXPECT_EQ(b.iterations, 3U);
  EXPECT_EQ(b.programmed_after, 4U);
  EXPECT_EQ(b.session.programming_iterations(), (std::vector<std::vector<std::uint32_t>>{{1, 1}, {1, 1}}));
  EXPECT_TRUE(b.session.starts_fabricated(0));
}

TEST(training_session, saves_the_biases) {
  bench a(bench::usual());
  auto other = bench::usual();
  other.seed = 99;
  bench b(other);
  const auto biases = [](const bench& of) {
    std::vector<float> all;
    of.session.for_each_bias([&](std::span<const float> layer) { all.insert(all.end(), layer.begin(), layer.end()); });
    return all;
  };
  EXPECT_EQ(biases(a).size(), 3U + 2);
  EXPECT_NE(biases(a), biases(b));
  std::stringstream state;
  a.session.save(state);
  b.session.restore(state);
  EXPECT_EQ(biases(a), biases(b));
}

TEST(training_session, estimates_input_ranges_in_the_first_mini_batches_only) {
  auto c = bench::usual();
  c.input_range.enable = true;
  c.input_range.init_from_data = 4;
  bench b(c);
  std::vector<bool> estimates;
  while (const auto s = b.session.next()) {
    const auto estimating = std::ranges::any_of(s->program->operations(), [](const operation& op) {
      return op.function == vector_function::input_range_estimate;
    });
    if (!s->context.samples.empty() && !s->context.evaluation)
      estimates.push_back(estimating);
    else
      EXPECT_FALSE(estimating);
    b.execute(*s);
  }
  EXPECT_EQ(estimates, (std::vector<bool>{true, true, true, true, false, false})); // 4, 4, 2 samples, twice
}

TEST(training_session, saves_the_input_ranges) {
  auto c = bench::usual();
  c.input_range.enable = true;
  bench a(c);
  c.input_range.init_value = 5;
  bench b(c);
  const auto ranges = [](const bench& of) {
    std::vector<float> all;
    of.session.for_each_input_range([&](float r) { all.push_back(r); });
    return all;
  };
  EXPECT_EQ(ranges(a), (std::vector<float>{3, 3}));
  EXPECT_EQ(ranges(b), (std::vector<float>{5, 5}));
  std::stringstream state;
  a.session.save(state);
  b.session.restore(state);
  EXPECT_EQ(ranges(b), ranges(a));
}

/// Reads of the first stage before a training step and in it, and whether a transfer is left to the next step.
struct transfer_trace {
  std::vector<std::uint64_t> before;
  std::vector<std::uint32_t> inside;
  friend bool operator==(const transfer_trace&, const transfer_trace&) = default;
};

session_configuration with_transfers(double every, bool in_mini_batches) {
  auto c = bench::usual();
  c.algorithm.name = "TikiTaka";
  c.algorithm.family = algorithm_family::transfer;
  c.algorithm.roles = 2;
  c.algorithm.granularity = {0.001F, 0.001F};
  c.algorithm.transfer_every = every;
  c.algorithm.units_in_mbatch = in_mini_batches;
  return c;
}

void trace_step(bench& b, const step& s, transfer_trace& trace) {
  if (!s.context.samples.empty() && !s.context.evaluation) {
    trace.before.push_back(s.context.lines_read[0]);
    trace.inside.push_back(
        static_cast<std::uint32_t>(std::ranges::count_if(s.program->operations(), [](const operation& op) {
          return op.kind == operation_kind::write_line && op.stage == 0;
        })));
  }
  b.execute(s);
}

transfer_trace trace_of(const session_configuration& c) {
  bench b(c);
  transfer_trace trace;
  while (const auto s = b.session.next())
    trace_step(b, *s, trace);
  return trace;
}

TEST(training_session, transfers_count_vectors_over_uneven_mini_batches) {
  // 4, 4 and 2 samples per epoch, a transfer after every third of all vectors
  EXPECT_EQ(trace_of(with_transfers(3, false)), (transfer_trace{{0, 1, 2, 3, 4, 6}, {1, 1, 1, 1, 2, 0}}));
}

TEST(training_session, transfers_count_mini_batches) {
  EXPECT_EQ(trace_of(with_transfers(2, true)), (transfer_trace{{0, 0, 1, 1, 2, 2}, {0, 1, 0, 1, 0, 1}}));
}

TEST(training_session, overlapped_transfers_come_one_step_later_but_end_with_the_epoch) {
  auto c = with_transfers(1, true);
  c.algorithm.schedule = transfer_schedule::overlapped;
  EXPECT_EQ(trace_of(c), (transfer_trace{{0, 0, 1, 3, 3, 4}, {0, 1, 2, 0, 1, 2}}));
}

TEST(training_session, steps_hold_the_mini_batches_in_flight) {
  auto c = bench::usual();
  c.mini_batches_in_flight = 2;
  bench b(c);
  struct group {
    std::uint64_t first_vector = 0;
    std::size_t samples = 0;
    std::vector<std::uint32_t> updates; ///< vectors of those of layer 0
    bool operator==(const group&) const = default;
  };
  std::vector<group> groups;
  while (const auto s = b.session.next()) {
    const auto& context = s->context;
    group g{context.first_vector, context.samples.size(), {}};
    for (const auto& op : s->program->operations())
      if (op.kind == operation_kind::outer_product_update && op.layer == 0)
        g.updates.push_back(op.vectors);
    if (!g.updates.empty())
      groups.push_back(g);
    b.session.finished(*s);
  }
  EXPECT_EQ(groups, (std::vector<group>{{0, 8, {4, 4}}, {8, 2, {2}}, {10, 8, {4, 4}}, {18, 2, {2}}}));
}

TEST(training_session, replicas_of_fast_arrays_count_what_each_of_them_sees) {
  auto c = with_transfers(1, false);
  c.algorithm.replicas = 2;
  c.algorithm.replicate = replication::fast_and_slow;
  // 2, 2 and 1 rounds per epoch; every transfer writes two copies
  EXPECT_EQ(trace_of(c), (transfer_trace{{0, 2, 4, 5, 7, 9}, {4, 4, 2, 4, 4, 2}}));
}

TEST(training_session, resumes_between_transfers) {
  for (const std::size_t steps : {2U, 3U, 7U}) {
    auto c = with_transfers(3, false);
    c.algorithm.schedule = transfer_schedule::overlapped;
    const auto whole = trace_of(c);
    bench first(c);
    transfer_trace trace;
    for (std::size_t k = 0; k < steps; ++k)
      trace_step(first, *first.session.next(), trace);
    std::stringstream state;
    first.session.save(state);
    bench second(c);
    second.session.restore(state);
    while (const auto s = second.session.next())
      trace_step(second, *s, trace);
    EXPECT_EQ(trace, whole) << steps;
  }
}

TEST(training_session, a_warm_start_moves_on_when_the_loss_stops_falling) {
  auto c = with_transfers(1, true);
  c.algorithm.roles = 3;
  c.algorithm.granularity = {0.001F, 0.001F, 0.001F};
  c.algorithm.transfer_every_vec = {1, 1, 0};
  c.algorithm.warm_start = true;
  c.epochs = 6; // the loss of the bench never falls
  c.evaluate_every = 0;
  bench b(c);
  std::vector<std::uint32_t> targets; // of the transfers out of the fast array, once per epoch
  while (const auto s = b.session.next()) {
    for (const auto& op : s->program->operations())
      if (op.kind == operation_kind::write_line && op.stage == 0 && s->context.first_vector % train_samples == 0)
        targets.push_back(b.map.arrays[op.array].id.role);
    b.execute(*s);
  }
  EXPECT_EQ(targets, (std::vector<std::uint32_t>{2, 2, 1, 1, 1, 1}));
}

} // namespace
} // namespace tilework::workload
