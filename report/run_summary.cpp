// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/run_directory.h>
#include <tilework/report/run_summary.h>
#include <tilework/report/summary_json.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <sstream>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

[[noreturn]] void refuse(const fs::path& path, std::string_view why) {
  throw input_error(fmt::format("{}:0:0: {}", path.string(), why));
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.is_open() || in.bad())
    refuse(file, "cannot be read");
  return text;
}

std::optional<double> number_or_none(const json& s, const char* key) {
  return s.at(key).is_null() ? std::nullopt : std::optional(s.at(key).get<double>());
}

std::string without_seed(const std::string& configuration) {
  std::istringstream in(configuration);
  std::string kept;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("seed:"))
      kept += line + '\n';
  return kept;
}

void read_outcomes(const json& o, run_summary& run) {
  o.at("TOPS").get_to(run.TOPS);
  o.at("TOPS_per_W").get_to(run.TOPS_per_W);
  o.at("TOPS_per_mm2").get_to(run.TOPS_per_mm2);
  o.at("average_power_W").get_to(run.average_power_W);
  run.peak_power_W = number_or_none(o, "peak_power_W");
  o.at("energy_delay_Js").get_to(run.energy_delay_Js);
}

confidence trust_of(const json& price) {
  const auto word = price.at("confidence").get<std::string>();
  for (const auto& [name, trust] : confidence_names)
    if (name == word)
      return trust;
  throw json::other_error::create(501, fmt::format("there is no confidence '{}'", word), &price);
}

price_identity identity_of(const json& price) {
  return {price.at("name").get<std::string>(), price.at("source").get<std::string>(), trust_of(price)};
}

void read_price(const json& p, run_summary& run) {
  priced_part part{identity_of(p), {}, p.at("energy_J").get<double>()};
  if (p.contains("per_area"))
    part.area = identity_of(p.at("per_area"));
  if (part.amount > 0)
    run.energy_parts.push_back(part);
  part.amount = p.at("area_mm2").get<double>();
  if (part.amount > 0)
    run.area_parts.push_back(std::move(part));
}

void read_figures(const json& s, run_summary& run) {
  s.at("experiment").get_to(run.experiment);
  s.at("machine").get_to(run.machine);
  s.at("timing").get_to(run.timing);
  s.at("seed").get_to(run.seed);
  s.at("interrupted").get_to(run.interrupted);
  s.at("epochs").get_to(run.epochs);
  run.test_accuracy = number_or_none(s, "test_accuracy");
  s.at("simulated_time_s").get_to(run.time_s);
  s.at("energy_J").get_to(run.energy_J);
  s.at("area_mm2").get_to(run.area_mm2);
  read_outcomes(s.at("outcomes"), run);
  if (s.contains("to_accuracy"))
    run.target_accuracy = s.at("to_accuracy").at("target").get<double>();
  for (const auto& e : s.at("evaluations"))
    run.evaluations.push_back({.epoch = e.at("epoch").get<unsigned>(),
                               .test_accuracy = e.at("test_accuracy").get<double>(),
                               .simulated_time_s = e.at("simulated_time_s").get<double>(),
                               .energy_J = e.value("energy_J", -1.0)});
  for (const auto& p : s.at("prices"))
    read_price(p, run);
}

} // namespace

run_summary read_run(const fs::path& directory) {
  const auto file = directory / "summary.json";
  std::error_code error;
  if (!fs::is_directory(directory, error))
    refuse(directory, "is no run directory: there is no such folder");
  if (!fs::exists(directory / configuration_file, error))
    refuse(directory, fmt::format("is no run directory: it holds no {}", configuration_file));
  if (!fs::exists(file, error))
    refuse(directory, "holds a run that is not over: there is no summary.json yet");
  run_summary run;
  run.directory = directory;
  run.configuration = without_seed(content_of(directory / configuration_file));
  try {
    const auto s = json::parse(content_of(file));
    if (const auto schema = s.at("schema").get<int>(); schema != summary_schema)
      refuse(file,
             fmt::format("has schema {}, and this program reads schema {}: repeat the run with 'tilework run {}', "
                         "or compare with the version that wrote it",
                         schema, summary_schema, (directory / configuration_file).string()));
    read_figures(s, run);
  } catch (const json::exception& damage) {
    refuse(file, fmt::format("is damaged: {}", damage.what()));
  }
  return run;
}

} // namespace tilework::report
