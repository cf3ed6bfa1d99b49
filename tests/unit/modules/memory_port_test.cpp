// SPDX-License-Identifier: Apache-2.0
#include "plain_initiator.h"
#include "support/systemc_fixture.h"

#include <tilework/modules/digital/memory_port.h>
#include <tilework/tlm/operand_traffic.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace tilework::hardware {
namespace {

using test::ns;
using test::operand;

/// Sample s has the features s, s + 0.5 and the label s.
class counting_samples final : public sample_memory {
public:
  [[nodiscard]] std::uint32_t bytes_per_sample() const override { return 10; }
  void load(const step_context& context, mutable_burst x, mutable_burst labels) const override {
    for (std::size_t v = 0; v < context.samples.size(); ++v) {
      x[v][0] = static_cast<float>(context.samples[v]);
      x[v][1] = x[v][0] + 0.5F;
      labels[v][0] = x[v][0];
    }
  }
  /// Of array a and output i: 10 a + i.
  void load_weights(std::uint32_t array, mutable_burst weights) const override {
    for (std::uint32_t i = 0; i < weights.vectors; ++i)
      std::ranges::fill(weights[i], static_cast<float>(10 * array + i));
  }
};

/// A read of the machine itself.
struct machine_access {
  machine_access(const transaction::tile_request& request, unsigned bytes) {
    traffic.request = &request;
    payload.set_extension(&traffic);
    payload.set_read();
    payload.set_data_length(bytes);
  }
  ~machine_access() { payload.clear_extension(&traffic); } // else the payload deletes it
  machine_access(const machine_access&) = delete;
  machine_access& operator=(const machine_access&) = delete;
  transaction::operand_traffic traffic;
  ::tlm::tlm_generic_payload payload;
};

struct bench {
  bench() {
    initiator.socket.bind(port.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  transaction::transaction request(operation_kind kind) {
    return requests.make({.kind = kind, .phase = phase::forward, .vectors = 2}, {}, {&x, &labels});
  }
  ::tlm::tlm_response_status read(const transaction::transaction& t, unsigned bytes) {
    machine_access access(t.request(), bytes);
    return initiator.send(access.payload);
  }
  transaction::timeline time;
  ledger books;
  component_account& account = books.open("memory", component_kind::memory, 1);
  counting_samples samples;
  operand x{2, 2};
  operand labels{2, 1};
  test::request_maker requests;
  test::plain_initiator initiator{"initiator"};
  // 2 bytes per ns after 30 ns
  memory_port port{"port", {.bandwidth_bytes_per_s = 2e9, .latency = ns(30)}, samples, time, account};
};

TEST(memory_port, loads_the_samples_of_the_step) {
  bench b;
  const std::array<std::uint32_t, 2> chosen{4, 9};
  b.requests.context.samples = chosen;
  const auto t = b.request(operation_kind::load_samples);
  EXPECT_EQ(b.read(t, 20), ::tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.x.values, (std::vector<float>{4, 4.5F, 9, 9.5F}));
  EXPECT_EQ(b.labels.values, (std::vector<float>{4, 9}));
  EXPECT_EQ(b.initiator.delay, ns(30 + 10));
  EXPECT_EQ(b.account.counts.get(phase::forward, action::dram_read_byte), 20U);
  EXPECT_EQ(b.account.busy[static_cast<std::size_t>(phase::forward)], ns(10));
}

TEST(memory_port, gives_initial_weights_ahead_of_the_timed_access) {
  bench b;
  operand weights{2, 2};
  const auto t = b.requests.make({.kind = operation_kind::program, .phase = phase::program, .array = 3, .vectors = 2},
                                 {&weights}, {});
  machine_access ahead(t.request(), 0);
  ahead.traffic.weights = weights.view();
  EXPECT_EQ(b.initiator.socket->transport_dbg(ahead.payload), 0U);
  EXPECT_EQ(weights.values, (std::vector<float>{30, 30, 31, 31}));
  std::ranges::fill(weights.values, 0.0F);
  b.read(t, 16);
  EXPECT_EQ(weights.values, std::vector<float>(4)) << "the tile has its weights by then";
  EXPECT_EQ(b.account.counts.get(phase::program, action::dram_read_byte), 16U);
}

TEST(memory_port, requests_share_the_bandwidth_but_not_the_latency) {
  bench b;
  const auto t = b.request(operation_kind::program);
  b.read(t, 100);
  EXPECT_EQ(b.initiator.delay, ns(50 + 30));
  b.initiator.delay = ns(10);
  b.read(t, 40);
  EXPECT_EQ(b.initiator.delay, ns(50 + 20 + 30));
  EXPECT_EQ(b.port.delayed_requests(), 1U);
  b.time.drain({});
  b.initiator.delay = {};
  b.read(t, 40);
  EXPECT_EQ(b.initiator.delay, ns(20 + 30));
}

TEST(memory_port, takes_results_in_the_time_of_operands) {
  bench b;
  const auto t = b.requests.make({.kind = operation_kind::read_line, .phase = phase::read_out, .vectors = 2}, {}, {});
  machine_access write(t.request(), 8);
  write.payload.set_write();
  EXPECT_EQ(b.initiator.send(write.payload), ::tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.initiator.delay, ns(30 + 4));
  EXPECT_EQ(b.account.counts.get(phase::read_out, action::dram_write_byte), 8U);
  EXPECT_EQ(b.account.counts.get(phase::read_out, action::dram_read_byte), 0U);
}

TEST(memory_port, has_no_bytes_for_foreign_initiators) {
  bench b;
  std::array<std::byte, 8> data{};
  EXPECT_EQ(b.initiator.access(::tlm::TLM_READ_COMMAND, 0, data), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
  EXPECT_EQ(b.initiator.access(::tlm::TLM_WRITE_COMMAND, 0, data), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
  EXPECT_EQ(b.account.counts, action_counts{});
  EXPECT_EQ(b.initiator.delay, femtoseconds{});
}

} // namespace
} // namespace tilework::hardware
