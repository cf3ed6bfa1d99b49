// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/trace_vcd.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tilework::report {
namespace {

constexpr unsigned queue_bits = 16;

/// At a time, the unit's servers in use and requests in its queue change by so many.
struct change {
  std::int64_t time = 0;
  std::uint32_t resource = 0;
  int busy = 0;
  int queue = 0;
};

struct occupancy {
  int busy = 0;
  int queue = 0;
  friend bool operator==(const occupancy&, const occupancy&) = default;
};

std::vector<change> changes_of(std::span<const recorded_step> steps) {
  std::vector<change> changes;
  for (const auto& step : steps)
    for (const auto& b : step.bookings) {
      if (b.length.count == 0)
        continue;
      const auto start = (step.begin + b.start).count;
      changes.push_back({start, b.resource, 1, 0});
      changes.push_back({start + b.length.count, b.resource, -1, 0});
      if (b.requested < b.start) {
        changes.push_back({(step.begin + b.requested).count, b.resource, 0, 1});
        changes.push_back({start, b.resource, 0, -1});
      }
    }
  std::ranges::sort(changes, [](const change& a, const change& b) {
    return a.time != b.time ? a.time < b.time : a.resource < b.resource;
  });
  return changes;
}

/// Short name of a signal: printable characters, as many as needed.
std::string code_of(std::uint32_t signal) {
  constexpr std::uint32_t first = '!';
  constexpr std::uint32_t count = '~' - '!' + 1;
  std::string code;
  do
    code += static_cast<char>(first + signal % count);
  while ((signal /= count) > 0);
  return code;
}

std::string values_of(std::uint32_t resource, const occupancy& o) {
  return fmt::format("{}{}\nb{:b} {}\n", o.busy > 0 ? 1 : 0, code_of(2 * resource), o.queue, code_of(2 * resource + 1));
}

std::string header_of(std::span<const resource> resources, const std::vector<bool>& used) {
  std::string text = "$version tilework $end\n$timescale 1 fs $end\n$scope module machine $end\n";
  for (std::uint32_t r = 0; r < resources.size(); ++r) {
    if (!used[r])
      continue;
    auto name = resources[r].name;
    std::ranges::replace(name, '.', '_');
    text += fmt::format("$var wire 1 {} {}_busy $end\n$var integer {} {} {}_queue $end\n", code_of(2 * r), name,
                        queue_bits, code_of(2 * r + 1), name);
  }
  return text + "$upscope $end\n$enddefinitions $end\n";
}

} // namespace

std::string trace_vcd(std::span<const recorded_step> steps, std::span<const resource> resources) {
  const auto changes = changes_of(steps);
  std::vector<bool> used(resources.size());
  for (const auto& c : changes)
    used[c.resource] = true;
  auto text = header_of(resources, used);
  std::vector<occupancy> now(resources.size());
  auto shown = now;
  text += fmt::format("#{}\n$dumpvars\n", steps.empty() ? 0 : steps.front().begin.count);
  for (std::uint32_t r = 0; r < resources.size(); ++r)
    if (used[r])
      text += values_of(r, {});
  text += "$end\n";
  for (std::size_t i = 0; i < changes.size();) {
    const auto time = changes[i].time;
    std::string at_this_time;
    while (i < changes.size() && changes[i].time == time) {
      const auto r = changes[i].resource;
      for (; i < changes.size() && changes[i].time == time && changes[i].resource == r; ++i) {
        now[r].busy += changes[i].busy;
        now[r].queue += changes[i].queue;
      }
      if (now[r] != shown[r])
        at_this_time += values_of(r, now[r]);
      shown[r] = now[r];
    }
    if (!at_this_time.empty())
      text += fmt::format("#{}\n{}", time, at_this_time);
  }
  return text;
}

} // namespace tilework::report
