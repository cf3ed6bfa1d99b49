// SPDX-License-Identifier: Apache-2.0
// Update times per input vector on the training chip that Rasch et al. (2024) assume
// (platforms/machines/rasch_2024.yaml): event simulation of whole training steps against closed forms. The closed forms
// "of the paper" are reconstructions from its stated assumptions, not its table. Results: docs/validation/costs.md.
#include "support/forked.h"
#include "support/systemc_fixture.h"

#include <tilework/catalog/device_registry.h>
#include <tilework/cli/simulation.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework {
namespace {

constexpr double n = 512;              // lines of either side of a crossbar
constexpr double slots_ns = 5 * 5;     // l = 5 pulses of 5 ns
constexpr double product_ns = 40;      // reads a line as well
constexpr double write_ns = 5;         // one pulse writes a line
constexpr double vectors_per_read = 2; // n_s
constexpr double cycle_ns = 0.04;      // of the digital units
constexpr double port_bytes = 8192;    // that a port of their buffer moves per cycle
constexpr double quarter_per_ns = 175; // operations of a quarter of 0.7 TFLOPS
constexpr unsigned all_lanes = 28;     // of the machine's digital units
constexpr unsigned crossbars = 4;      // that share them
constexpr std::uint32_t vectors = 12;

/// What one vector takes in the update phase beside the pulses: reads of lines, arithmetic, buffer of the transfers.
struct closed_form {
  double reads_ns = 0;
  double operations = 0;
  double buffer_ns = 0;
  [[nodiscard]] double digital_ns() const { return operations / quarter_per_ns + buffer_ns; }
};

struct algorithm_case {
  std::string_view name;
  std::string_view yaml;
  double writes;      ///< lines written per vector, a pulse each, if every transfer writes
  bool always_writes; ///< what a transfer writes does not depend on data
  double paper_ns;    ///< with a quarter unit, reconstruction
  closed_form ours;   ///< what the modules count; modules/digital/{vector_unit,transfer}_costs.h
};

// Per vector the modules take maxima of both operands, two quotients and scale both, where the paper has 2 n.
constexpr double managed = 4 * n + 2;
constexpr double maxima = 2 * n + 8; // of both operands again, and the running means that the fast rate follows from
constexpr double read_ns = product_ns / vectors_per_read;
constexpr double line_ns = 2 * cycle_ns / vectors_per_read;                         // a line of state, out and back
constexpr double cells_ns = 2 * (n * n * 4 / port_bytes) * cycle_ns + 2 * cycle_ns; // all of it, and a line

constexpr double paper_transfer_ns = (product_ns + write_ns) / vectors_per_read;
constexpr double paper_sgd_ns = slots_ns + 2 * n / quarter_per_ns;
constexpr double paper_ttv2_ns = paper_sgd_ns + paper_transfer_ns + 2 * n / vectors_per_read / quarter_per_ns;

const std::array<algorithm_case, 6> cases{{
    {"SGD", "algorithm: {name: SGD}", 0, true, paper_sgd_ns, {0, managed}},
    {"TikiTaka",
     "algorithm: {name: TikiTaka}\n  transfer: {every: 2 vectors, update: {desired_bl: 1}}",
     1 / vectors_per_read,
     false,
     paper_sgd_ns + paper_transfer_ns,
     {read_ns, managed + n / vectors_per_read}},
    {"TTv2",
     "algorithm: {name: TTv2, transfer_every: 2, units_in_mbatch: false, thres_scale: 0.0001}",
     1 / vectors_per_read,
     true,
     paper_ttv2_ns,
     {read_ns, managed + 5 * n / vectors_per_read, line_ns}},
    {"ChoppedTTv2",
     "algorithm: {name: ChoppedTTv2, transfer_every: 2, units_in_mbatch: false, auto_granularity: 0, auto_scale: true, "
     "fast_lr: 0.1, buffer_granularity: 0.0001}",
     1 / vectors_per_read,
     true,
     paper_ttv2_ns,
     {read_ns, managed + maxima + 6 * n / vectors_per_read, line_ns}},
    {"AGAD",
     "algorithm: {name: AGAD, transfer_every: 2, units_in_mbatch: false, auto_granularity: 0, auto_scale: true, "
     "fast_lr: 0.1, buffer_granularity: 0.0001}",
     1 / vectors_per_read,
     false,
     paper_ttv2_ns,
     {read_ns, managed + maxima + 10 * n / vectors_per_read, line_ns}},
    {"MixedPrecision",
     "algorithm: {name: MixedPrecision, transfer_every: 1, n_rows_per_transfer: 1, n_x_bins: 0, n_d_bins: 0}",
     0,
     false,
     slots_ns + (2 * n * n + n) / quarter_per_ns,
     {0, 2 * n* n + n + 4 * n, cells_ns}},
}};

std::string source_file(const std::string& name) {
  const char* const source = std::getenv("TILEWORK_SOURCE");
  if (source == nullptr)
    throw std::runtime_error("TILEWORK_SOURCE must name the source tree");
  return std::string(source) + "/" + name;
}

workload::labelled_set random_samples(std::uint32_t count, std::uint32_t features) {
  std::mt19937 random(7);
  std::vector<float> values(std::size_t{count} * features);
  for (auto& v : values)
    v = static_cast<float>(random() % 1000) / 1000.0F;
  std::vector<std::uint8_t> labels(count);
  for (auto& label : labels)
    label = static_cast<std::uint8_t>(random() % 10);
  return {features, values, labels};
}

struct measurement {
  double update_ns = 0; ///< per vector: from the last error to the end of the last update or transfer
  double pulses_ns = 0; ///< per vector and crossbar: pulses of updates and line writes
};

/// Steps of one vector each.
class update_phase : public transaction::transaction_listener {
public:
  void operation_done(const operation_record& record) override {
    const auto p = record.op->phase;
    auto& last = p == phase::update || p == phase::transfer ? updated_ : errors_;
    last = std::max(last, record.done);
  }
  void drained(std::uint64_t /*step*/, femtoseconds /*length*/) override {
    if (updated_.count > 0) {
      sum_ += updated_ - errors_;
      ++steps_;
    }
    updated_ = errors_ = {};
  }
  [[nodiscard]] double mean_ns() const { return sum_.seconds() * 1e9 / steps_; }

private:
  femtoseconds errors_;
  femtoseconds updated_;
  femtoseconds sum_;
  unsigned steps_ = 0;
};

class quiet : public cli::run_observer {
public:
  void programming_step_done(const workload::programming_status& /*status*/) override {}
  void step_done(const workload::training_position& /*position*/) override {}
  void evaluated(const evaluation_row& /*row*/) override {}
  void epoch_done() override {}
};

measurement run(const algorithm_case& algorithm, const std::vector<std::uint32_t>& layers, unsigned lanes) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("tilework-rasch-{}.yaml", ::getpid());
  std::ofstream(file) << "dataset: glyphs\nnetwork: {layers: [784, 10], bias: none}\nmachine: "
                      << source_file("platforms/machines/rasch_2024.yaml") << "\ntraining:\n  " << algorithm.yaml
                      << "\n  device: Idealized\n  update: {desired_bl: 5, update_bl_management: false}\n"
                      << "  epochs: 1\n  batch_size: 1\n  learning_rate: 0.1\nevaluate: {every: never}\n";
  std::vector<std::string> overrides{"machine.interconnect.ideal.nodes=8"};
  for (const auto* unit : {"vector_unit", "transfer_controller"})
    overrides.push_back(fmt::format("machine.digital.{}.lanes={}", unit, lanes));
  auto e = cli::read_experiment(file, overrides, catalog::device_registry());
  std::filesystem::remove(file);
  e.session.network.layers = layers;
  const workload::dataset data{"random", layers.back(), random_samples(vectors, layers.front()),
                               random_samples(1, layers.front())};
  cli::simulation simulation(e, data, {});
  update_phase phases;
  simulation.machine().control().add_listener(phases);
  quiet observer;
  simulation.run(observer);
  measurement m{.update_ns = phases.mean_ns()};
  for (const auto& account : simulation.machine().books().accounts())
    if (account.kind == component_kind::pulse_generator)
      for (const auto busy : account.busy)
        m.pulses_ns += busy.seconds() * 1e9;
  double cells = 0;
  for (std::size_t l = 0; l + 1 < layers.size(); ++l)
    cells += static_cast<double>(layers[l]) * layers[l + 1];
  m.pulses_ns /= vectors * cells / (n * n);
  return m;
}

