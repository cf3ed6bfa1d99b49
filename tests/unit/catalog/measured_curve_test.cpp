// SPDX-License-Identifier: Apache-2.0
#include <tilework/catalog/measured_curve.h>
#include <tilework/core/error.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tilework::catalog {
namespace {

class curve_file : public testing::Test {
protected:
  curve_file() : path_(std::filesystem::temp_directory_path() / ("tilework-curve-" + name() + ".csv")) {}
  ~curve_file() override { std::filesystem::remove(path_); }

  measured_curve read(const std::string& text) {
    std::ofstream(path_) << text;
    return read_curve(path_);
  }
  /// The message without the path.
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const input_error& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.find(path_.string()), 0U) << what;
      return what.substr(path_.string().size());
    }
    return "";
  }

private:
  static std::string name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
  std::filesystem::path path_;
};

TEST_F(curve_file, has_columns_in_any_order_comments_and_blanks) {
  const auto curve = read("# measured today\r\n"
                          "direction, conductance,pulse\r\n"
                          "\r\n"
                          "up, 1e-6, 0\r\n"
                          "up, +2e-6, 5\r\n"
                          "down, 1.5e-6, 6\r\n");
  EXPECT_TRUE(curve.is_conductance);
  ASSERT_EQ(curve.devices.size(), 1U);
  ASSERT_EQ(curve.devices[0].size(), 3U);
  EXPECT_EQ(curve.devices[0][0].pulses, 0U);
  EXPECT_EQ(curve.devices[0][1].pulses, 5U);
  EXPECT_EQ(curve.devices[0][1].value, 2e-6);
  EXPECT_FALSE(curve.devices[0][1].down);
  EXPECT_EQ(curve.devices[0][2].pulses, 1U) << "numbers may go on when the direction changes";
  EXPECT_TRUE(curve.devices[0][2].down);
}

TEST_F(curve_file, tells_devices_and_cycles_apart) {
  const auto curve = read("device,pulse,direction,weight\n"
                          "a,0,up,0\na,2,up,.2\na,1,down,.1\n"
                          "b,1,up,0\nb,2,up,.1\n"
                          "a,3,up,.4\na,0,up,0\na,1,up,.1\n");
  EXPECT_FALSE(curve.is_conductance);
  ASSERT_EQ(curve.devices.size(), 2U);
  const auto& a = curve.devices[0];
  ASSERT_EQ(a.size(), 6U);
  EXPECT_EQ(a[2].pulses, 1U) << "a number that does not go on counts from the change of direction";
  EXPECT_EQ(a[3].pulses, 2U) << "3 goes on after 1";
  EXPECT_EQ(a[4].pulses, 0U) << "0 starts anew";
  EXPECT_EQ(a[5].pulses, 1U);
  EXPECT_EQ(curve.devices[1][0].pulses, 0U) << "nothing is known before the first reading";
}

TEST_F(curve_file, says_where_it_is_malformed) {
  const std::string header = "pulse,direction,weight\n";
  EXPECT_EQ(refusal(""), ":0:0: holds no line with the names of columns, such as pulse,direction,conductance");
  EXPECT_EQ(refusal(header), ":1:0: holds no readings");
  EXPECT_EQ(
      refusal("# x\npulse,directoin,weight\n").find(":2:0: unknown column 'directoin'; did you mean 'direction'?"), 0U);
  EXPECT_EQ(refusal("pulse,pulse,weight\n"), ":1:0: two columns 'pulse'");
  EXPECT_EQ(refusal("direction,weight\n"), ":1:0: column 'pulse' is missing");
  EXPECT_EQ(refusal("pulse,direction\n"), ":1:0: needs one column of values: either conductance or weight");
  EXPECT_EQ(refusal("pulse,direction,weight,conductance\n"),
            ":1:0: needs one column of values: either conductance or weight");
  EXPECT_EQ(refusal(header + "1,up\n"), ":2:0: expected 3 values, got 2");
  EXPECT_EQ(refusal(header + "1,up,0,\n"), ":2:0: expected 3 values, got 4");
  EXPECT_EQ(refusal(header + "1,left,0\n"), ":2:0: direction: expected up or down, got 'left'");
  EXPECT_EQ(refusal(header + "-1,up,0\n"), ":2:0: pulse: expected a whole number of at least 0, got '-1'");
  EXPECT_EQ(refusal(header + "1,up,0.1V\n"), ":2:0: weight: expected a number, got '0.1V'");
  EXPECT_EQ(refusal(header + "1,up,nan\n"), ":2:0: weight: expected a number, got 'nan'");
  EXPECT_EQ(refusal(header + "1,up,0\n1,up,1\n"),
            ":3:0: pulse 1 does not follow pulse 1 of the same direction; 0 starts anew");
  EXPECT_EQ(refusal(header + "1,up,0\n4000000000,up,1\n"),
            ":3:0: 3999999999 pulses since the reading before; at most 1000000");
}

TEST(curve_files, that_cannot_be_opened_are_named) {
  EXPECT_THROW(read_curve("/nowhere/pulses.csv"), input_error);
  EXPECT_THROW(read_curve("/"), input_error);
}

} // namespace
} // namespace tilework::catalog
