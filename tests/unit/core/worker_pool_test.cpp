// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/worker_pool.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
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

/// The second stage sums what the first one wrote.
class two_stages final : public kernel {
public:
  [[nodiscard]] std::uint32_t blocks() const override { return stage_ == 0 ? 40 : 8; }
  [[nodiscard]] double estimated_block_ns() const override { return 1e5; }
  void run_block(std::uint32_t block) override {
    if (stage_ == 0)
      squares_.at(block) = block * block;
    else
      sums_.at(block) = std::accumulate(squares_.begin(), squares_.end(), block);
  }
  bool advance() override { return stage_++ == 0; }
  [[nodiscard]] bool is_right() const {
    for (std::uint32_t b = 0; b < sums_.size(); ++b)
      if (sums_.at(b) != 20540 + b) // 0 + 1 + 4 + ... + 39^2
        return false;
    return stage_ == 2;
  }

private:
  unsigned stage_ = 0;
  std::array<std::uint32_t, 40> squares_{};
  std::array<std::uint32_t, 8> sums_{};
};

TEST_P(worker_pool_with, runs_a_stage_when_the_one_before_is_complete) {
  worker_pool pool(GetParam());
  for (int i = 0; i < 200; ++i) {
    two_stages a;
    counting_kernel b(5);
    two_stages c;
    const std::array<kernel*, 3> kernels{&a, &b, &c};
    pool.run(kernels);
    EXPECT_TRUE(a.is_right());
    EXPECT_TRUE(b.each_ran(1));
    EXPECT_TRUE(c.is_right());
  }
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

TEST(worker_pool, of_zero_threads_uses_all_cores) {
  EXPECT_EQ(worker_pool(0).threads(), std::max(1U, std::thread::hardware_concurrency()));
}

INSTANTIATE_TEST_SUITE_P(threads, worker_pool_with, testing::Values(1U, 2U, 5U));

} // namespace
} // namespace tilework
