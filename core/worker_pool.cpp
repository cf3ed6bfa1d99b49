// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/aligned_vector.h>
#include <tilework/core/worker_pool.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace tilework {
namespace {

constexpr double inline_below_ns = 20'000;
constexpr auto spin_time = std::chrono::microseconds(50);
constexpr int spins_before_yield = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

} // namespace

struct worker_pool::state {
  /// A kernel's blocks in the order in which blocks are taken.
  struct share {
    kernel* work;
    std::uint32_t blocks;
    double block_ns;
  };

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<share> shares; // changes only while no block is running
  // Each of the counters below has a cache line of its own: threads that spin on one do not slow down the others.
  // Fork number (upper half) and blocks left to take: a worker that comes late cannot take a block of another fork, so
  // nobody has to wait for workers that took none.
  alignas(cache_line_bytes) std::atomic<std::uint64_t> ticket{0};
  alignas(cache_line_bytes) std::atomic<std::uint32_t> finished_blocks{0};
  alignas(cache_line_bytes) std::atomic<unsigned> parked{0};
  std::atomic<bool> stop{false};
  std::exception_ptr failure;

  [[nodiscard]] std::uint32_t fork_number() const { return static_cast<std::uint32_t>(ticket.load() >> 32U); }

  void run_flat_block(std::uint32_t flat) {
    for (const auto& s : shares) {
      if (flat < s.blocks)
        return s.work->run_block(flat);
      flat -= s.blocks;
    }
  }

  /// A block of a fork, if there is one left: the highest number, so shares are sorted by growing blocks.
  std::optional<std::uint32_t> take(std::uint32_t fork) {
    auto seen = ticket.load();
    while (seen >> 32U == fork && static_cast<std::uint32_t>(seen) > 0)
      if (ticket.compare_exchange_weak(seen, seen - 1))
        return static_cast<std::uint32_t>(seen) - 1;
    return std::nullopt;
  }

  void take_blocks(std::uint32_t fork) {
    std::uint32_t done = 0;
    while (const auto block = take(fork)) {
      try {
        run_flat_block(*block);
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure)
          failure = std::current_exception();
      }
      ++done;
    }
    finished_blocks.fetch_add(done, std::memory_order_release);
  }

  void wait_for_fork(std::uint32_t seen) {
    const auto park_at = std::chrono::steady_clock::now() + spin_time;
    for (int i = 0; fork_number() == seen; ++i) {
      pause();
      if (i % 64 == 0 && std::chrono::steady_clock::now() > park_at) {
        std::unique_lock lock(mutex);
        parked.fetch_add(1);
        wake.wait(lock, [&] { return fork_number() != seen; });
        parked.fetch_sub(1);
        return;
      }
    }
  }

  void work() {
    for (std::uint32_t seen = 0;;) {
      wait_for_fork(seen);
      seen = fork_number();
      if (stop.load())
        return;
      take_blocks(seen);
    }
  }

  /// Publishes a fork of so many blocks and returns its number.
  std::uint32_t fork(std::uint32_t blocks) {
    const std::uint32_t number = fork_number() + 1;
    finished_blocks = 0;
    ticket.store(std::uint64_t{number} << 32U | blocks);
    if (parked.load() > 0) {
      const std::scoped_lock lock(mutex); // a worker about to park sees the new fork or gets the notification
      wake.notify_all();
    }
    return number;
  }

  void join(std::uint32_t blocks) {
    for (int i = 0; finished_blocks.load(std::memory_order_acquire) < blocks; ++i) {
      if (i < spins_before_yield)
        pause();
      else
        std::this_thread::yield(); // the block's thread may be waiting for this core
    }
  }
};

worker_pool::worker_pool(unsigned threads) : state_(std::make_unique<state>()) {
  if (threads == 0)
    threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < threads; ++i)
    state_->workers.emplace_back([s = state_.get()] { s->work(); });
}

worker_pool::~worker_pool() {
  state_->stop = true;
  state_->fork(0);
  for (auto& worker : state_->workers)
    worker.join();
}

unsigned worker_pool::threads() const {
  return static_cast<unsigned>(state_->workers.size()) + 1;
}

void worker_pool::run(std::span<kernel* const> kernels) {
  if (state_->workers.empty()) {
    for (auto* k : kernels)
      run_inline(*k);
    return;
  }
  auto& shares = state_->shares;
  shares.clear();
  for (auto* k : kernels)
    shares.push_back({k, 0, 0});
  while (!shares.empty()) {
    for (auto& s : shares) {
      s.blocks = s.work->blocks();
      s.block_ns = s.work->estimated_block_ns();
    }
    run_stage();
    std::erase_if(shares, [](const auto& s) { return !s.work->advance(); });
  }
}

void worker_pool::run_stage() {
  auto& s = *state_;
  std::uint32_t blocks = 0;
  double work_ns = 0;
  for (const auto& share : s.shares) {
    blocks += share.blocks;
    work_ns += share.blocks * share.block_ns;
  }
  if (blocks < 2 || work_ns < inline_below_ns) {
    for (const auto& share : s.shares)
      for (std::uint32_t b = 0; b < share.blocks; ++b)
        share.work->run_block(b);
    return;
  }
  std::ranges::sort(s.shares, {}, &state::share::block_ns);
  s.take_blocks(s.fork(blocks));
  s.join(blocks);
  if (s.failure)
    std::rethrow_exception(std::exchange(s.failure, nullptr));
}

} // namespace tilework
