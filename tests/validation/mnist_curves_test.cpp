// SPDX-License-Identifier: Apache-2.0
// Training algorithms on real MNIST against curves of the device simulator AIHWKit 1.1.0 (one run each):
// 784-256-128-10, sigmoid, batch 10, learning rate 0.05, preset IO. Needs TILEWORK_GOLDEN with mnist_train_curves.csv.
#include "support/csv.h"
#include "training_run.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::test {
namespace {

constexpr unsigned seeds = 3;

class mnist_curves : public data_runs {
protected:
  void SetUp() override {
    const auto* folder = std::getenv("TILEWORK_GOLDEN");
    if (folder == nullptr)
      GTEST_SKIP() << "needs reference curves: set TILEWORK_GOLDEN to a folder that holds mnist_train_curves.csv";
    rows_ = read_csv(std::string(folder) + "/mnist_train_curves.csv");
    data_runs::SetUp();
  }

  [[nodiscard]] training_curves reference(const std::string& name) const {
    training_curves found;
    for (const auto& row : rows_)
      if (row.at("config") == name && row.at("batch") == "10") {
        found.accuracy.push_back(std::stod(row.at("test_acc")));
        found.test_loss.push_back(std::stod(row.at("test_loss")));
      }
    return found;
  }

  /// Our runs of as many epochs as the reference has.
  [[nodiscard]] std::vector<training_curves> ours(const std::string& name, const std::string& options,
                                                  const std::string& experiment = "mnist_preset",
                                                  unsigned runs_of_ours = seeds) {
    const auto epochs = reference(name).accuracy.size();
    auto runs = run_seeds(experiment, 1, runs_of_ours, fmt::format("--set training.epochs={} {}", epochs, options));
    fmt::print("| {} | reference |", name);
    for (const double a : reference(name).accuracy)
      fmt::print(" {:.2f} |", 100 * a);
    fmt::print("\n");
    for (unsigned s = 0; s < runs_of_ours; ++s) {
      fmt::print("| {} | seed {} |", name, s + 1);
      for (const double a : runs[s].accuracy)
        fmt::print(" {:.2f} |", 100 * a);
      fmt::print("\n");
    }
    return runs;
  }

  /// Mean accuracy of the last two epochs within a point.
  void expect_same_plateau(const std::string& name, const std::vector<training_curves>& runs) const {
    const auto last_two = [](const training_curves& c) {
      const auto n = c.accuracy.size();
      return (c.accuracy[n - 1] + c.accuracy[n - 2]) / 2;
    };
    const double here = mean(each(runs, last_two));
    const double there = last_two(reference(name));
    fmt::print("{}: mean of the last two epochs {:.2f} % here, {:.2f} % reference\n", name, 100 * here, 100 * there);
    EXPECT_NEAR(here, there, 0.010) << name;
  }

  /// Interpolated epochs at which accuracies are passed, as far as the reference passes them while it still rises
  /// steeply.
  void expect_same_rise(const std::string& name, const std::vector<training_curves>& runs) const {
    const auto there = reference(name).accuracy;
    for (const double level : {0.50, 0.90, 0.95}) {
      if (there.back() < level)
        continue;
      const double here = mean(each(runs, [&](const training_curves& c) { return passed_at(c.accuracy, level); }));
      fmt::print("{}: {:.0f} % passed at epoch {:.2f} here, {:.2f} reference\n", name, 100 * level, here,
                 passed_at(there, level));
      EXPECT_NEAR(here, passed_at(there, level), 0.6) << name << " at " << level;
    }
  }

private:
  std::vector<csv_row> rows_;
};

TEST_F(mnist_curves, ttv2_ecram) {
  const auto runs = ours("ttv2_ecram", "--set preset=TTv2EcRam");
  expect_same_plateau("ttv2_ecram", runs);
  expect_same_rise("ttv2_ecram", runs);
}

TEST_F(mnist_curves, ttv2_ecram_reaches_97_percent_within_10_epochs) {
  const auto c = run("mnist_preset", 1, "--set preset=TTv2EcRam --set training.epochs=10");
  EXPECT_GE(*std::ranges::max_element(c.accuracy), 0.97);
}

TEST_F(mnist_curves, agad_ecram) {
  const auto runs = ours("agad_ecram", "--set preset=AGADEcRam");
  expect_same_plateau("agad_ecram", runs);
  expect_same_rise("agad_ecram", runs);
}

TEST_F(mnist_curves, tiki_taka_ecram) {
  const auto runs = ours("tt_ecram", "--set preset=TikiTakaEcRam");
  expect_same_plateau("tt_ecram", runs);
  expect_same_rise("tt_ecram", runs);
}

TEST_F(mnist_curves, sgd_constant_step) {
  expect_same_plateau("cs", ours("cs", "--set training.batch_size=10 --set training.learning_rate=0.05", "mnist_sgd"));
}

TEST_F(mnist_curves, sgd_gokmen_vlasov) {
  expect_same_plateau("gokmen", ours("gokmen", "--set preset=GokmenVlasov"));
}

TEST_F(mnist_curves, sgd_ecram) {
  const auto runs = ours("ecram", "--set preset=EcRam");
  expect_same_plateau("ecram", runs);
  expect_same_rise("ecram", runs);
}

/// Runs on these devices differ by 10 % of the loss from seed to seed: a mean over three would miss 10 % by chance.
TEST_F(mnist_curves, sgd_reram_sb_by_loss) {
  constexpr unsigned many_seeds = 8;
  const auto runs = ours("reram_sb", "--set preset=ReRamSB", "mnist_preset", many_seeds);
  const auto there = reference("reram_sb");
  for (std::size_t e = 0; e < there.test_loss.size(); ++e) {
    const double here = mean(each(runs, [&](const training_curves& c) { return c.test_loss[e]; }));
    fmt::print("reram_sb: test loss of epoch {} {:.3f} here, {:.3f} reference\n", e + 1, here, there.test_loss[e]);
    EXPECT_NEAR(here, there.test_loss[e], 0.1 * there.test_loss[e]) << "epoch " << e + 1;
  }
}

/// Reported, not compared: what transfer algorithms make of the devices on which SGD does badly.
TEST_F(mnist_curves, transfers_on_reram_sb) {
  const auto sgd = run("mnist_preset", 1, "--set preset=ReRamSB --set training.epochs=5");
  for (const std::string name : {"TTv2ReRamSB", "ChoppedTTv2ReRamSB", "AGADReRamSB"}) {
    const auto c = run("mnist_preset", 1, fmt::format("--set preset={} --set training.epochs=5", name));
    ASSERT_EQ(c.accuracy.size(), 5U);
    fmt::print("| {} | {:.2f} | SGD {:.2f} |\n", name, 100 * c.accuracy.back(), 100 * sgd.accuracy.back());
  }
}

} // namespace
} // namespace tilework::test
