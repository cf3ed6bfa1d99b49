// SPDX-License-Identifier: Apache-2.0
// Published figures of all shipped machines and bills of materials against what this project has for them. Bookkeeping
// must hold; predictions that state a tolerance as well.
#include <tilework/config/reader.h>
#include <tilework/platforms/bill_of_materials.h>
#include <tilework/platforms/machine_costs.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/published.h>
#include <tilework/platforms/technology_file.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace tilework::platform {
namespace {

std::filesystem::path folder(const std::string& name) {
  const char* const source = std::getenv("TILEWORK_SOURCE");
  if (source == nullptr)
    throw std::runtime_error("TILEWORK_SOURCE must name the source tree");
  return std::filesystem::path(source) / "platforms" / name;
}

struct comparison {
  published_figure figure;
  double ours = 0;
};

template <typename Costs>
std::vector<comparison> compared(const Costs& costs, const std::vector<published_figure>& figures) {
  std::vector<comparison> all;
  for (const auto& figure : figures)
    all.push_back({figure, computed(costs, figure)});
  return all;
}

std::vector<comparison> machine_figures(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  config::reader r(document);
  const machine_costs costs(read_machine(r), read_technologies(r));
  return compared(costs, read_published(r));
}

std::vector<comparison> bill_figures(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  config::reader r(document);
  const auto bill = read_bill(r);
  return compared(bill, bill.published);
}

void expect_within_tolerance(const std::vector<comparison>& all, const std::filesystem::path& file) {
  for (const auto& [figure, ours] : all) {
    EXPECT_FALSE(figure.origin.source.empty());
    if (figure.tolerance > 0) {
      EXPECT_LE(std::abs(error_of(ours, figure)), figure.tolerance)
          << file << ": " << name_of(figure.quantity) << " of " << figure.of << ": " << figure.value
          << " was published, ours is " << ours;
    }
  }
}

std::size_t check_folder(const char* name, std::vector<comparison> (*figures)(const std::filesystem::path&)) {
  std::size_t rows = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder(name))) {
    const auto all = figures(entry.path());
    expect_within_tolerance(all, entry.path());
    rows += all.size();
  }
  return rows;
}

TEST(published_figures, of_shipped_machines_hold) {
  EXPECT_GE(check_folder("machines", machine_figures), 24U);
}

TEST(published_figures, of_shipped_bills_of_materials_hold) {
  EXPECT_GE(check_folder("bills", bill_figures), 9U);
}

/// Four reads of 128 ns and the rest of a product once, against 3.92.
TEST(published_figures, time_of_four_phases_against_one) {
  const auto time_of = [](const char* file) {
    const auto document = config::document::load(folder("machines") / file);
    config::reader r(document);
    const machine_costs costs(read_machine(r), read_technologies(r));
    const bool phases = costs.machine().tile.weight_phases > 1;
    return costs
        .operation("forward_mvm",
                   {.mv_type = phases ? physics::mv_type::pos_neg_separate_digital_sum : physics::mv_type::one_pass})
        .time.seconds();
  };
  EXPECT_NEAR(time_of("hermes_chip_4phase.yaml") / time_of("hermes_chip.yaml"), 3.92, 0.03 * 3.92);
}

} // namespace
} // namespace tilework::platform
