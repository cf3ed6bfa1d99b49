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

std::string text_of(bool value) {
  return value ? "true" : "false";
}
template <typename T>
std::string text_of(T value) {
  return fmt::format("{}", value);
}

std::string range_of(const field& meta) {
  const bool low = std::isfinite(meta.minimum);
  const bool high = std::isfinite(meta.maximum);
  if (!low && !high)
    return "";
  return fmt::format("{}{}, {}{}", low && !meta.open_minimum ? "[" : "(", meta.minimum, meta.maximum, high ? "]" : ")");
}

template <typename Device>
std::string parameter_table(const Device& device) {
  report::text_table table({"parameter", "default", "range", "meaning"});
  Device::fields([&](std::string_view name, auto member, const field& meta) {
    table.add({std::string(name), text_of(device.*member), range_of(meta), std::string(meta.doc)});
  });
  return table.str();
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

int list_devices() {
  fmt::print("models:\n");
  for (const auto name : physics::device_model_names())
    fmt::print("  {}\n", name);
  if (physics::device_preset_names().empty())
    return exit_done;
  fmt::print("presets:\n");
  for (const auto name : physics::device_preset_names())
    fmt::print("  {} ({})\n", name, physics::model_name(physics::device_named(name)));
  return exit_done;
}

int show_device(const std::string& name) {
  const auto spec = physics::device_named(name);
  fmt::print("{} (model {})\n\n{}", name, physics::model_name(spec),
             std::visit([](const auto& device) { return parameter_table(device); }, spec));
  return exit_done;
}

int respond_device(const respond_options& options) {
  const auto spec = physics::device_named(options.device);
  const physics::device_context context{{options.devices, 1}, options.seed, {}};
  const auto devices = physics::make_devices(spec, context);
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
