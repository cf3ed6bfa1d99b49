// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/outcomes.h>
#include <tilework/report/summary_json.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace tilework::report {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* recorded = "recorded"; // of values that a replay takes from the run before

template <typename E>
std::string_view spelling_of(E value) {
  for (const auto& [name, named] : names_of(E{}))
    if (named == value)
      return name;
  return {};
}

json phases_of(const run_results& r) {
  json phases;
  for (std::size_t p = 0; p < phase_count; ++p)
    phases[std::string(name_of(static_cast<phase>(p)))] = {{"busy_s", r.busy[p].seconds()},
                                                           {"exposed_s", r.exposed[p].seconds()},
                                                           {"exposed_fs", r.exposed[p].count},
                                                           {"energy_J", r.costs.phase_energy_J[p]}};
  return phases;
}

json components_of(const run_results& r) {
  json components = json::object();
  auto& entries = components.get_ref<json::object_t&>(); // in order; looking each name up would be quadratic
  const double time_s = r.simulated_time().seconds();
  for (std::size_t c = 0; c < r.costs.components.size(); ++c) {
    const auto& cost = r.costs.components[c];
    const double busy_s = training_busy(r.books.accounts()[c]).seconds();
    entries.push_back({cost.name,
                       {{"energy_J", cost.training_energy_J},
                        {"area_mm2", cost.area_m2 * 1e6},
                        {"busy_s", busy_s},
                        {"utilisation", time_s > 0 ? busy_s / time_s : 0.0}}});
  }
  return components;
}

constexpr double mm2 = 1e6; ///< in a square metre
constexpr double tera = 1e12;

json area_of(const run_results& r) {
  const auto tiles = area_of_tiles(r.costs);
  json kinds;
  for (std::size_t k = 0; k < component_kind_count; ++k) {
    const auto kind = static_cast<component_kind>(k);
    double area_m2 = 0;
    for (const auto& component : r.costs.components)
      if (component.kind == kind)
        area_m2 += component.area_m2;
    if (std::ranges::find(r.costs.components, kind, &component_cost::kind) != r.costs.components.end())
      kinds[std::string(name_of(kind))] = area_m2 * mm2;
  }
  return {{"chip_mm2", r.costs.area_m2 * mm2},
          {"tiles", tiles.tiles},
          {"tile_mm2", tiles.of_one_m2() * mm2},
          {"kinds_mm2", std::move(kinds)}};
}

json outcomes_json(const run_results& r) {
  const auto o = outcomes_of(r);
  return {{"operations", o.operations},
          {"TOPS", o.operations_per_s / tera},
          {"TOPS_per_W", o.operations_per_J / tera},
          {"TOPS_per_mm2", o.operations_per_s_m2 / tera / mm2},
          {"average_power_W", o.average_power_W},
          {"dynamic_power_W", o.dynamic_power_W},
          {"leakage_power_W", o.leakage_power_W},
          {"peak_power_W", r.peaks.knows_power() ? json(r.peaks.power_W) : json(nullptr)},
          {"peak_power_window_s", r.peaks.power_window_s},
          {"energy_delay_Js", o.energy_delay_Js},
          {"update_current_array_A", r.peaks.array_current_A},
          {"update_current_array_bound_A", r.peaks.array_current_bound_A},
          {"update_current_machine_A", r.peaks.machine_current_A},
          {"update_current_machine_bound_A", r.peaks.machine_current_bound_A}};
}

json to_accuracy_json(const accuracy_cost& cost) {
  return {{"target", cost.target}, {"reached", cost.reached},   {"epoch", cost.epoch},
          {"time_s", cost.time_s}, {"energy_J", cost.energy_J}, {"energy_delay_Js", cost.energy_delay_Js()}};
}

