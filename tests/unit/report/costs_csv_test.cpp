// SPDX-License-Identifier: Apache-2.0
#include "example.h"

#include <tilework/report/costs_csv.h>

#include <gtest/gtest.h>

namespace tilework::report {
namespace {

TEST(costs_csv, has_a_line_per_count_and_busy_time_on_leakage_lines) {
  EXPECT_EQ(costs_csv(test::example_run()), "component,action,phase,count,energy_J,busy_s\n"
                                            "chip0.tile0.adc,adc_conversion,forward,1000,1e-09,\n"
                                            "chip0.tile0.adc,leakage,forward,2000000000,5e-10,1.5e-06\n");
}

TEST(costs_csv, of_a_run_without_costs_is_its_header) {
  EXPECT_EQ(costs_csv({}), "component,action,phase,count,energy_J,busy_s\n");
}

} // namespace
} // namespace tilework::report
