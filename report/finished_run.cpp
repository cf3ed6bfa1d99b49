// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/finished_run.h>
#include <tilework/report/summary_json.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace tilework::report {
namespace {

using json = nlohmann::ordered_json;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw input_error(fmt::format("{}:0:0: cannot be read; a finished run has it", file.string()));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// Runs `use`, whose accesses fail where the summary is not one.
template <typename Use>
auto from_summary(const std::filesystem::path& run, Use use) {
  const auto file = run / "summary.json";
  const auto text = read(file);
  try {
    auto summary = json::parse(text);
    if (summary.at("schema").get<int>() != summary_schema)
      throw input_error(fmt::format("{}:0:0: has schema {}, this program reads {}", file.string(),
                                    summary.at("schema").get<int>(), summary_schema));
    return use(summary);
  } catch (const json::exception& error) {
    throw input_error(fmt::format("{}:0:0: is no summary of a run: {}", file.string(), error.what()));
  }
}

std::optional<phase> phase_from(std::string_view name) {
  for (std::size_t p = 0; p < phase_count; ++p)
    if (name_of(static_cast<phase>(p)) == name)
      return static_cast<phase>(p);
  return std::nullopt;
}

/// costs.csv line by line.
class cost_reader {
public:
  cost_reader(std::filesystem::path file, run_results& results) : file_(std::move(file)), results_(results) {
    for (auto& account : results.books.accounts())
      accounts_[account.name] = &account;
  }

  void read_all() {
    std::istringstream lines(read(file_));
    std::string line;
    std::getline(lines, line);
    if (line != "component,action,phase,count,energy_J,busy_s")
      throw failure("is no table of costs: expected component,action,phase,count,energy_J,busy_s");
    while (std::getline(lines, line)) {
      ++line_;
      read_row(line);
    }
  }

private:
  [[nodiscard]] input_error failure(std::string_view message) const {
    return input_error(fmt::format("{}:{}:1: {}", file_.string(), line_, message));
  }

  void read_row(const std::string& line) {
    std::array<std::string, 6> cells;
    std::istringstream row(line);
    for (auto& cell : cells)
      std::getline(row, cell, ',');
    const auto account = accounts_.find(cells[0]);
    if (account == accounts_.end())
      throw failure(fmt::format("the machine of config.yaml has no component '{}'", cells[0]));
    const auto p = phase_from(cells[2]);
    if (!p)
      throw failure(fmt::format("unknown phase '{}'", cells[2]));
    const auto count = number<std::uint64_t>(cells[3]);
    if (cells[1] == "leakage")
      return read_time(*account->second, *p, count, number<double>(cells[5]));
    const auto a = action_from(cells[1]);
    if (!a)
      throw failure(fmt::format("unknown action '{}'", cells[1]));
    if (std::ranges::count(performers_of(*a), account->second->kind) == 0)
      throw failure(fmt::format("{} does not perform {}", cells[0], cells[1]));
    if (account->second->counts.get(*p, *a) != 0)
      throw failure(fmt::format("{} of {} stands here twice", cells[1], cells[0]));
    account->second->counts.add(*p, *a, count);
  }

  void read_time(component_account& account, phase p, std::uint64_t exposed_fs, double busy_s) {
    constexpr double femto = 1e15;
    const auto i = static_cast<std::size_t>(p);
    if (static_cast<std::int64_t>(exposed_fs) != results_.exposed[i].count)
      throw failure(fmt::format("{} took {} fs here and {} fs in summary.json", name_of(p), exposed_fs,
                                results_.exposed[i].count));
    account.busy[i] = {static_cast<std::int64_t>(std::llround(busy_s * femto))};
  }

  template <typename T>
  T number(const std::string& text) const {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
      throw failure(fmt::format("expected a number, got '{}'", text));
    return value;
  }