json endurance_json(const run_results& r) {
  const auto& most = *std::ranges::max_element(r.wear, {}, &cell_wear::most_pulses_per_cell);
  const auto use = use_of(r.endurance, most, r.simulated_time().seconds());
  json block = {{"limit_pulses", r.endurance.pulses},
                {"source", r.endurance.source},
                {"layer", most.layer},
                {"role", most.role},
                {"pulses_per_cell", most.pulses_per_cell},
                {"most_pulses_per_cell", most.most_pulses_per_cell},
                {"share", use.share}};
  if (use.share > 0) {
    block["trainings"] = use.trainings;
    block["life_years"] = use.life_s / seconds_per_year;
  }
  return block;
}

json price_json(const priced_part& part, double energy_J, double area_m2) {
  json price = {{"name", part.price.title},
                {"source", part.price.source},
                {"confidence", spelling_of(part.price.trust)},
                {"basis", spelling_of(part.price.basis)},
                {"energy_J", energy_J},
                {"area_mm2", area_m2 * mm2}};
  if (part.area)
    price["per_area"] = {{"name", part.area->title},
                         {"source", part.area->source},
                         {"confidence", spelling_of(part.area->trust)},
                         {"basis", spelling_of(part.area->basis)}};
  return price;
}

json prices_json(const run_results& r) {
  json prices = json::array();
  for (const auto& part : energy_parts(r.costs))
    prices.push_back(price_json(part, part.amount, 0));
  for (const auto& part : area_parts(r.costs))
    prices.push_back(price_json(part, 0, part.amount));
  return prices;
}

json actions_of(const run_results& r) {
  json actions;
  for (std::size_t p = 0; p < phase_count; ++p)
    for (std::size_t a = 0; a < action_count; ++a)
      if (const auto n = r.books.total(static_cast<phase>(p), static_cast<action>(a)); n > 0)
        actions[std::string(name_of(static_cast<phase>(p)))][std::string(name_of(static_cast<action>(a)))] = n;
  return actions;
}

