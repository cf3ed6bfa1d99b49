// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/trace_json.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace tilework::report {
namespace {

std::string track_of(const operation_record& record) {
  const auto& op = *record.op;
  if (op.array != no_array)
    return fmt::format("tile{}", record.target);
  if (op.kind == operation_kind::transfer)
    return "transfer_controller";
  return op.kind == operation_kind::vector_op ? "vector_unit" : "memory_port";
}

std::string title_of(const operation& op) {
  return fmt::format("{} L{}", op.kind == operation_kind::vector_op ? name_of(op.function) : name_of(op.kind),
                     op.layer);
}

double microseconds(femtoseconds t) {
  return static_cast<double>(t.count) * 1e-9;
}

} // namespace

void trace_json::add(const operation_record& record) {
  if (steps_ == 0)
    return;
  events_.push_back({title_of(*record.op), track_of(record), record.op->phase, origin_ + record.ready,
                     origin_ + record.done, record.activity});
}

void trace_json::end_step(femtoseconds length) {
  origin_ += length;
  if (steps_ > 0)
    --steps_;
}

std::string trace_json::str() const {
  using json = nlohmann::ordered_json;
  std::map<std::string, int> tracks;
  for (const auto& e : events_)
    tracks.emplace(e.track, 0);
  json list = json::array();
  int next = 1;
  for (auto& [name, id] : tracks) {
    id = next++;
    list.push_back({{"ph", "M"}, {"name", "thread_name"}, {"pid", 1}, {"tid", id}, {"args", {{"name", name}}}});
  }
  for (const auto& e : events_)
    list.push_back({{"ph", "X"},
                    {"name", e.name},
                    {"cat", name_of(e.p)},
                    {"pid", 1},
                    {"tid", tracks.at(e.track)},
                    {"ts", microseconds(e.start)},
                    {"dur", microseconds(e.done - e.start)},
                    {"args",
                     {{"passes", e.activity.passes()},
                      {"pulse_slots", e.activity.pulse_slots},
                      {"coincidences", e.activity.coincidences},
                      {"saturations", e.activity.saturations}}}});
  return json{{"displayTimeUnit", "ns"}, {"traceEvents", list}}.dump();
}

} // namespace tilework::report
