// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/core/error.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>
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

struct moments {
  double mean = 0;
  double deviation = 0;
};

moments moments_of(std::span<const float> values) {
  double sum = 0;
  double squares = 0;
  for (const float v : values) {
    sum += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
  }
  const auto n = static_cast<double>(values.size());
  const double mean = sum / n;
  return {mean, n > 1 ? std::sqrt(std::max(0.0, (squares - n * mean * mean) / (n - 1))) : 0.0};
}

} // namespace

int list_devices(const catalog::device_registry& devices) {
  fmt::print("models:\n");
  for (const auto name : devices.model_names())
    fmt::print("  {}\n", name);
  fmt::print("presets:\n");
  for (const auto name : devices.preset_names())
    fmt::print("  {} ({})\n", name, devices.named(name).model());
  return exit_done;
}

int show_device(const std::string& name, const catalog::device_registry& devices) {
  const auto spec = devices.named(name);
  report::text_table table({"parameter", "value", "range", "meaning"});
  for (const auto& row : devices.parameters(spec))
    table.add({row.name, row.value, range_of(row.meta), std::string(row.meta.doc)});
  fmt::print("{} (model {}): granularity {:.5g}, {:.4g} states\n\n{}", name, spec.model(), spec.granularity(),
             spec.states(), table.str());
  return exit_done;
}

int respond_device(const respond_options& options, const catalog::device_registry& known) {
  const auto spec = known.named(options.device);
  const physics::device_context context{.shape = {options.devices, 1}, .seed = options.seed};
  const auto devices = spec.make(context);
  if (devices->is_ideal())
    throw input_error(fmt::format("{} is updated exactly, without pulses: it has no pulse response", options.device));
  std::vector<physics::pulse_run> runs(options.devices);
  std::string csv = "phase,pulse,mean,std\n";
  const auto add = [&](const char* name, unsigned pulse) {
    const auto m = moments_of(devices->weights());
    fmt::format_to(std::back_inserter(csv), "{},{},{:.7g},{:.7g}\n", name, pulse, m.mean, m.deviation);
  };
  std::uint64_t vector = 0;
  add("up", 0);
  for (const std::int32_t direction : {1, -1}) {
    for (std::uint32_t cell = 0; cell < options.devices; ++cell)
      runs[cell] = {cell, direction};
    for (unsigned pulse = 1; pulse <= options.pulses; ++pulse) {
      devices->apply_pulses(0, runs, vector++);
      add(direction > 0 ? "up" : "down", pulse);
    }
  }
  if (options.out.empty()) {
    fmt::print("{}", csv);
    return exit_done;
  }
  std::ofstream out(options.out);
  out << csv;
  out.flush();
  if (!out)
    throw run_error(fmt::format("cannot write {}: check that the folder exists and has space", options.out.string()));
  return exit_done;
}

} // namespace tilework::cli
