// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/trace_json.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace tilework::report {
namespace {

const operation_activity nothing;

using nlohmann::json;

TEST(trace_json, without_operations_is_valid) {
  EXPECT_TRUE(json::parse(trace_json().str()).at("traceEvents").empty());
}

TEST(trace_json, has_a_named_track_per_target_and_times_that_run_on_over_steps) {
  operation mvm{.kind = operation_kind::forward_mvm, .phase = phase::forward, .layer = 2, .array = 0};
  operation loss{.kind = operation_kind::vector_op,
                 .phase = phase::backward,
                 .function = vector_function::loss_gradient,
                 .layer = 1};
  operation load{.kind = operation_kind::load_samples, .phase = phase::forward};
  trace_json trace;
  operation_activity activity;
  activity.vectors_in_round[0] = 4;
  trace.add({.target = 3, .op = &mvm, .ready = {1'000'000'000}, .done = {3'000'000'000}, .activity = activity});
  trace.end_step({5'000'000'000});
  trace.add({.op = &loss, .ready = {0}, .done = {500'000'000}, .activity = nothing});
  trace.add({.op = &load, .ready = {0}, .done = {500'000'000}, .activity = nothing});

  std::map<int, std::string> tracks;
  std::map<std::string, json> events;
  const auto parsed = json::parse(trace.str());
  for (const auto& e : parsed.at("traceEvents"))
    if (e.at("ph") == "M")
      tracks[e.at("tid")] = e.at("args").at("name");
    else
      events[e.at("name")] = e;
  ASSERT_EQ(tracks.size(), 3U);
  ASSERT_EQ(events.size(), 3U);
  const auto& m = events.at("forward_mvm L2");
  EXPECT_EQ(tracks.at(m.at("tid")), "tile3");
  EXPECT_EQ(m.at("ph"), "X");
  EXPECT_DOUBLE_EQ(m.at("ts"), 1.0); // microseconds
  EXPECT_DOUBLE_EQ(m.at("dur"), 2.0);
  EXPECT_EQ(m.at("cat"), "forward");
  EXPECT_EQ(m.at("args").at("passes"), 4);
  const auto& l = events.at("loss_gradient L1");
  EXPECT_EQ(tracks.at(l.at("tid")), "vector_unit");
  EXPECT_DOUBLE_EQ(l.at("ts"), 5.0);
  EXPECT_EQ(tracks.at(events.at("load_samples L0").at("tid")), "memory_port");
}

TEST(trace_json, keeps_the_first_steps_only) {
  const operation op{.kind = operation_kind::vector_op};
  trace_json trace(2);
  for (int step = 0; step < 5; ++step) {
    trace.add({.op = &op, .activity = nothing});
    trace.end_step({10});
  }
  const auto parsed = json::parse(trace.str());
  EXPECT_EQ(parsed.at("traceEvents").size(), 1U + 2); // one track, two operations
}

} // namespace
} // namespace tilework::report
