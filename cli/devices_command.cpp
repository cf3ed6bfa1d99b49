// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

namespace tilework::cli {
namespace {

std::string range_of(const field& meta) {
  const bool low = std::isfinite(meta.minimum);
  const bool high = std::isfinite(meta.maximum);
  if (!low && !high)
    return "";
  return fmt::format("{}{}, {}{}", low && !meta.open_minimum ? "[" : "(", meta.minimum, meta.maximum, high ? "]" : ")");
}

/// Memory of one cross-point.
std::size_t bytes_of(const physics::device_spec& device) {
  return device.make({.shape = {1, 1}})->bytes_per_cross_point();
}

std::vector<std::string> figures_of(std::string_view name, const physics::device_spec& device) {
  const bool pulsed = device.granularity() > 0;
  return {std::string(name), std::string(device.model()), pulsed ? fmt::format("{:.5g}", device.granularity()) : "-",
          pulsed ? fmt::format("{:.4g}", device.states()) : "-", fmt::format("{}", bytes_of(device))};
}

} // namespace

int list_devices(const catalog::device_registry& devices) {
  report::text_table table({"name", "model", "granularity", "states", "bytes per cross-point"});
  table.text_column(1);
  for (const auto name : devices.model_names())
    table.add(figures_of(name, devices.named(name)));
  table.rule();
  for (const auto name : devices.preset_names())
    table.add(figures_of(name, devices.named(name)));
  fmt::print("{}", table.str());
  return exit_done;
}

int show_device(const std::string& name, const catalog::device_registry& devices) {
  std::string fits;
  const auto spec = devices.named(name, [&](const catalog::fitted_curve& fitted) { fits += fitted.summary() + "\n"; });
  report::text_table table({"parameter", "value", "range", "meaning"});
  constexpr std::size_t value_width = 24;
  constexpr std::size_t meaning_width = 60;
  table.text_column(1, value_width);
  table.text_column(2);
  table.text_column(3, meaning_width);
  for (const auto& row : devices.parameters(spec))
    table.add({row.name, row.value, range_of(row.meta), std::string(row.meta.doc)});
  fmt::print("{} (model {}): granularity {:.5g}, {:.4g} states, {} bytes per cross-point\n{}\n{}", name, spec.model(),
             spec.granularity(), spec.states(), bytes_of(spec), fits, table.str());
  return exit_done;
}

} // namespace tilework::cli
