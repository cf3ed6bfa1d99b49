// SPDX-License-Identifier: Apache-2.0
#include "support/recorded.h"

#include <tilework/report/trace_vcd.h>

#include <gtest/gtest.h>

namespace tilework::report {
namespace {

TEST(trace_vcd, shows_when_units_are_busy_and_who_waits) {
  auto step = test::example_step();
  step.bookings = {{0, 2, {0}, {0}, {10}, {10}}, {1, 2, {4}, {10}, {5}, {5}}, {0, 0, {15}, {15}, {3}, {3}}};
  EXPECT_EQ(trace_vcd(std::vector{step}, test::example_resources()),
            "$version tilework $end\n"
            "$timescale 1 fs $end\n"
            "$scope module machine $end\n"
            "$var wire 1 ! tile0_array_busy $end\n"
            "$var integer 16 \" tile0_array_queue $end\n"
            "$var wire 1 % bus_busy $end\n"
            "$var integer 16 & bus_queue $end\n"
            "$upscope $end\n"
            "$enddefinitions $end\n"
            "#1000\n$dumpvars\n0!\nb0 \"\n0%\nb0 &\n$end\n"
            "#1000\n1%\nb0 &\n"
            "#1004\n1%\nb1 &\n"
            "#1010\n1%\nb0 &\n" // handed on without a gap
            "#1015\n1!\nb0 \"\n0%\nb0 &\n"
            "#1018\n0!\nb0 \"\n");
}

} // namespace
} // namespace tilework::report