measurement measured(const algorithm_case& algorithm, const std::vector<std::uint32_t>& layers, unsigned lanes) {
  return test::in_child([&] { return run(algorithm, layers, lanes); });
}

/// With a digital unit of its own, as large as a crossbar's share.
TEST(rasch, a_crossbar_with_a_quarter_of_the_digital_unit_takes_what_its_operations_take) {
  for (const auto& algorithm : cases) {
    const auto m = measured(algorithm, {512, 512}, all_lanes / crossbars);
    const double closed = m.pulses_ns + algorithm.ours.reads_ns + algorithm.ours.digital_ns();
    fmt::print("rasch quarter {}: simulated {:.2f} ns, closed form {:.2f} ns = {:.2f} pulses + {:.0f} reads + {:.0f} "
               "operations; the paper's operations {:.2f} ns\n",
               algorithm.name, m.update_ns, closed, m.pulses_ns, algorithm.ours.reads_ns, algorithm.ours.operations,
               algorithm.paper_ns);
    EXPECT_NEAR(m.update_ns, closed, 0.02 * closed) << algorithm.name;
    const double most_ns = slots_ns + algorithm.writes * write_ns;
    if (algorithm.always_writes) {
      EXPECT_NEAR(m.pulses_ns, most_ns, 1e-6) << algorithm.name;
    } else {
      EXPECT_LE(m.pulses_ns, most_ns + 1e-6) << algorithm.name;
    }
  }
}

