// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/worker_pool.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tilework {
namespace {

/// Counts how often each block ran; claims to be expensive, so that the pool is used.
class counting_kernel : public kernel {
public:
  explicit counting_kernel(std::uint32_t blocks) : runs_(blocks) {}
  [[nodiscard]] std::uint32_t blocks() const override { return static_cast<std::uint32_t>(runs_.size()); }
  [[nodiscard]] double estimated_block_ns() const override { return 1e6; }
  void run_block(std::uint32_t block) override { runs_.at(block).fetch_add(1); }
  [[nodiscard]] bool each_ran(int times) const {
    return std::ranges::all_of(runs_, [times](const auto& r) { return r.load() == times; });
  }

private:
  std::vector<std::atomic<int>> runs_;
};

class failing_kernel : public counting_kernel {
public:
  using counting_kernel::counting_kernel;
  void run_block(std::uint32_t block) override {
    counting_kernel::run_block(block);
    if (block == 3)
      throw std::runtime_error("block 3");
  }
};

class worker_pool_with : public testing::TestWithParam<unsigned> {};

TEST_P(worker_pool_with, runs_every_block_of_every_kernel_once_per_fork) {
  worker_pool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  counting_kernel a(7);
  counting_kernel none(0);
  counting_kernel b(32);
  const std::array<kernel*, 3> kernels{&a, &none, &b};
  for (int i = 0; i < 500; ++i)
    pool.run(kernels);
  EXPECT_TRUE(a.each_ran(500));
  EXPECT_TRUE(b.each_ran(500));
}

TEST_P(worker_pool_with, wakes_parked_workers) {
  worker_pool pool(GetParam());
  counting_kernel k(16);
  const std::array<kernel*, 1> kernels{&k};
  for (int i = 1; i <= 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // far beyond the spin time
    pool.run(kernels);
    EXPECT_TRUE(k.each_ran(i));
  }
}

TEST_P(worker_pool_with, passes_an_exception_on_and_stays_usable) {
  worker_pool pool(GetParam());
  failing_kernel bad(8);
  counting_kernel good(8);
  std::array<kernel*, 1> kernels{&bad};
  EXPECT_THROW(pool.run(kernels), std::runtime_error);
  kernels = {&good};
  pool.run(kernels);
  EXPECT_TRUE(good.each_ran(1));
}

INSTANTIATE_TEST_SUITE_P(threads, worker_pool_with, testing::Values(1U, 2U, 5U));

} // namespace
} // namespace tilework
