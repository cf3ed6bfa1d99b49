// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/outcomes.h>
#include <tilework/core/units.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

namespace tilework::report {
namespace {

std::string time_text(double s) {
  return format_quantity(s, dimension::time);
}
std::string energy_text(double J) {
  return format_quantity(J, dimension::energy);
}
std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

std::string accuracy_table(const run_results& r) {
  const std::string of = r.replayed ? "recorded " : "";
  text_table table({"epoch", of + "train loss", of + "test loss", of + "test accuracy", "simulated time", "energy"});
  for (const auto& row : r.evaluations)
    table.add({fmt::format("{}", row.epoch), fmt::format("{:.4f}", row.train_loss),
               fmt::format("{:.4f}", row.test_loss), fmt::format("{:.2f} %", 100 * row.test_accuracy),
               time_text(row.simulated_time_s), row.energy_J < 0 ? "" : energy_text(row.energy_J)});
  return table.str();
}

std::string phase_table(const run_results& r) {
  const double total_s = r.simulated_time().seconds();
  text_table table({"phase", "busy", "exposed", "share", "energy", "share"});
  const auto add = [&](phase p, bool share) {
    const auto i = static_cast<std::size_t>(p);
    const double exposed_s = r.exposed[i].seconds();
    const double energy_J = r.costs.phase_energy_J[i];
    table.add({std::string(name_of(p)), time_text(r.busy[i].seconds()), time_text(exposed_s),
               share ? percent(exposed_s, total_s) : "", energy_text(energy_J),
               share ? percent(energy_J, r.costs.training_energy_J) : ""});
  };
  const auto happened = [&](phase p) { return r.exposed[static_cast<std::size_t>(p)].count > 0; };
  for (auto p : {phase::forward, phase::backward, phase::update, phase::transfer, phase::read_out})
    if (happened(p))
      add(p, true);
  table.rule();
  table.add({"training", "", time_text(total_s), percent(total_s, total_s), energy_text(r.costs.training_energy_J),
             percent(r.costs.training_energy_J, r.costs.training_energy_J)});
  table.rule();
  for (auto p : {phase::program, phase::calibrate, phase::evaluate})
    if (happened(p))
      add(p, false);
  return table.str();
}

/// Sums over the components of one kind.
struct kind_sums {
  std::uint32_t components = 0;
  double units = 0;
  double energy_J = 0;
  double leakage_J = 0;
  double area_m2 = 0;
  double busiest_s = 0;
};

std::string_view unit_of(component_kind kind) {
  switch (kind) {
  case component_kind::row_driver:
  case component_kind::pulse_generator:
  case component_kind::sample_and_hold:
    return "line";
  case component_kind::crossbar:
    return "cell";
  case component_kind::adc:
    return "converter";
  case component_kind::output_unit:
  case component_kind::vector_unit:
  case component_kind::transfer_controller:
    return "lane";
  case component_kind::sram:
    return "byte";
  case component_kind::mac_array:
    return "MAC";
  case component_kind::memory:
    return "port";
  case component_kind::network:
    return "router";
  case component_kind::chip_link:
    return "link";
  }
  return "";
}

std::string component_table(const run_results& r) {
  std::array<kind_sums, component_kind_count> kinds{};
  for (std::size_t c = 0; c < r.costs.components.size(); ++c) {
    const auto& cost = r.costs.components[c];
    const auto& account = r.books.accounts()[c];
    auto& sums = kinds[static_cast<std::size_t>(cost.kind)];
    ++sums.components;
    sums.units += account.units;
    sums.energy_J += cost.training_energy_J;
    sums.area_m2 += cost.area_m2;
    sums.busiest_s = std::max(sums.busiest_s, training_busy(account).seconds());
  }
  for (const auto& row : r.costs.rows)
    if (!row.what && is_training(row.phase))
      kinds[static_cast<std::size_t>(row.kind)].leakage_J += row.energy_J;
  text_table table({"component", "size", "energy", "share", "of it leakage", "area", "share", "peak utilisation"});
  const double time_s = r.simulated_time().seconds();
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const auto& sums = kinds[k];
    if (sums.components == 0)
      continue;
    const auto kind = static_cast<component_kind>(k);
    table.add({std::string(name_of(kind)),
               fmt::format("{:.0f} {}{}", sums.units, unit_of(kind), sums.units == 1 ? "" : "s"),
               energy_text(sums.energy_J), percent(sums.energy_J, r.costs.training_energy_J),
               energy_text(sums.leakage_J), format_quantity(sums.area_m2, dimension::area),
               percent(sums.area_m2, r.costs.area_m2), percent(sums.busiest_s, time_s)});
  }
  table.rule();
  double leakage_J = 0;
  for (const auto& sums : kinds)
    leakage_J += sums.leakage_J;
  table.add({"machine", "", energy_text(r.costs.training_energy_J), "100.0 %", energy_text(leakage_J),
             format_quantity(r.costs.area_m2, dimension::area), "100.0 %", ""});
  if (const auto tiles = area_of_tiles(r.costs); tiles.tiles > 0)
    table.add({"one tile", fmt::format("of {}", tiles.tiles), "", "", "",
               format_quantity(tiles.of_one_m2(), dimension::area), percent(tiles.of_one_m2(), r.costs.area_m2), ""});
  return table.str();
}

/// Of kind and unit: how busy, what it adds to the critical path, what it would bring if it were free.
std::string bottleneck_table(const timing_results& t) {
  const double time_s = t.time.seconds();
  text_table table({"unit", "busiest", "its utilisation", "on critical path", "speed-up if free"});
  table.text_column(1);
  const auto share_of = [&](std::string_view what) {
    const auto part = std::ranges::find(t.path_kinds, what, &path_share::what);
    return percent(part == t.path_kinds.end() ? 0.0 : part->time.seconds(), time_s);
  };
  for (const auto& u : t.units)
    table.add({std::string(name_of(u.kind)), u.busiest, percent(u.busy.seconds(), time_s), share_of(name_of(u.kind)),
               u.time_free.count > 0 ? fmt::format("{:.2f} x", time_s / u.time_free.seconds()) : "-"});
  table.add({"waiting", "", "", share_of("waiting"), ""});
  return table.str();
}

constexpr std::size_t most_rows = 5;

std::string critical_operations_table(const timing_results& t) {
  text_table table({"operation on the critical path", "share"});
  for (std::size_t i = 0; i < std::min(most_rows, t.path_operations.size()); ++i)
    table.add({t.path_operations[i].what, percent(t.path_operations[i].time.seconds(), t.time.seconds())});
  return table.str();
}

std::string stall_table(const timing_results& t) {
  text_table table({"resource", "waits", "for", "times per step", "waiting per step"});
  table.text_column(1);
  table.text_column(2);
  const auto steps = static_cast<double>(t.steps);
  for (std::size_t i = 0; i < std::min(most_rows, t.stalls.size()); ++i) {
    const auto& s = t.stalls[i];
    table.add({s.resource, s.waiter, s.holder, fmt::format("{:.3g}", static_cast<double>(s.count) / steps),
               time_text(s.time.seconds() / steps)});
  }
  return table.str();
}

std::string bottleneck_tables(const timing_results& t) {
  auto text = fmt::format("{} observed step{}, {} on average\n\n", t.steps, t.steps == 1 ? "" : "s",
                          time_text(t.time.seconds() / static_cast<double>(t.steps)));
  text += bottleneck_table(t) + "\n" + critical_operations_table(t) + "\n";
  return t.stalls.empty() ? text : text + stall_table(t) + "\n";
}

std::string uncertainty_line(std::string_view what, const uncertain_total& total, dimension d) {
  if (total.largest.empty())
    return "";
  return fmt::format("{} {} [{}, {}] in 90 % of cases, most uncertain: {} ({:.0f} %)\n", what,
                     format_quantity(total.value, d), format_quantity(total.range.low, d),
                     format_quantity(total.range.high, d), total.largest, 100 * total.largest_share);
}

/// "programmed from one: ...", one value per layer.
std::string programming_line(const run_results& r) {
  std::vector<std::string> first;
  std::vector<std::string> copies;
  std::vector<std::string> spreads;
  for (const auto& layer : r.programming) {
    const auto& all = layer.iterations;
    first.push_back(fmt::format("{}", all.front()));
    if (all.size() == 1)
      continue;
    copies.push_back(
        fmt::format("{:.0f}", std::accumulate(all.begin() + 1, all.end(), 0.0) / static_cast<double>(all.size() - 1)));
    spreads.push_back(fmt::format("{:.4f}", layer.spread.copy_std));
  }
  auto line = fmt::format("programmed from one: {} iterations", fmt::join(first, " / "));
  if (!copies.empty())
    line +=
        fmt::format(", further copies {} on average, {} apart", fmt::join(copies, " / "), fmt::join(spreads, " / "));
  return line + "\n";
}

std::string power_text(double W) {
  return format_quantity(W, dimension::power);
}
std::string current_text(double A) {
  return format_quantity(A, dimension::current);
}

/// Rows of a name, a value and what it means.
std::string outcome_table(const run_results& r) {
  constexpr double tera = 1e12;
  const auto o = outcomes_of(r);
  const auto& peaks = r.peaks;
  text_table table({"outcome", "value", ""});
  table.text_column(2);
  table.add({"throughput", fmt::format("{:.4g} TOPS", o.operations_per_s / tera), "2 operations per MAC of training"});
  table.add({"efficiency", fmt::format("{:.4g} TOPS/W", o.operations_per_J / tera), ""});
  table.add({"density", fmt::format("{:.4g} TOPS/mm2", o.operations_per_s_m2 / tera / 1e6), ""});
  table.add({"average power", power_text(o.average_power_W),
             fmt::format("dynamic {}, leakage {}", power_text(o.dynamic_power_W), power_text(o.leakage_power_W))});
  if (peaks.knows_power())
    table.add({"peak power", power_text(peaks.power_W),
               peaks.power_window_s > 0 ? fmt::format("mean over {}", time_text(peaks.power_window_s))
                                        : "mean over one step"});
  if (peaks.machine_current_bound_A > 0)
    table.add({"update current", current_text(peaks.machine_current_A),
               fmt::format("of one array {}; bounds: machine {}, array {}", current_text(peaks.array_current_A),
                           current_text(peaks.machine_current_bound_A), current_text(peaks.array_current_bound_A))});
  table.add({"energy x time", fmt::format("{:.4g} Js", o.energy_delay_Js), ""});
  return table.str();
}

std::string to_accuracy_line(const accuracy_cost& cost) {
  const auto target = fmt::format("{:.2f} %", 100 * cost.target);
  const auto figures = [&](const char* more) {
    return fmt::format("{1}{0}, {1}{2}, {1}{3:.4g} Js", time_text(cost.time_s), more, energy_text(cost.energy_J),
                       cost.energy_delay_Js());
  };
  return cost.reached ? fmt::format("to {}: {} (epoch {})\n", target, figures(""), cost.epoch)
                      : fmt::format("to {}: not reached: {}\n", target, figures("> "));
}

/// Seconds where years have too many zeros.
std::string life_text(double s) {
  const double years = s / seconds_per_year;
  return years >= 0.01 ? fmt::format("{:.3g} years", years) : format_quantity(s, dimension::time, 3);
}

std::string endurance_line(const run_results& r) {
  const auto& most = *std::ranges::max_element(r.wear, {}, &cell_wear::most_pulses_per_cell);
  const auto use = use_of(r.endurance, most, r.simulated_time().seconds());
  const auto pulses = fmt::format("endurance: {} of {:.3g} pulses on the most pulsed sampled cell (layer {}, role {})",
                                  most.most_pulses_per_cell, r.endurance.pulses, most.layer, most.role);
  if (use.share == 0)
    return pulses + "\n";
  return fmt::format("{}: {:.3g} % of its life; {:.3g} trainings, {} without a pause\n", pulses, 100 * use.share,
                     use.trainings, life_text(use.life_s));
}

std::string network_line(const run_results& r) {
  const auto& n = r.network;
  auto line = fmt::format("network: {}, model {}, {} delayed requests", n.topology, n.model, r.delayed_requests);
  if (n.out_of_order_requests > 0)
    line += fmt::format(", {} booked out of order by at most {}", n.out_of_order_requests,
                        time_text(n.largest_skew.seconds()));
  return line + "\n";
}

std::string staleness_line(const run_results& r) {
  const auto all = staleness_of(r);
  return fmt::format("staleness: forward products missed {:.2f} updates in the mean, at most {}\n", all.mean(),
                     all.largest);
}

} // namespace

