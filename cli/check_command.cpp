// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/simulation.h>
#include <tilework/config/reader.h>
#include <tilework/core/error.h>
#include <tilework/platforms/bill_of_materials.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

#include <cstdio>

namespace tilework::cli {
namespace {

/// Prices are part of what makes a machine complete; published figures must be of something that it has.
void check_machine(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  config::reader r(document);
  const auto machine = platform::read_machine(r);
  const auto prices = platform::read_technologies(r);
  const auto published = platform::read_published(r);
  r.finish();
  const platform::machine_costs costs(machine, prices);
  for (const auto& figure : published)
    static_cast<void>(platform::computed(costs, figure));
}

void check_bill(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  config::reader r(document);
  const auto bill = platform::read_bill(r);
  r.finish();
  for (const auto& figure : bill.published)
    static_cast<void>(platform::computed(bill, figure));
}

void check_device(const std::filesystem::path& file, const catalog::device_registry& devices) {
  static_cast<void>(devices.named(file.string()));
}

/// Everything but the data files: mapping, buffer and prices included.
void check_experiment(const std::filesystem::path& file, const catalog::device_registry& devices) {
  const auto e = read_experiment(file, {}, devices);
  const workload::dataset no_samples{e.dataset_name, e.session.network.layers.back(), {}, {}};
  const planned_run plan(e, no_samples);
}

/// A device may extend a preset, everything else only files: their messages go first.
config::document load(const std::filesystem::path& file, const catalog::device_registry& devices) {
  try {
    return config::document::load(file);
  } catch (const input_error& without_presets) {
    try {
      return config::document::load(file, {.presets = devices.texts()});
    } catch (const input_error&) {
      throw without_presets;
    }
  }
}

/// The kind of file shows in its keys. Returns what it is.
std::string_view check(const std::filesystem::path& file, const catalog::device_registry& devices) {
  const auto document = load(file, devices);
  const config::reader r(document);
  if (r.has("tile") || r.has("matrix_unit") || r.has("interconnect")) {
    check_machine(file);
    return "machine";
  }
  if (r.has("parts")) {
    check_bill(file);
    return "bill of materials";
  }
  if (r.has("energy") || r.has("area") || r.has("leakage")) {
    platform::read_technology(file);
    return "technology";
  }
  if (r.has("model") || r.has("from_curve")) {
    check_device(file, devices);
    return "device";
  }
  check_experiment(file, devices);
  return "experiment";
}

} // namespace

int check_command(const std::vector<std::filesystem::path>& files, const catalog::device_registry& devices) {
  int code = exit_done;
  for (const auto& file : files) {
    try {
      fmt::print("{}: valid {}\n", file.string(), check(file, devices));
    } catch (const input_error& error) {
      fmt::print(stderr, "{}\n", error.what());
      code = exit_bad_input;
    }
  }
  return code;
}

} // namespace tilework::cli
