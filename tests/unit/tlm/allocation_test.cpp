// SPDX-License-Identifier: Apache-2.0
// Nothing on the way of a transaction allocates once it is warm. The counter replaces the global allocation function of
// this test program; sanitizers replace it themselves, so it is left alone there.
#include "probes.h"

#include <tilework/tlm/four_phase_initiator.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counting = false;
#else
constexpr bool counting = true;
#endif

namespace {
std::atomic<std::uint64_t> allocations{0};
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
#endif

namespace tilework::transaction {
namespace {

class allocation : public testing::Test {
protected:
  allocation() : model(time), initiator("initiator", [](auto&) {}), target("target", time, model, 2) {
    initiator.socket.bind(target.socket);
    model.arrivals.reserve(10'000); // the probe's own log
  }
  void SetUp() override {
    if (!counting)
      GTEST_SKIP() << "the sanitizer owns the allocation functions";
  }
  template <typename Action>
  static std::uint64_t count(Action action) {
    const auto before = allocations.load();
    action();
    return allocations.load() - before;
  }
  void loosely_timed_step() {
    femtoseconds delay;
    for (unsigned i = 0; i < 30; ++i) {
      const auto t = test::make_request(pool, i, 10, 3);
      initiator.transport(t.payload(), delay);
      delay += {i % 7}; // separate bookings
    }
    time.drain({0});
  }
  void approximately_timed_step() {
    for (unsigned i = 0; i < 30; ++i)
      initiator.send(test::make_request(pool, i, 10, 3).payload(), {i * 12});
    sc_core::sc_start();
    time.drain(time.now());
  }

  timeline time;
  payload_pool pool;
  test::two_stage_unit model;
  four_phase_initiator initiator;
  four_phase_target target;
};

TEST_F(allocation, is_counted) {
  EXPECT_EQ(count([] { std::vector<int>(1000, 7); }), 1U);
}

TEST_F(allocation, a_warm_loosely_timed_step_has_none) {
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  loosely_timed_step();
  EXPECT_EQ(count([this] { loosely_timed_step(); }), 0U);
}

TEST_F(allocation, a_warm_approximately_timed_step_has_none) {
  for (int warm_up = 0; warm_up < 3; ++warm_up)
    approximately_timed_step();
  EXPECT_EQ(count([this] { approximately_timed_step(); }), 0U);
}

} // namespace
} // namespace tilework::transaction
