// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/units.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
               time_text(row.simulated_time_s), energy_text(row.energy_J)});
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
  for (auto p : {phase::forward, phase::backward, phase::update, phase::transfer})
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
  case component_kind::memory:
    return "port";
  case component_kind::network:
    return "router";
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
  return table.str();
}

} // namespace

std::string closing_tables(const run_results& r) {
  std::string text = fmt::format("\n{} on {} ({}), seed {}\n\n", r.experiment, r.machine, r.technology, r.seed);
  if (!r.evaluations.empty())
    text += accuracy_table(r) + "\n";
  text += phase_table(r) + "\n" + component_table(r);
  text += "\n";
  for (const auto& warning : r.warnings)
    text += "warning: " + warning + "\n";
  for (const auto& assumption : r.assumptions)
    text += "assumed: " + assumption + "\n";
  text +=
      fmt::format("host: {:.1f} s wall on {} thread(s), of which values {:.1f} s, SystemC and bookkeeping {:.1f} s\n",
                  r.host.wall_s, r.host.threads, r.host.numerics_s, r.host.systemc_s);
  return text;
}

} // namespace tilework::report