  std::filesystem::path file_;
  run_results& results_;
  std::map<std::string, component_account*, std::less<>> accounts_;
  std::size_t line_ = 1;
};

void read_phases(const json& summary, run_results& r) {
  constexpr double femto = 1e15;
  for (std::size_t p = 0; p < phase_count; ++p) {
    const auto& figures = summary.at("phases").at(std::string(name_of(static_cast<phase>(p))));
    r.exposed[p] = {figures.at("exposed_fs").get<std::int64_t>()};
    r.busy[p] = {static_cast<std::int64_t>(std::llround(figures.at("busy_s").get<double>() * femto))};
  }
}

void read_evaluations(const json& summary, run_results& r) {
  for (const auto& row : summary.at("evaluations"))
    r.evaluations.push_back({.epoch = row.at("epoch").get<unsigned>(),
                             .train_loss = row.at("train_loss").get<double>(),
                             .test_loss = row.at("test_loss").get<double>(),
                             .test_accuracy = row.at("test_accuracy").get<double>(),
                             .simulated_time_s = row.at("simulated_time_s").get<double>(),
                             .energy_J = -1});
}

/// Both files count; whoever changed one of them did not change the other.
void compare_counts(const std::filesystem::path& run, const json& summary, const run_results& r) {
  json counted = json::object();
  for (std::size_t p = 0; p < phase_count; ++p)
    for (std::size_t a = 0; a < action_count; ++a)
      if (const auto n = r.books.total(static_cast<phase>(p), static_cast<action>(a)); n > 0)
        counted[std::string(name_of(static_cast<phase>(p)))][std::string(name_of(static_cast<action>(a)))] = n;
  if (nlohmann::json(counted) != nlohmann::json(summary.at("actions")))
    throw input_error(fmt::format("{}:0:0: does not count what summary.json counts; at least one of them was changed",
                                  (run / "costs.csv").string()));
}

/// Peak power is of windows that the run priced while it ran.
void read_outcomes(const json& outcomes, run_results& r) {
  r.training_macs = outcomes.at("operations").get<std::uint64_t>() / 2;
  r.peaks = {.power_W = -1,
             .array_current_A = outcomes.at("update_current_array_A").get<double>(),
             .array_current_bound_A = outcomes.at("update_current_array_bound_A").get<double>(),
             .machine_current_A = outcomes.at("update_current_machine_A").get<double>(),
             .machine_current_bound_A = outcomes.at("update_current_machine_bound_A").get<double>()};
}

run_results read_summary(const json& summary, ledger books) {
  run_results r;
  r.experiment = summary.at("experiment").get<std::string>();
  r.machine = summary.at("machine").get<std::string>();
  r.timing = summary.at("timing").get<std::string>();
  r.seed = summary.at("seed").get<std::uint64_t>();
  r.interrupted = summary.at("interrupted").get<bool>();
  r.epochs = summary.at("epochs").get<unsigned>();
  r.warnings = summary.at("warnings").get<std::vector<std::string>>();
  r.assumptions = summary.at("assumptions").get<std::vector<std::string>>();
  std::erase_if(r.assumptions, is_price_assumption);
  read_phases(summary, r);
  read_evaluations(summary, r);
  read_outcomes(summary.at("outcomes"), r);
  r.books = std::move(books);
  return r;
}

} // namespace

run_results read_finished_run(const std::filesystem::path& run, ledger books) {
  return from_summary(run, [&](const json& summary) {
    auto r = read_summary(summary, std::move(books));
    cost_reader(run / "costs.csv", r).read_all();
    compare_counts(run, summary, r);
    return r;
  });
}

std::string repriced_summary_json(const std::filesystem::path& run, const run_results& repriced) {
  return from_summary(run, [&](json& summary) {
    const auto now = json::parse(summary_json(repriced));
    for (const char* key :
         {"technology", "energy_J", "area_mm2", "area", "outcomes", "prices", "uncertainty", "assumptions"})
      summary[key] = now.at(key);
    if (summary.contains("to_accuracy"))
      for (const char* key : {"energy_J", "energy_delay_Js"})
        summary["to_accuracy"].erase(key);
    for (auto& [name, figures] : summary.at("phases").items())
      figures["energy_J"] = now.at("phases").at(name).at("energy_J");
    for (auto& [name, figures] : summary.at("components").items())
      for (const char* key : {"energy_J", "area_mm2"})
        figures[key] = now.at("components").at(name).at(key);
    for (auto& row : summary.at("evaluations"))
      row.erase("energy_J");
    summary.erase("host");
    return summary.dump(2) + "\n";
  });
}

} // namespace tilework::report
