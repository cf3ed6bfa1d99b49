// SPDX-License-Identifier: Apache-2.0
// Training on real MNIST against the device simulator AIHWKit 1.1.0: 784-256-128-10, sigmoid, log-softmax + NLL,
// ConstantStep with default parameters and default IO, sample by sample.
#include "training_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::test {
namespace {

/// Reference runs, learning rate 0.05 constant, seeds 2 to 6.
const std::array<curve, 5> reference{{{.9512, .9628, .9721, .9723, .9766, .9773},
                                      {.9431, .9588, .9708, .9710, .9741, .9776},
                                      {.9445, .9610, .9691, .9736, .9754, .9793},
                                      {.9482, .9672, .9708, .9741, .9761, .9789},
                                      {.9474, .9651, .9666, .9753, .9750, .9767}}};

using mnist = data_runs;

double squared_standard_error(const std::vector<double>& values) {
  const double m = mean(values);
  double squares = 0;
  for (const double v : values)
    squares += (v - m) * (v - m);
  const auto n = static_cast<double>(values.size());
  return squares / (n - 1) / n;
}

/// Mean accuracy of epochs 4 to 6.
double plateau(const curve& c) {
  return (c[3] + c[4] + c[5]) / 3;
}

void print_curve(unsigned seed, const curve& c) {
  std::string line = fmt::format("| {} |", seed);
  for (const double accuracy : c)
    line += fmt::format(" {:.2f} |", 100 * accuracy);
  fmt::print("{}\n", line);
}

TEST_F(mnist, constant_step_follows_the_reference) {
  const auto runs = run_seeds("mnist_sgd", 2, 5, "--set training.epochs=6 --set training.learning_rate=0.05");
  std::vector<curve> measured;
  for (const auto& r : runs)
    measured.push_back(r.accuracy);
  for (unsigned seed = 2; seed <= 6; ++seed) {
    ASSERT_EQ(measured[seed - 2].size(), 6U);
    print_curve(seed, measured[seed - 2]);
  }
  const auto ours = each(measured, plateau);
  const auto theirs = each(reference, plateau);
  const double error = std::sqrt(squared_standard_error(ours) + squared_standard_error(theirs));
  fmt::print("epochs 4-6: {:.3f} % here, {:.3f} % reference, standard error of the difference {:.3f} points\n",
             100 * mean(ours), 100 * mean(theirs), 100 * error);
  EXPECT_NEAR(mean(ours), mean(theirs), std::max(0.005, 2 * error));
  for (const double level : {0.94, 0.96}) {
    const double here = mean(each(measured, [&](const curve& c) { return passed_at(c, level); }));
    const double there = mean(each(reference, [&](const curve& c) { return passed_at(c, level); }));
    fmt::print("{:.0f} % passed at epoch {:.2f} here, {:.2f} reference\n", 100 * level, here, there);
    EXPECT_NEAR(here, there, 0.5);
  }
}

TEST_F(mnist, constant_step_with_falling_rate_reaches_97_5) {
  const auto accuracy = run("mnist_sgd", 1, "").accuracy;
  print_curve(1, accuracy);
  ASSERT_EQ(accuracy.size(), 10U);
  EXPECT_GE(*std::ranges::max_element(accuracy), 0.975);
}

TEST_F(mnist, ideal_floating_point_reaches_97_8) {
  const auto accuracy = run("mnist_ideal", 1, "").accuracy;
  print_curve(1, accuracy);
  ASSERT_EQ(accuracy.size(), 10U);
  EXPECT_GE(*std::ranges::max_element(accuracy), 0.978);
}

} // namespace
} // namespace tilework::test
