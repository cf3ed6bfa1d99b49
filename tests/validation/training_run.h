// SPDX-License-Identifier: Apache-2.0
/// \file Runs experiments with the real program and reads their curves.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace tilework::test {

using curve = std::vector<double>; ///< after epoch 1, 2, ...

struct training_curves {
  curve accuracy; ///< of the test set, fraction
  curve test_loss;
  curve digital_accuracy; ///< of the mean of the copies in floating point, where asked for
};

/// A folder of its own for the runs of a test.
class training_runs : public testing::Test {
protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / fmt::format("tilework-validation-{}", getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// Runs an experiment file with further options of the program; returns the directory of the run.
  [[nodiscard]] std::filesystem::path execute(const std::string& experiment, unsigned seed,
                                              const std::string& options) {
    auto out = directory_ / fmt::format("run-{}", ++runs_);
    const auto command =
        fmt::format("{} run {}/{}.yaml --seed {} --threads 1 --out {} {} > {}.log 2>&1", TILEWORK_PROGRAM,
                    TILEWORK_EXPERIMENTS, experiment, seed, out.string(), options, out.string());
    const int status = std::system(command.c_str());
    EXPECT_EQ(status, 0) << command;
    return out;
  }

  [[nodiscard]] training_curves run(const std::string& experiment, unsigned seed, const std::string& options) {
    training_curves curves;
    std::ifstream metrics(execute(experiment, seed, options) / "metrics.jsonl");
    for (std::string line; std::getline(metrics, line);) {
      const auto row = nlohmann::json::parse(line);
      curves.accuracy.push_back(row.at("test_accuracy").get<double>());
      curves.test_loss.push_back(row.at("test_loss").get<double>());
      if (row.contains("digital_accuracy"))
        curves.digital_accuracy.push_back(row.at("digital_accuracy").get<double>());
    }
    return curves;
  }

  /// The same for several seeds, two at a time: the machine has two cores.
  [[nodiscard]] std::vector<training_curves> run_seeds(const std::string& experiment, unsigned first, unsigned count,
                                                       const std::string& options) {
    std::vector<training_curves> curves(count);
    for (unsigned k = 0; k < count; k += 2) {
      auto other = std::async(std::launch::async, [&] {
        return k + 1 < count ? run(experiment, first + k + 1, options) : training_curves{};
      });
      curves[k] = run(experiment, first + k, options);
      auto second = other.get();
      if (k + 1 < count)
        curves[k + 1] = std::move(second);
    }
    return curves;
  }

private:
  std::filesystem::path directory_;
  std::atomic<unsigned> runs_{0};
};

/// Runs that need real data.
class data_runs : public training_runs {
protected:
  void SetUp() override {
    if (std::getenv("TILEWORK_DATA") == nullptr)
      GTEST_SKIP() << "needs MNIST: set TILEWORK_DATA to a folder that holds mnist/*-ubyte.gz";
    training_runs::SetUp();
  }
};

inline double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// First epoch after which an accuracy is reached; infinite if none does.
inline double first_epoch_at(const curve& c, double accuracy) {
  const auto found = std::ranges::find_if(c, [&](double a) { return a >= accuracy; });
  return found == c.end() ? std::numeric_limits<double>::infinity() : static_cast<double>(found - c.begin() + 1);
}

/// Epoch, linearly interpolated, at which an accuracy is passed; before training it is that of chance.
inline double passed_at(const curve& c, double accuracy) {
  double before = 0.1;
  for (std::size_t e = 0; e < c.size(); ++e) {
    if (c[e] >= accuracy)
      return static_cast<double>(e) + (accuracy - before) / (c[e] - before);
    before = c[e];
  }
  return static_cast<double>(c.size());
}

template <typename Runs, typename F>
std::vector<double> each(const Runs& runs, F f) {
  std::vector<double> values;
  for (const auto& r : runs)
    values.push_back(f(r));
  return values;
}

} // namespace tilework::test
