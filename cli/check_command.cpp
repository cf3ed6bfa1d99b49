// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/simulation.h>
#include <tilework/config/reader.h>
#include <tilework/core/error.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

#include <cstdio>

namespace tilework::cli {
namespace {

/// Prices are part of what makes a machine complete.
void check_machine(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  config::reader r(document);
  const auto machine = platform::read_machine(r);
  const auto prices = platform::read_technologies(r);
  r.finish();
  ledger books;
  platform::open_accounts(books, machine);
  const price_list priced(prices, platform::quantities_of(machine), kinds_of(books));
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
  if (r.has("energy")) {
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