json or_null(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

json layer_json(const layer_health& layer) {
  json roles = json::array();
  for (const auto& role : layer.roles)
    roles.push_back({{"share_at_bounds", role.share_at_bounds},
                     {"pulses_per_cell", role.pulses_per_cell},
                     {"most_pulses_per_cell", role.most_pulses_per_cell}});
  return {{"forward_snr_dB", or_null(layer.forward_snr_dB)},
          {"backward_snr_dB", or_null(layer.backward_snr_dB)},
          {"transfer_read_snr_dB", or_null(layer.transfer_read_snr_dB)},
          {"adc_saturation", or_null(layer.adc_saturation)},
          {"mean_bl", or_null(layer.mean_bl)},
          {"clip_rate", or_null(layer.clip_rate)},
          {"hidden_firing_rate", or_null(layer.hidden_firing_rate)},
          {"gradient_cosine", or_null(layer.gradient_cosine)},
          {"roles", std::move(roles)}};
}

json placement_json(const placement_figures& placement) {
  json block = {{"placer", placement.placer}, {"tiles", placement.tiles}};
  if (placement.byte_hops) {
    block["byte_hops_in_order"] = *placement.byte_hops_in_order;
    block["byte_hops"] = *placement.byte_hops;
  }
  return block;
}

json uncertainty_of(const uncertain_total& total, double per_unit) {
  return {{"low", total.range.low * per_unit},
          {"high", total.range.high * per_unit},
          {"largest", total.largest.empty() ? json(nullptr) : json(total.largest)},
          {"largest_share", total.largest_share}};
}

json row_json(const evaluation_row& row) {
  json line = {{"epoch", row.epoch},
               {"train_loss", row.train_loss},
               {"test_loss", row.test_loss},
               {"test_accuracy", row.test_accuracy},
               {"simulated_time_s", row.simulated_time_s}};
  if (row.energy_J >= 0)
    line["energy_J"] = row.energy_J;
  if (row.digital_accuracy >= 0)
    line["digital_accuracy"] = row.digital_accuracy;
  if (row.averaged_accuracy >= 0)
    line["averaged_accuracy"] = row.averaged_accuracy;
  line["layers"] = json::array();
  for (const auto& layer : row.layers)
    line["layers"].push_back(layer_json(layer));
  if (row.recorded)
    line["values"] = recorded;
  return line;
}

constexpr std::size_t most_stalls = 50; // of thousands on a large mesh

json path_json(const timing_results& t) {
  const double time_s = t.time.seconds();
  json shares = json::object();
  for (const auto& part : t.path_kinds)
    shares[part.what] = part.time.seconds() / time_s;
  json operations = json::array();
  for (const auto& part : t.path_operations)
    operations.push_back({{"operation", part.what}, {"share", part.time.seconds() / time_s}});
  return {{"shares", std::move(shares)}, {"operations", std::move(operations)}};
}

json units_json(const timing_results& t) {
  const double time_s = t.time.seconds();
  json units = json::array();
  for (const auto& u : t.units)
    units.push_back(
        {{"kind", name_of(u.kind)},
         {"busiest", u.busiest},
         {"utilisation", u.busy.seconds() / time_s},
         {"mean_utilisation", u.all_busy.seconds() / time_s},
         {"speed_up_if_free", u.time_free.count > 0 ? json(time_s / u.time_free.seconds()) : json(nullptr)}});
  return units;
}

json bottlenecks_json(const timing_results& t) {
  femtoseconds waited;
  for (const auto& s : t.stalls)
    waited += s.time;
  json stalls = json::array();
  for (std::size_t i = 0; i < std::min(t.stalls.size(), most_stalls); ++i) {
    const auto& s = t.stalls[i];
    stalls.push_back({{"resource", s.resource},
                      {"waiter", s.waiter},
                      {"holder", s.holder.empty() ? json(nullptr) : json(s.holder)},
                      {"count", s.count},
                      {"time_s", s.time.seconds()}});
  }
  return {{"observed_steps", t.steps},          {"one_step_of", t.interval},  {"observed_time_s", t.time.seconds()},
          {"critical_path", path_json(t)},      {"units", units_json(t)},     {"waited_s", waited.seconds()},
          {"kinds_of_stalls", t.stalls.size()}, {"stalls", std::move(stalls)}};
}

std::optional<double> number_or_empty(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

/// JSON has no word for what a loss may become.
double number_or_nan(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

layer_health layer_from(const json& j) {
  layer_health layer{.forward_snr_dB = number_or_empty(j.at("forward_snr_dB")),
                     .backward_snr_dB = number_or_empty(j.at("backward_snr_dB")),
                     .transfer_read_snr_dB = number_or_empty(j.at("transfer_read_snr_dB")),
                     .adc_saturation = number_or_empty(j.at("adc_saturation")),
                     .mean_bl = number_or_empty(j.at("mean_bl")),
                     .clip_rate = number_or_empty(j.at("clip_rate")),
                     .hidden_firing_rate = number_or_empty(j.at("hidden_firing_rate")),
                     .gradient_cosine = number_or_empty(j.at("gradient_cosine"))};
  for (const auto& role : j.at("roles"))
    layer.roles.push_back({role.at("share_at_bounds").get<double>(), role.at("pulses_per_cell").get<double>(),
                           role.at("most_pulses_per_cell").get<std::uint64_t>()});
  return layer;
}

evaluation_row row_from(const json& j) {
  evaluation_row row{.epoch = j.at("epoch").get<unsigned>(),
                     .train_loss = number_or_nan(j.at("train_loss")),
                     .test_loss = number_or_nan(j.at("test_loss")),
                     .test_accuracy = j.at("test_accuracy").get<double>(),
                     .simulated_time_s = j.at("simulated_time_s").get<double>(),
                     .energy_J = j.at("energy_J").get<double>(),
                     .digital_accuracy = j.value("digital_accuracy", -1.0),
                     .averaged_accuracy = j.value("averaged_accuracy", -1.0)};
  for (const auto& layer : j.at("layers"))
    row.layers.push_back(layer_from(layer));
  return row;
}

json staleness_json(const layer_staleness& staleness) {
  return {{"mean_updates", staleness.mean()}, {"largest_updates", staleness.largest}};
}

json programming_json(const layer_programming& layer) {
  const auto& all = layer.iterations;
  return {{"first_copy_iterations", all.front()},
          {"copy_iterations", std::vector(all.begin() + 1, all.end())},
          {"weight_std", layer.spread.weight_std},
          {"copy_std", all.size() > 1 ? json(layer.spread.copy_std) : json(nullptr)}};
}

} // namespace

std::string metrics_line(const evaluation_row& row) {
  return row_json(row).dump();
}

evaluation_row metrics_row(std::string_view line) {
  try {
    return row_from(json::parse(line));
  } catch (const json::exception& error) {
    throw input_error(fmt::format("is no line of metrics.jsonl: {}", error.what()));
  }
}

std::string summary_json(const run_results& r) {
  json s;
  s["schema"] = summary_schema;
  s["experiment"] = r.experiment;
  s["machine"] = r.machine;
  s["technology"] = r.technology;
  s["timing"] = r.timing;
  s["seed"] = r.seed;
  if (r.replayed)
    s["values"] = recorded;
  s["interrupted"] = r.interrupted;
  s["epochs"] = r.epochs;
  s["test_accuracy"] = r.evaluations.empty() ? json(nullptr) : json(r.evaluations.back().test_accuracy);
  s["train_loss"] = r.evaluations.empty() ? json(nullptr) : json(r.evaluations.back().train_loss);
  s["simulated_time_s"] = r.simulated_time().seconds();
  s["simulated_time_fs"] = r.simulated_time().count;
  s["energy_J"] = r.costs.training_energy_J;
  s["area_mm2"] = r.costs.area_m2 * 1e6;
  s["uncertainty"] = {{"energy_J", uncertainty_of(r.uncertainty.energy_J, 1)},
                      {"area_mm2", uncertainty_of(r.uncertainty.area_m2, 1e6)}};
  s["area"] = area_of(r);
  s["outcomes"] = outcomes_json(r);
  if (r.target_accuracy)
    s["to_accuracy"] = to_accuracy_json(cost_of_accuracy(r, *r.target_accuracy));
  if (r.endurance.pulses > 0 && !r.wear.empty())
    s["endurance"] = endurance_json(r);
  s["phases"] = phases_of(r);
  s["components"] = components_of(r);
  s["prices"] = prices_json(r);
  for (const auto& [name, count] : r.operations)
    s["operations"][name] = count;
  s["actions"] = actions_of(r);
  s["placement"] = placement_json(r.placement);
  s["network"] = {{"topology", r.network.topology}, {"model", r.network.model}};
  s["contention"] = {{"delayed_requests", r.delayed_requests},
                     {"out_of_order_requests", r.network.out_of_order_requests},
                     {"largest_skew_s", r.network.largest_skew.seconds()}};
  if (r.timing_analysis.time.count > 0)
    s["bottlenecks"] = bottlenecks_json(r.timing_analysis);
  s["weights_digest"] = r.weights_digest.empty() ? json(nullptr) : json(r.weights_digest);
  if (!r.staleness.empty()) {
    s["staleness"] = staleness_json(staleness_of(r));
    for (const auto& layer : r.staleness)
      s["staleness"]["layers"].push_back(staleness_json(layer));
  }
  for (const auto& layer : r.programming)
    s["programming"].push_back(programming_json(layer));
  if (!r.input_ranges.empty())
    s["input_ranges"] = r.input_ranges;
  s["evaluations"] = json::array();
  for (const auto& row : r.evaluations)
    s["evaluations"].push_back(row_json(row));
  s["warnings"] = r.warnings;
  s["assumptions"] = r.assumptions;
  s["host"] = {{"wall_s", r.host.wall_s},
               {"systemc_s", r.host.systemc_s},
               {"numerics_s", r.host.numerics_s},
               {"peak_rss_bytes", r.host.peak_rss_bytes},
               {"isa", r.host.isa},
               {"threads", r.host.threads}};
  // A name need not be valid UTF-8 just because the file system took it.
  return s.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tilework::report
