// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/units.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <string>

namespace tilework {
namespace {

std::string error_of(std::string_view text, dimension d) {
  try {
    parse_quantity(text, d);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

struct quantity_case {
  const char* text;
  dimension d;
  double si;
};

TEST(parse_quantity, gives_the_nearest_double_of_the_decimal_value) {
  const quantity_case cases[] = {
      {"175 ns", dimension::time, 175e-9},
      {"0.1 uS", dimension::conductance, 1e-7},
      {"0.1 \u00b5S", dimension::conductance, 1e-7}, // micro sign
      {"0.1 \u03bcS", dimension::conductance, 1e-7}, // Greek mu
      {"5.33 GB/s", dimension::data_rate, 5.33e9},
      {"1 MiB", dimension::data_size, 1048576},
      {"2 kB", dimension::data_size, 2000},
      {"4 cycles", dimension::cycles, 4},
      {"1 cycle", dimension::cycles, 1},
      {"64 bit", dimension::width, 64},
      {"634 um2", dimension::area, 634e-12},
      {"0.151 mm^2", dimension::area, 0.151e-6},
      {"0.151 mm\u00b2", dimension::area, 0.151e-6},
      {"14nm", dimension::length, 14e-9},
      {"-0.2 V", dimension::voltage, -0.2},
      {"1.5e3 ps", dimension::time, 1.5e-9},
      {"1e+3 ps", dimension::time, 1e-9},
      {" 10 k\u03a9 ", dimension::resistance, 1e4},
      {"2 min", dimension::time, 120},
      {"1 y", dimension::time, 365.0 * 86400},
      {"1.95 uW/mm2", dimension::power_density, 1.95},
      {"0.25", dimension::dimensionless, 0.25},
      {"0 pJ", dimension::energy, 0},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parse_quantity(c.text, c.d), c.si) << c.text;
}

TEST(parse_quantity, says_what_is_expected) {
  EXPECT_EQ(error_of("175 nm", dimension::time),
            "expected a time such as '175 ns' (fs, ps, ns, us, ms, s, min, h, d, y), got '175 nm'");
  EXPECT_EQ(error_of("fast", dimension::dimensionless), "expected a number such as '0.5', got 'fast'");
}

TEST(parse_quantity, rejects_everything_else) {
  for (const char* text : {"", "5", "ns", "5 5 ns", "0x5 ns", "5 NS", "5 nss", "1e ns", "inf s", "nan s", "- 5 ns",
                           "1e999 s", "--5 ns", "5,3 ns"})
    EXPECT_NE(error_of(text, dimension::time), "no error") << text;
}

TEST(format_quantity, rounds_for_people) {
  EXPECT_EQ(format_quantity(175e-9, dimension::time), "175 ns");
  EXPECT_EQ(format_quantity(3.21e-3, dimension::energy), "3.21 mJ");
  EXPECT_EQ(format_quantity(1.23456e-3, dimension::energy), "1.235 mJ");
  EXPECT_EQ(format_quantity(999.96e-9, dimension::time), "1 us"); // rounding moves to the next unit
  EXPECT_EQ(format_quantity(0, dimension::time), "0 s");
  EXPECT_EQ(format_quantity(-0.2, dimension::voltage), "-200 mV");
  EXPECT_EQ(format_quantity(1048576, dimension::data_size), "1 MiB");
  EXPECT_EQ(format_quantity(0.63e-6, dimension::area), "0.63 mm2");
  EXPECT_EQ(format_quantity(634e-12, dimension::area), "634 um2");
  EXPECT_EQ(format_quantity(1, dimension::cycles), "1 cycle");
  EXPECT_EQ(format_quantity(1e-20, dimension::time), "0.00001 fs");
  EXPECT_EQ(format_quantity(1e-22, dimension::time), "1e-7 fs");
  EXPECT_EQ(format_quantity(12345678, dimension::dimensionless), "12350000");
}

TEST(exact_quantity, is_short) {
  EXPECT_EQ(exact_quantity(0.1e-6, dimension::conductance), "100 nS");
  EXPECT_EQ(exact_quantity(5.33e9, dimension::data_rate), "5.33 GB/s");
  EXPECT_EQ(exact_quantity(1e9, dimension::frequency), "1 GHz");
}

TEST(exact_quantity, round_trips_every_dimension) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> mantissa(-10, 10);
  std::uniform_int_distribution<int> exponent(-25, 15);
  for (std::size_t d = 0; d < dimension_count; ++d)
    for (int i = 0; i < 2000; ++i) {
      const double si = mantissa(random) * std::pow(10.0, exponent(random));
      const auto text = exact_quantity(si, static_cast<dimension>(d));
      ASSERT_EQ(parse_quantity(text, static_cast<dimension>(d)), si) << text;
    }
}

TEST(exact_quantity, round_trips_whole_byte_counts) {
  for (double bytes : {1.0, 1023.0, 1024.0, 1025.0, 3.0 * 1024 * 1024, 5368709120.0, 1e15})
    EXPECT_EQ(parse_quantity(exact_quantity(bytes, dimension::data_size), dimension::data_size), bytes);
}

TEST(dimension_of, knows_internal_units_only) {
  EXPECT_EQ(dimension_of("s"), dimension::time);
  EXPECT_EQ(dimension_of("m2"), dimension::area);
  EXPECT_EQ(dimension_of("ns"), std::nullopt);
  EXPECT_EQ(dimension_of(""), std::nullopt);
}

} // namespace
} // namespace tilework