std::string closing_tables(const run_results& r) {
  std::string text = fmt::format("\n{} on {} ({}), seed {}\n\n", r.experiment, r.machine, r.technology, r.seed);
  if (!r.evaluations.empty())
    text += accuracy_table(r) + "\n";
  text += phase_table(r) + "\n" + component_table(r) + "\n" + outcome_table(r) + "\n";
  if (r.timing_analysis.time.count > 0)
    text += bottleneck_tables(r.timing_analysis);
  text += uncertainty_line("energy", r.uncertainty.energy_J, dimension::energy);
  text += uncertainty_line("area", r.uncertainty.area_m2, dimension::area);
  text += network_line(r);
  if (!r.staleness.empty())
    text += staleness_line(r);
  if (!r.programming.empty())
    text += programming_line(r);
  if (r.target_accuracy)
    text += to_accuracy_line(cost_of_accuracy(r, *r.target_accuracy));
  if (r.endurance.pulses > 0 && !r.wear.empty())
    text += endurance_line(r);
  for (const auto& warning : r.warnings)
    text += "warning: " + warning + "\n";
  for (const auto& assumption : r.assumptions)
    text += "assumed: " + assumption + "\n";
  if (r.host.wall_s > 0)
    text +=
        fmt::format("host: {:.1f} s wall on {} thread(s), of which values {:.1f} s, SystemC and bookkeeping {:.1f} s\n",
                    r.host.wall_s, r.host.threads, r.host.numerics_s, r.host.systemc_s);
  return text;
}

} // namespace tilework::report
