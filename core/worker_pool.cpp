// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/worker_pool.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tilework {
namespace {

constexpr double inline_below_ns = 20'000;
constexpr auto spin_time = std::chrono::microseconds(50);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

} // namespace

struct worker_pool::state {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  // A fork: kernels and the number of blocks are published by the release of `generation`.
  std::span<kernel* const> kernels;
  std::uint32_t total_blocks = 0;
  std::atomic<std::uint64_t> generation{0};
  std::atomic<std::uint32_t> next_block{0};
  std::atomic<std::uint32_t> working{0}; // workers that have not left the current fork
  std::atomic<unsigned> parked{0};
  std::atomic<bool> stop{false};
  std::exception_ptr failure;

  void run_flat_block(std::uint32_t flat) {
    for (auto* k : kernels) {
      if (flat < k->blocks()) return k->run_block(flat);
      flat -= k->blocks();
    }
  }

  void take_blocks() {
    for (auto b = next_block.fetch_add(1, std::memory_order_relaxed); b < total_blocks;
         b = next_block.fetch_add(1, std::memory_order_relaxed)) {
      try {
        run_flat_block(b);
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  }

  void wait_for_fork(std::uint64_t seen) {
    const auto park_at = std::chrono::steady_clock::now() + spin_time;
    for (int i = 0; generation.load(std::memory_order_acquire) == seen; ++i) {
      pause();
      if (i % 64 == 0 && std::chrono::steady_clock::now() > park_at) {
        std::unique_lock lock(mutex);
        parked.fetch_add(1);
        wake.wait(lock, [&] { return generation.load() != seen; });
        parked.fetch_sub(1);
        return;
      }
    }
  }

  void work() {
    for (std::uint64_t seen = 0;;) {
      wait_for_fork(seen);
      seen = generation.load(std::memory_order_acquire);
      if (stop.load()) return;
      take_blocks();
      working.fetch_sub(1, std::memory_order_release);
    }
  }

  void fork() {
    generation.fetch_add(1);
    if (parked.load() == 0) return;
    const std::scoped_lock lock(mutex); // a worker about to park sees the new generation or gets the notification
    wake.notify_all();
  }
};

worker_pool::worker_pool(unsigned threads) : state_(std::make_unique<state>()) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < threads; ++i) state_->workers.emplace_back([s = state_.get()] { s->work(); });
}

worker_pool::~worker_pool() {
  state_->stop = true;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->generation.fetch_add(1);
  }
  state_->wake.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

unsigned worker_pool::threads() const { return static_cast<unsigned>(state_->workers.size()) + 1; }

void worker_pool::run(std::span<kernel* const> kernels) {
  std::uint32_t blocks = 0;
  double work_ns = 0;
  for (const auto* k : kernels) {
    blocks += k->blocks();
    work_ns += k->blocks() * k->estimated_block_ns();
  }
  if (state_->workers.empty() || blocks < 2 || work_ns < inline_below_ns) {
    for (auto* k : kernels)
      for (std::uint32_t b = 0; b < k->blocks(); ++b) k->run_block(b);
    return;
  }
  auto& s = *state_;
  s.kernels = kernels;
  s.total_blocks = blocks;
  s.next_block.store(0, std::memory_order_relaxed);
  s.working.store(static_cast<std::uint32_t>(s.workers.size()), std::memory_order_relaxed);
  s.fork();
  s.take_blocks();
  while (s.working.load(std::memory_order_acquire) != 0) pause();
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
}

} // namespace tilework
