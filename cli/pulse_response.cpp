// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/pulse_response.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

namespace tilework::cli {
namespace {

double percentile(std::span<const float> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const double within = place - static_cast<double>(below);
  return (1 - within) * static_cast<double>(sorted[below]) + within * static_cast<double>(sorted[above]);
}

weight_spread spread_of(std::span<const float> weights) {
  double sum = 0;
  double squares = 0;
  for (const float w : weights) {
    sum += static_cast<double>(w);
    squares += static_cast<double>(w) * static_cast<double>(w);
  }
  const auto n = static_cast<double>(weights.size());
  std::vector<float> sorted(weights.begin(), weights.end());
  std::ranges::sort(sorted);
  weight_spread s;
  s.mean = sum / n;
  s.deviation = n > 1 ? std::sqrt(std::max(0.0, (squares - n * s.mean * s.mean) / (n - 1))) : 0;
  s.minimum = static_cast<double>(sorted.front());
  s.p5 = percentile(sorted, 0.05);
  s.median = percentile(sorted, 0.5);
  s.p95 = percentile(sorted, 0.95);
  s.maximum = static_cast<double>(sorted.back());
  return s;
}

/// Where in the sequence an element stands.
struct moment {
  std::string_view phase;
  std::uint64_t pulse = 0; ///< of the phase
};

moment moment_of(std::uint64_t time, std::uint64_t pulses) {
  if (time == 0)
    return {"program", 0};
  return time <= pulses ? moment{"up", time} : moment{"down", time - pulses};
}

} // namespace

pulse_response respond(const physics::device_spec& device, const response_request& request) {
  constexpr unsigned most_singles = 8;
  constexpr unsigned readings = 1000; // per direction, of single devices
  const auto devices = device.make({.shape = {request.devices, 1}, .seed = request.seed});
  if (devices->is_ideal())
    throw input_error(fmt::format("{} is updated exactly, without pulses: it has no pulse response", device.model()));
  pulse_response response;
  response.singles.resize(std::min(most_singles, request.devices));
  const auto stride = (request.pulses + readings - 1) / readings;
  std::uint32_t time = 0;
  const auto read = [&](bool single_too) {
    response.spread.push_back(spread_of(devices->weights()));
    if (!single_too)
      return;
    response.reading_times.push_back(time);
    for (std::size_t i = 0; i < response.singles.size(); ++i)
      response.singles[i].push_back(devices->weights()[i]);
  };
  devices->program(std::vector<float>(request.devices), 0);
  read(true);
  std::vector<physics::pulse_run> runs(request.devices);
  for (const std::int32_t direction : {1, -1}) {
    for (std::uint32_t cell = 0; cell < request.devices; ++cell)
      runs[cell] = {cell, direction};
    for (unsigned pulse = 1; pulse <= request.pulses; ++pulse) {
      devices->apply_pulses(0, runs, time++);
      read(pulse % stride == 0 || pulse == request.pulses);
    }
  }
  return response;
}

std::string response_header() {
  return "device,phase,pulse,mean,std,min,p5,median,p95,max\n";
}

std::string response_rows(const std::string& device, const pulse_response& response) {
  std::string csv;
  const auto pulses = response.spread.size() / 2;
  for (std::size_t time = 0; time < response.spread.size(); ++time) {
    const auto at = moment_of(time, pulses);
    const auto& s = response.spread[time];
    fmt::format_to(std::back_inserter(csv), "{},{},{},{:.7g},{:.7g},{:.7g},{:.7g},{:.7g},{:.7g},{:.7g}\n", device,
                   at.phase, at.pulse, s.mean, s.deviation, s.minimum, s.p5, s.median, s.p95, s.maximum);
  }
  return csv;
}

std::string response_curve(const std::string& device, const pulse_response& response) {
  const auto pulses = response.spread.size() / 2;
  std::string csv =
      fmt::format("# Simulated, not measured: single devices of {}.\ndevice,pulse,direction,weight\n", device);
  for (std::size_t i = 0; i < response.singles.size(); ++i)
    for (std::size_t k = 0; k < response.reading_times.size(); ++k) {
      const auto at = moment_of(response.reading_times[k], pulses);
      fmt::format_to(std::back_inserter(csv), "{},{},{},{:.7g}\n", i + 1, at.pulse, at.phase == "down" ? "down" : "up",
                     response.singles[i][k]);
    }
  return csv;
}

} // namespace tilework::cli
