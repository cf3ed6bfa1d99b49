// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_warnings.h>
#include <tilework/cli/run_figures.h>
#include <tilework/core/outcomes.h>

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace tilework::cli {
namespace {

std::string name_of(hardware::timing_mode timing) {
  return timing == hardware::timing_mode::loosely ? "loosely_timed" : "approximately_timed";
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr std::uint64_t kibibyte = 1024;                       // Linux counts in KiB
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kibibyte; // NOLINT(*-union-access): glibc declares it so
}

/// Where values depend on time, which they do nowhere else.
void add_time_dependences(std::vector<std::string>& all, const experiment& e) {
  if (e.is_asynchronous())
    all.push_back(
        fmt::format("asynchronous: weights may be up to {} mini-batches old; values depend on time, so on the "
                    "machine and on --timing",
                    e.session.mini_batches_in_flight - 1));
  if (e.arrays.device_period_s > 0)
    all.push_back(
        fmt::format("device time is simulated: what a device does by itself in a mini-batch it does in {:g} s "
                    "here; values depend on time, so on the machine and on --timing",
                    e.arrays.device_period_s));
}

std::vector<std::string> assumptions_of(const experiment& e, const cost_sheet& costs) {
  std::vector<std::string> all{e.machine.network_model() == hardware::network_model::router
                                   ? "buffers are calendars"
                                   : "network and buffers are calendars, not simulated flit by flit"};
  add_time_dependences(all, e);
  if (e.machine.matrix_unit) {
    all.emplace_back(
        "the matrix unit computes in single precision; its number_format decides traffic, time and energy");
    all.emplace_back(unused_by_digital_machines);
  } else {
    all.emplace_back("read noise and pulse response do not follow integration time, pulse width or conductances");
  }
  for (auto& sentence : price_assumptions(costs))
    all.push_back(std::move(sentence));
  return all;
}

std::vector<std::string> warnings_of(const experiment& e, const run_results& results) {
  auto all = e.warnings;
  const auto most = e.session.programming.most_iterations;
  for (std::size_t l = 0; l < results.programming.size(); ++l) {
    const auto& copies = results.programming[l].iterations;
    if (const auto left = std::ranges::count(copies, most); left > 0)
      all.push_back(fmt::format("{} of {} copies of layer {} were given up after {} iterations of programming", left,
                                copies.size(), l, most));
  }
  const learning_facts facts{.classes = e.session.network.layers.back(),
                             .bit_length_adapts = e.arrays.update.update_bl_management,
                             .transfers = e.session.algorithm.stages() > 0};
  for (auto& sentence : health_warnings(results.evaluations, facts))
    all.push_back(std::move(sentence));
  return all;
}

/// Times, counts and costs.
void add_machine_figures(run_results& results, const platform::machine_configuration& configuration,
                         const platform::machine& machine, const price_list& prices) {
  const auto& control = machine.control();
  results.busy = control.phases().totals().busy;
  results.exposed = control.phases().totals().exposed;
  results.books = machine.books();
  results.costs = costs_of(machine, prices);
  for (std::size_t k = 0; k < operation_kind_count; ++k) {
    const auto kind = static_cast<operation_kind>(k);
    results.operations.emplace_back(name_of(kind), control.operations_issued(kind));
  }
  results.delayed_requests = machine.delayed_requests();
  results.network = {platform::name_of(configuration.interconnect),
                     std::string(hardware::name_of(configuration.network_model())), machine.out_of_order_requests(),
                     machine.largest_skew()};
}

} // namespace

cost_sheet costs_of(const platform::machine& machine, const price_list& prices) {
  return price(machine.books(), prices, machine.control().phases().totals().exposed);
}

femtoseconds training_time_of(const platform::machine& machine) {
  femtoseconds sum;
  for (std::size_t p = 0; p < phase_count; ++p)
    if (is_training(static_cast<phase>(p)))
      sum += machine.control().phases().totals().exposed[p];
  return sum;
}

run_results figures_of(const run_parts& run, std::span<const programmed_spread> spreads,
                       std::span<const evaluation_row> evaluations) {
  const auto& e = run.of;
  const auto& session = run.plan.session;
  run_results r;
  r.experiment = e.name;
  r.machine = e.machine.name;
  r.technology = e.prices.name;
  r.timing = name_of(run.timing);
  r.seed = e.seed;
  r.epochs = session.position().epoch;
  r.evaluations.assign(evaluations.begin(), evaluations.end());
  for (std::size_t l = 0; l < spreads.size(); ++l)
    r.programming.push_back({session.programming_iterations()[l], spreads[l]});
  r.placement = run.placement;
  add_machine_figures(r, e.machine, run.machine, run.plan.prices);
  r.uncertainty = uncertainty_of(r.costs);
  r.training_macs = session.trained_samples() * training_macs_per_sample(e.session.network.layers);
  r.timing_analysis = run.bottlenecks.results();
  r.peaks = run.loads.peaks(run.plan.map.arrays);
  r.target_accuracy = e.target_accuracy;
  r.endurance = e.machine.tile.cell.endurance;
  r.warnings = warnings_of(e, r);
  r.assumptions = assumptions_of(e, r.costs);
  return r;
}

host_figures host_figures_of(const hardware::host_time& sampled, std::chrono::steady_clock::time_point begin) {
  const double scale =
      sampled.sampled_steps > 0 ? static_cast<double>(sampled.steps) / static_cast<double>(sampled.sampled_steps) : 0.0;
  host_figures figures;
  figures.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  figures.numerics_s = sampled.numerics_s * scale;
  figures.systemc_s = (sampled.total_s - sampled.numerics_s) * scale;
  figures.peak_rss_bytes = peak_rss_bytes();
  return figures;
}

} // namespace tilework::cli
