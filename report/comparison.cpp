// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/units.h>
#include <tilework/report/comparison.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace tilework::report {
namespace {

using json = nlohmann::ordered_json;

/// One figure of a run: how it is called, got and written.
struct figure_column {
  std::string key;   ///< in the JSON
  std::string title; ///< in the table
  std::function<std::optional<observation>(const run_summary&)> of;
  std::function<std::string(double)> text;
};

std::function<std::string(double)> in_unit(dimension d) {
  return [d](double value) { return format_quantity(value, d); };
}
std::function<std::string(double)> times(double factor, const char* unit) {
  return [=](double value) { return fmt::format("{:.4g}{}", factor * value, unit); };
}
std::string percent(double fraction) {
  return fmt::format("{:.2f} %", 100 * fraction);
}
auto plain(double run_summary::*member) {
  return [member](const run_summary& run) { return std::optional(observation{run.*member}); };
}

std::optional<observation> accuracy_of(const run_summary& run) {
  if (!run.test_accuracy)
    return std::nullopt;
  return observation{*run.test_accuracy};
}

std::optional<observation> peak_power_of(const run_summary& run) {
  if (!run.peak_power_W)
    return std::nullopt;
  return observation{*run.peak_power_W};
}

std::vector<figure_column> main_columns() {
  return {{"test_accuracy", "test accuracy", accuracy_of, percent},
          {"time_s", "time", plain(&run_summary::time_s), in_unit(dimension::time)},
          {"energy_J", "energy", plain(&run_summary::energy_J), in_unit(dimension::energy)},
          {"area_mm2", "area", plain(&run_summary::area_mm2), times(1, " mm2")}};
}

std::vector<figure_column> outcome_columns() {
  return {{"TOPS", "TOPS", plain(&run_summary::TOPS), times(1, "")},
          {"TOPS_per_W", "TOPS/W", plain(&run_summary::TOPS_per_W), times(1, "")},
          {"TOPS_per_mm2", "TOPS/mm2", plain(&run_summary::TOPS_per_mm2), times(1, "")},
          {"average_power_W", "average power", plain(&run_summary::average_power_W), in_unit(dimension::power)},
          {"peak_power_W", "peak power", peak_power_of, in_unit(dimension::power)},
          {"energy_delay_Js", "energy x time", plain(&run_summary::energy_delay_Js), times(1, " Js")}};
}

std::vector<figure_column> target_columns(double target) {
  const auto cost = [target](auto figure) {
    return [=](const run_summary& run) -> std::optional<observation> {
      const auto c = cost_of_accuracy(run.evaluations, target, {run.epochs, run.time_s, run.energy_J});
      if (figure(c) < 0) // an energy, after re-pricing
        return std::nullopt;
      return observation{figure(c), !c.reached};
    };
  };
  return {{"time_s", "time", cost([](const accuracy_cost& c) { return c.time_s; }), in_unit(dimension::time)},
          {"energy_J", "energy", cost([](const accuracy_cost& c) { return c.energy_J; }), in_unit(dimension::energy)},
          {"energy_delay_Js", "energy x time", cost([](const accuracy_cost& c) { return c.energy_delay_Js(); }),
           times(1, " Js")}};
}

/// Of the runs that have it.
std::vector<observation> values_of(const run_group& group, const figure_column& column) {
  std::vector<observation> values;
  for (const auto& run : group.runs)
    if (const auto value = column.of(run))
      values.push_back(*value);
  return values;
}

/// \param values sorted
double median_of(const std::vector<double>& values) {
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string text_of(const figure_column& column, const observation& value) {
  return (value.censored ? "> " : "") + column.text(value.value);
}

/// The cells of one statistic, "-" for what no run has.
std::vector<std::string> cells_of(const run_group& group, const std::vector<figure_column>& columns,
                                  observation spread::*statistic) {
  std::vector<std::string> cells;
  for (const auto& column : columns) {
    const auto values = values_of(group, column);
    cells.push_back(values.empty() ? "-" : text_of(column, spread_of(values).*statistic));
  }
  return cells;
}

std::string figure_table(std::span<const run_group> groups, const std::vector<figure_column>& columns) {
  std::vector<std::string> header{"group", "runs"};
  for (const auto& column : columns)
    header.push_back(column.title);
  text_table table(header);
  table.text_column(1);
  const auto add = [&](const std::string& name, const std::string& what, const run_group& group,
                       observation spread::*statistic) {
    std::vector<std::string> row{name, what};
    std::ranges::move(cells_of(group, columns, statistic), std::back_inserter(row));
    table.add(std::move(row));
  };
  for (const auto& group : groups) {
    const bool several = group.runs.size() > 1;
    add(group.name, several ? fmt::format("median of {}", group.runs.size()) : "1", group, &spread::median);
    if (!several)
      continue;
    add("", "least", group, &spread::least);
    add("", "most", group, &spread::most);
  }
  return table.str();
}

double mean_of(const run_group& group, double run_summary::*member) {
  double sum = 0;
  for (const auto& run : group.runs)
    sum += run.*member;
  return sum / static_cast<double>(group.runs.size());
}

/// Of means over runs; nothing where the first group has 0.
std::optional<double> ratio_of(const run_group& group, const run_group& first, double run_summary::*member) {
  const double base = mean_of(first, member);
  if (base == 0)
    return std::nullopt;
  return mean_of(group, member) / base;
}

/// Parts of the mean over the runs.
std::vector<priced_part> mean_parts(const run_group& group, std::vector<priced_part> run_summary::*member) {
  std::vector<priced_part> parts;
  for (const auto& run : group.runs)
    for (auto part : run.*member) {
      part.amount /= static_cast<double>(group.runs.size());
      parts.push_back(std::move(part));
    }
  return parts;
}

uncertain_ratio uncertain_ratio_of(const run_group& group, const run_group& first,
                                   std::vector<priced_part> run_summary::*member) {
  return tilework::ratio_of(mean_parts(group, member), mean_parts(first, member));
}

std::string ratio_table(std::span<const run_group> groups) {
  const auto& first = groups.front();
  text_table table({"means over those of " + first.name, "time", "energy", "90 %", "ranking holds", "area", "90 %",
                    "ranking holds"});
  const auto value = [&](const run_group& group, double run_summary::*member) {
    const auto ratio = ratio_of(group, first, member);
    return ratio ? fmt::format("{:.4g}", *ratio) : std::string("-");
  };
  for (const auto& group : groups.subspan(1)) {
    std::vector<std::string> row{group.name, value(group, &run_summary::time_s)};
    const auto add = [&](double run_summary::*member, std::vector<priced_part> run_summary::*parts) {
      row.push_back(value(group, member));
      const auto ratio = uncertain_ratio_of(group, first, parts);
      row.push_back(ratio.value > 0 ? fmt::format("[{:.3g}, {:.3g}]", ratio.range.low, ratio.range.high) : "-");
      row.push_back(ratio.value > 0 ? fmt::format("{:.1f} %", 100 * ratio.ranking_survives) : "-");
    };
    add(&run_summary::energy_J, &run_summary::energy_parts);
    add(&run_summary::area_mm2, &run_summary::area_parts);
    table.add(std::move(row));
  }
  return table.str() + "  90 %: as far as prices are uncertain; what groups pay the same price for cancels\n";
}

std::string difference_table(std::span<const run_group> groups, std::span<const difference> differences) {
  constexpr std::size_t most = 20;
  std::vector<std::string> header{"where they differ"};
  for (const auto& group : groups)
    header.push_back(group.name);
  text_table table(header);
  for (const auto& d : differences.first(std::min(most, differences.size()))) {
    std::vector<std::string> row{d.key};
    row.insert(row.end(), d.values.begin(), d.values.end());
    table.add(std::move(row));
  }
  const auto left_out = differences.size() > most ? fmt::format("  and {} more keys\n", differences.size() - most) : "";
  return table.str() + left_out;
}

std::size_t reached_in(const run_group& group, double target) {
  return static_cast<std::size_t>(std::ranges::count_if(values_of(group, target_columns(target).front()),
                                                        [](const observation& o) { return !o.censored; }));
}

std::string target_text(std::span<const run_group> groups, double target) {
  std::string text =
      fmt::format("  to a test accuracy of {} (>: more than that, it was not reached):\n", percent(target));
  text += figure_table(groups, target_columns(target));
  for (const auto& group : groups)
    if (const auto reached = reached_in(group, target); reached < group.runs.size())
      text += fmt::format("{}: {} of {} run(s) reached it\n", group.name, reached, group.runs.size());
  return text;
}

std::string interruption_notes(std::span<const run_group> groups) {
  std::string text;
  for (const auto& group : groups)
    for (const auto& run : group.runs)
      if (run.interrupted)
        text += fmt::format("warning: {} was interrupted after {} epoch(s): its time and energy are not those of a "
                            "whole run\n",
                            run.directory.string(), run.epochs);
  return text;
}

json observation_json(const observation& o) {
  return {{"value", o.value}, {"censored", o.censored}};
}

json spreads_json(const run_group& group, const std::vector<figure_column>& columns) {
  json block;
  for (const auto& column : columns) {
    const auto values = values_of(group, column);
    if (values.empty()) {
      block[column.key] = nullptr;
      continue;
    }
    const auto s = spread_of(values);
    block[column.key] = {{"median", observation_json(s.median)},
                         {"least", observation_json(s.least)},
                         {"most", observation_json(s.most)}};
  }
  return block;
}

json run_json(const run_summary& run, std::optional<double> target) {
  json j = {{"directory", run.directory.string()},
            {"seed", run.seed},
            {"epochs", run.epochs},
            {"interrupted", run.interrupted}};
  for (const auto& columns : {main_columns(), outcome_columns()})
    for (const auto& column : columns) {
      const auto value = column.of(run);
      j[column.key] = value ? json(value->value) : json(nullptr);
    }
  if (target)
    for (const auto& column : target_columns(*target))
      if (const auto value = column.of(run))
        j["to_accuracy"][column.key] = observation_json(*value);
  return j;
}

json or_null(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

json uncertainty_json(const uncertain_ratio& ratio) {
  if (ratio.value == 0)
    return nullptr;
  return {{"low", ratio.range.low}, {"high", ratio.range.high}, {"ranking_holds", ratio.ranking_survives}};
}

json group_json(const run_group& group, const run_group& first, std::optional<double> target) {
  json j = {{"name", group.name}};
  j["figures"] = spreads_json(group, main_columns());
  j["outcomes"] = spreads_json(group, outcome_columns());
  if (target) {
    j["to_accuracy"] = spreads_json(group, target_columns(*target));
    j["to_accuracy"]["reached"] = reached_in(group, *target);
  }
  j["ratio_to_first"] = {{"time", or_null(ratio_of(group, first, &run_summary::time_s))},
                         {"energy", or_null(ratio_of(group, first, &run_summary::energy_J))},
                         {"area", or_null(ratio_of(group, first, &run_summary::area_mm2))}};
  j["ratio_uncertainty"] = {{"energy", uncertainty_json(uncertain_ratio_of(group, first, &run_summary::energy_parts))},
                            {"area", uncertainty_json(uncertain_ratio_of(group, first, &run_summary::area_parts))}};
  j["runs"] = json::array();
  for (const auto& run : group.runs)
    j["runs"].push_back(run_json(run, target));
  return j;
}

bool is_one_experiment(const run_summary& a, const run_summary& b) {
  return a.configuration == b.configuration && a.timing == b.timing;
}

bool is_taken(const std::vector<run_group>& groups, const std::string& name) {
  return std::ranges::find(groups, name, &run_group::name) != groups.end();
}

/// The experiment's name; with its machine or a number if that is taken.
std::string free_name(const std::vector<run_group>& groups, const run_summary& run) {
  if (!is_taken(groups, run.experiment))
    return run.experiment;
  const auto with_machine = fmt::format("{} on {}", run.experiment, run.machine);
  if (!is_taken(groups, with_machine))
    return with_machine;
  auto name = with_machine;
  for (int n = 2; is_taken(groups, name); ++n)
    name = fmt::format("{} ({})", with_machine, n);
  return name;
}

} // namespace

spread spread_of(std::span<const observation> values) {
  std::vector<double> at_least;
  std::vector<double> at_most;
  for (const auto& v : values) {
    at_least.push_back(v.value);
    at_most.push_back(v.censored ? std::numeric_limits<double>::infinity() : v.value);
  }
  std::ranges::sort(at_least);
  std::ranges::sort(at_most);
  const auto between = [](double low, double high) { return observation{low, low < high}; };
  return {between(median_of(at_least), median_of(at_most)), between(at_least.front(), at_most.front()),
          between(at_least.back(), at_most.back())};
}

std::vector<run_group> grouped(std::vector<run_summary> runs) {
  std::vector<run_group> groups;
  for (auto& run : runs) {
    const auto found = std::ranges::find_if(
        groups, [&](const run_group& group) { return is_one_experiment(group.runs.front(), run); });
    if (found != groups.end()) {
      found->runs.push_back(std::move(run));
      continue;
    }
    auto name = free_name(groups, run);
    groups.push_back({std::move(name), {std::move(run)}});
  }
  return groups;
}

void require_distinct(std::span<const run_group> groups) {
  for (const auto& group : groups)
    for (std::size_t b = 0; b < group.runs.size(); ++b)
      for (std::size_t a = 0; a < b; ++a)
        if (is_one_experiment(group.runs[a], group.runs[b]) && group.runs[a].seed == group.runs[b].seed)
          throw input_error(fmt::format("{}:0:0: is the same run as {}: equal configuration and seed {}; a group needs "
                                        "different seeds",
                                        group.runs[b].directory.string(), group.runs[a].directory.string(),
                                        group.runs[b].seed));
}

std::optional<double> common_target(std::span<const run_group> groups, std::optional<double> given) {
  if (given)
    return given;
  const auto target = groups.front().runs.front().target_accuracy;
  for (const auto& group : groups)
    for (const auto& run : group.runs)
      if (run.target_accuracy != target)
        return std::nullopt;
  return target;
}

std::string comparison_tables(std::span<const run_group> groups, std::optional<double> target,
                              std::span<const difference> differences) {
  std::string text = "\n";
  if (!differences.empty())
    text += difference_table(groups, differences) + "\n";
  text += figure_table(groups, main_columns()) + "\n" + figure_table(groups, outcome_columns()) + "\n";
  if (target)
    text += target_text(groups, *target) + "\n";
  if (groups.size() > 1)
    text += ratio_table(groups) + "\n";
  return text + interruption_notes(groups);
}

std::string comparison_json(std::span<const run_group> groups, std::optional<double> target,
                            std::span<const difference> differences) {
  json j;
  j["schema"] = 1;
  j["target_accuracy"] = or_null(target);
  j["differences"] = json::object();
  for (const auto& d : differences)
    j["differences"][d.key] = d.values;
  j["groups"] = json::array();
  for (const auto& group : groups)
    j["groups"].push_back(group_json(group, groups.front(), target));
  return j.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tilework::report
