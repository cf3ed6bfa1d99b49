// SPDX-License-Identifier: Apache-2.0
// Training on real MNIST against the device simulator AIHWKit 1.1.0: 784-256-128-10, sigmoid, log-softmax + NLL,
// ConstantStep with default parameters and default IO, sample by sample.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <numeric>
#include <string>
#include <vector>

namespace {

using curve = std::vector<double>; ///< test accuracy after epoch 1, 2, ...

/// Reference runs, learning rate 0.05 constant, seeds 2 to 6.
const std::array<curve, 5> reference{{{.9512, .9628, .9721, .9723, .9766, .9773},
                                      {.9431, .9588, .9708, .9710, .9741, .9776},
                                      {.9445, .9610, .9691, .9736, .9754, .9793},
                                      {.9482, .9672, .9708, .9741, .9761, .9789},
                                      {.9474, .9651, .9666, .9753, .9750, .9767}}};

class mnist : public testing::Test {
protected:
  void SetUp() override {
    if (std::getenv("TILEWORK_DATA") == nullptr)
      GTEST_SKIP() << "needs MNIST: set TILEWORK_DATA to a folder that holds mnist/*-ubyte.gz";
    directory_ = std::filesystem::temp_directory_path() / fmt::format("tilework-validation-{}", getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// Runs an experiment and returns its accuracy curve.
  [[nodiscard]] curve run(const std::string& experiment, unsigned seed, const std::string& options) const {
    const auto out = directory_ / fmt::format("{}-{}", experiment, seed);
    const auto command =
        fmt::format("{} run {}/{}.yaml --seed {} --threads 1 --out {} {} > {}.log 2>&1", TILEWORK_PROGRAM,
                    TILEWORK_EXPERIMENTS, experiment, seed, out.string(), options, out.string());
    const int status = std::system(command.c_str());
    EXPECT_EQ(status, 0) << command;
    curve accuracy;
    std::ifstream metrics(out / "metrics.jsonl");
    for (std::string line; std::getline(metrics, line);)
      accuracy.push_back(nlohmann::json::parse(line).at("test_accuracy").get<double>());
    return accuracy;
  }

private:
  std::filesystem::path directory_;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

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

/// Epoch, linearly interpolated, at which an accuracy is passed; before training the accuracy is that of chance.
double passed_at(const curve& c, double accuracy) {
  double before = 0.1;
  for (std::size_t e = 0; e < c.size(); ++e) {
    if (c[e] >= accuracy)
      return static_cast<double>(e) + (accuracy - before) / (c[e] - before);
    before = c[e];
  }
  return static_cast<double>(c.size());
}

template <typename Curves, typename F>
std::vector<double> each(const Curves& curves, F f) {
  std::vector<double> values;
  for (const auto& c : curves)
    values.push_back(f(c));
  return values;
}

void print_curve(unsigned seed, const curve& c) {
  std::string line = fmt::format("| {} |", seed);
  for (const double accuracy : c)
    line += fmt::format(" {:.2f} |", 100 * accuracy);
  fmt::print("{}\n", line);
}

TEST_F(mnist, constant_step_follows_the_reference) {
  std::vector<curve> measured(5);
  constexpr auto options = "--set training.epochs=6 --set training.learning_rate=0.05";
  for (unsigned seed = 2; seed <= 6; seed += 2) { // two at a time: the machine has two cores
    auto other =
        std::async(std::launch::async, [&] { return seed + 1 <= 6 ? run("mnist_sgd", seed + 1, options) : curve{}; });
    measured[seed - 2] = run("mnist_sgd", seed, options);
    if (auto c = other.get(); !c.empty())
      measured[seed - 1] = c;
  }
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
  const auto accuracy = run("mnist_sgd", 1, "");
  print_curve(1, accuracy);
  ASSERT_EQ(accuracy.size(), 10U);
  EXPECT_GE(*std::ranges::max_element(accuracy), 0.975);
}

TEST_F(mnist, ideal_floating_point_reaches_97_8) {
  const auto accuracy = run("mnist_ideal", 1, "");
  print_curve(1, accuracy);
  ASSERT_EQ(accuracy.size(), 10U);
  EXPECT_GE(*std::ranges::max_element(accuracy), 0.978);
}

} // namespace