/// Four layers whose errors arrive one after the other, and four pieces of one layer whose errors arrive at once.
TEST(rasch, four_crossbars_share_the_digital_unit) {
  for (const auto& algorithm : cases) {
    const auto alone = measured(algorithm, {512, 512}, all_lanes / crossbars);
    const double digital_ns = algorithm.ours.digital_ns();
    for (const auto& [arrival, layers] :
         {std::pair{"one after the other", std::vector<std::uint32_t>{512, 512, 512, 512, 512}},
          std::pair{"at once", std::vector<std::uint32_t>{2048, 512}}}) {
      const auto m = measured(algorithm, layers, all_lanes);
      const double analog_ns = m.pulses_ns + algorithm.ours.reads_ns;
      fmt::print("rasch shared {}, {}: simulated {:.2f} ns, between {:.2f} and {:.2f} ns; alone with a quarter {:.2f} "
                 "ns, gain {:.2f}\n",
                 algorithm.name, arrival, m.update_ns, analog_ns + digital_ns / crossbars, analog_ns + digital_ns,
                 alone.update_ns, alone.update_ns / m.update_ns);
      EXPECT_GE(m.update_ns, 0.98 * (analog_ns + digital_ns / crossbars)) << algorithm.name << ", " << arrival;
      EXPECT_LE(m.update_ns, 1.02 * (analog_ns + digital_ns)) << algorithm.name << ", " << arrival;
      if (algorithm.name == "MixedPrecision") {
        EXPECT_NEAR(m.update_ns, analog_ns + digital_ns, 0.05 * (analog_ns + digital_ns)) << arrival;
      }
    }
  }
}

} // namespace
} // namespace tilework
