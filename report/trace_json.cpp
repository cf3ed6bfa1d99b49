// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/trace_json.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace tilework::report {
namespace {

using json = nlohmann::ordered_json;

constexpr double fs_in_us = 1e-9;

/// Slices of one operation, by number of their bookings.
struct slice_range {
  std::uint32_t first = no_booking;
  std::uint32_t last = no_booking;
};

class trace_writer {
public:
  explicit trace_writer(std::span<const resource> resources) : resources_(resources) {}

  void name_tracks(std::span<const recorded_step> steps) {
    std::vector<bool> used(resources_.size());
    for (const auto& step : steps)
      for (const auto& b : step.bookings)
        if (b.length.count != 0)
          used[b.resource] = true;
    std::array<bool, resource_kind_count> named{};
    for (std::uint32_t r = 0; r < resources_.size(); ++r) {
      if (!used[r])
        continue;
      const auto kind = resources_[r].kind;
      if (!std::exchange(named[static_cast<std::size_t>(kind)], true))
        events_.push_back({{"ph", "M"},
                           {"name", "process_name"},
                           {"pid", pid_of(r)},
                           {"tid", 0},
                           {"args", {{"name", name_of(kind)}}}});
      events_.push_back({{"ph", "M"},
                         {"name", "thread_name"},
                         {"pid", pid_of(r)},
                         {"tid", r + 1},
                         {"args", {{"name", resources_[r].name}}}});
    }
  }

  void add(const recorded_step& step) {
    std::vector<slice_range> slices(step.operations.size());
    for (std::uint32_t b = 0; b < step.bookings.size(); ++b) {
      if (step.bookings[b].length.count == 0)
        continue;
      auto& range = slices[step.bookings[b].operation];
      range.first = std::min(range.first, b);
      range.last = b;
      add_slice(step, step.bookings[b]);
    }
    for (std::uint32_t i = 0; i < slices.size(); ++i)
      for (const auto p : step.program->predecessors(i))
        if (slices[p].last != no_booking && slices[i].first != no_booking)
          add_flow(step, step.bookings[slices[p].last], step.bookings[slices[i].first]);
  }

  [[nodiscard]] std::string str() { return json{{"displayTimeUnit", "ns"}, {"traceEvents", events_}}.dump(); }

private:
  [[nodiscard]] int pid_of(std::uint32_t r) const { return static_cast<int>(resources_[r].kind) + 1; }

  void add_slice(const recorded_step& step, const resource_booking& b) {
    const auto& op = step.program->operations()[b.operation];
    const auto& activity = step.operations[b.operation].activity;
    events_.push_back({{"ph", "X"},
                       {"name", name_of(operation_label(op))},
                       {"cat", name_of(op.phase)},
                       {"pid", pid_of(b.resource)},
                       {"tid", b.resource + 1},
                       {"ts", fs_in_us * static_cast<double>((step.begin + b.start).count)},
                       {"dur", fs_in_us * static_cast<double>(b.length.count)},
                       {"args",
                        {{"step", step.number},
                         {"operation", b.operation},
                         {"requested_fs", (step.begin + b.requested).count},
                         {"start_fs", (step.begin + b.start).count},
                         {"length_fs", b.length.count},
                         {"passes", activity.passes()},
                         {"pulse_slots", activity.pulse_slots},
                         {"coincidences", activity.coincidences},
                         {"saturations", activity.saturations}}}});
  }

  void add_flow(const recorded_step& step, const resource_booking& from, const resource_booking& to) {
    ++flows_;
    const auto end = [&](const char* ph, const resource_booking& b) {
      return json{{"ph", ph},
                  {"name", "dependency"},
                  {"cat", "dependency"},
                  {"id", flows_},
                  {"pid", pid_of(b.resource)},
                  {"tid", b.resource + 1},
                  {"ts", fs_in_us * static_cast<double>((step.begin + b.start).count)}};
    };
    events_.push_back(end("s", from));
    events_.push_back(end("f", to));
    events_.back()["bp"] = "e"; // the slice that encloses this time
  }

  std::span<const resource> resources_;
  json events_ = json::array();
  std::uint64_t flows_ = 0;
};

} // namespace

std::string trace_json(std::span<const recorded_step> steps, std::span<const resource> resources) {
  trace_writer writer(resources);
  writer.name_tracks(steps);
  for (const auto& step : steps)
    writer.add(step);
  return writer.str();
}

} // namespace tilework::report
