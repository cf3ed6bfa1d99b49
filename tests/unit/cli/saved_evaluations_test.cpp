// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/saved_evaluations.h>

#include <gtest/gtest.h>

#include <sstream>

namespace tilework::cli {
namespace {

std::vector<evaluation_row> two_rows() {
  evaluation_row first{1, 0.5, 0.75, 0.875, 3e-6, 2e-9};
  first.digital_accuracy = 0.9;
  evaluation_row second{2, 0.4, 0.65, 0.9, 6e-6, 4e-9};
  second.averaged_accuracy = 0.95;
  second.layers = {{.forward_snr_dB = 20, .mean_bl = 3, .roles = {{0.25, 100, 300}, {0.5, 1, 2}}},
                   {.backward_snr_dB = 10,
                    .transfer_read_snr_dB = -3,
                    .adc_saturation = 0.1,
                    .clip_rate = 0.2,
                    .hidden_firing_rate = 0.3,
                    .gradient_cosine = 0.4}};
  return {first, second};
}

TEST(saved_evaluations, come_back_as_they_were) {
  std::stringstream stream;
  byte_writer writer(stream);
  save_evaluations(writer, two_rows());
  byte_reader reader(stream);
  std::vector<evaluation_row> rows;
  restore_evaluations(reader, rows);
  const auto expected = two_rows();
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(rows[r].epoch, expected[r].epoch);
    EXPECT_EQ(rows[r].train_loss, expected[r].train_loss);
    EXPECT_EQ(rows[r].test_loss, expected[r].test_loss);
    EXPECT_EQ(rows[r].test_accuracy, expected[r].test_accuracy);
    EXPECT_EQ(rows[r].simulated_time_s, expected[r].simulated_time_s);
    EXPECT_EQ(rows[r].energy_J, expected[r].energy_J);
    EXPECT_EQ(rows[r].digital_accuracy, expected[r].digital_accuracy);
    EXPECT_EQ(rows[r].averaged_accuracy, expected[r].averaged_accuracy);
    EXPECT_EQ(rows[r].layers, expected[r].layers);
  }
}

TEST(saved_evaluations, that_end_early_or_are_impossible_are_refused) {
  std::stringstream stream;
  byte_writer writer(stream);
  save_evaluations(writer, two_rows());
  const auto whole = stream.str();
  std::vector<evaluation_row> rows;
  for (const std::size_t length : {std::size_t{4}, whole.size() / 2, whole.size() - 1}) {
    std::istringstream cut(whole.substr(0, length));
    byte_reader reader(cut);
    EXPECT_THROW(restore_evaluations(reader, rows), input_error) << length;
  }
  std::istringstream garbage(std::string(64, '\x7f'));
  byte_reader reader(garbage);
  EXPECT_THROW(restore_evaluations(reader, rows), input_error);
}

} // namespace
} // namespace tilework::cli
