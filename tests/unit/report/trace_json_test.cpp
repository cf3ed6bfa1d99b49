// SPDX-License-Identifier: Apache-2.0
#include "support/recorded.h"

#include <tilework/report/trace_json.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace tilework::report {
namespace {

using nlohmann::json;
using test::example_resources;
using test::example_step;

TEST(trace_json, without_steps_is_valid) {
  EXPECT_TRUE(json::parse(trace_json({}, example_resources())).at("traceEvents").empty());
}

TEST(trace_json, has_a_named_track_per_unit_and_times_that_run_on_over_steps) {
  const std::vector steps{example_step()};
  const auto parsed = json::parse(trace_json(steps, example_resources()));
  std::map<int, std::string> tracks;
  std::map<std::string, int> slices;
  for (const auto& e : parsed.at("traceEvents")) {
    if (e.at("name") == "thread_name")
      tracks[e.at("tid")] = e.at("args").at("name");
    if (e.at("ph") != "X")
      continue;
    ++slices[tracks.at(e.at("tid"))];
    if (e.at("args").at("operation") == 1 && tracks.at(e.at("tid")) == "bus") {
      EXPECT_EQ(e.at("name"), "forward_mvm L1");
      EXPECT_EQ(e.at("args").at("start_fs"), 1069);
      EXPECT_DOUBLE_EQ(e.at("ts").get<double>(), 1069e-9);
      EXPECT_DOUBLE_EQ(e.at("dur").get<double>(), 4e-9);
    }
  }
  EXPECT_EQ(slices, (std::map<std::string, int>{{"tile0.array", 2}, {"tile0.adc", 2}, {"bus", 2}}));
}

TEST(trace_json, has_an_arrow_along_every_dependency_between_slices) {
  auto step = example_step();
  step.bookings.push_back({2, 2, {73}, {73}, {4}, {4}});
  const auto parsed = json::parse(trace_json(std::vector{step}, example_resources()));
  std::vector<json> arrows;
  for (const auto& e : parsed.at("traceEvents"))
    if (e.at("name") == "dependency")
      arrows.push_back(e);
  ASSERT_EQ(arrows.size(), 2U); // from product 1 to the loss
  EXPECT_EQ(arrows[0].at("ph"), "s");
  EXPECT_EQ(arrows[1].at("ph"), "f");
  EXPECT_EQ(arrows[0].at("id"), arrows[1].at("id"));
  EXPECT_DOUBLE_EQ(arrows[0].at("ts").get<double>(), 1069e-9);
  EXPECT_DOUBLE_EQ(arrows[1].at("ts").get<double>(), 1073e-9);
}

} // namespace
} // namespace tilework::report
