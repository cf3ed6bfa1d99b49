// SPDX-License-Identifier: Apache-2.0
#include "plain_initiator.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/modules/digital/sram_buffer.h>

#include <gtest/gtest.h>

#include <cstring>

namespace tilework::hardware {
namespace {

using numerics::number_format;
using test::ns;

constexpr sram_configuration example{
    .capacity_bytes = 256, .ports = 2, .width_bytes = 8, .clock_Hz = 1e9, .latency_cycles = 2};

/// Two slots of 4 elements, 16 elements apart.
struct bench {
  explicit bench(number_format format, const sram_configuration& configuration = example) {
    arena.add(2, 2);
    arena.add(1, 4);
    arena.allocate();
    buffer = std::make_unique<sram_buffer>("buffer", configuration, format, arena, time, account);
    initiator.socket.bind(buffer->socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  operand_arena arena;
  transaction::timeline time;
  ledger books;
  component_account& account = books.open("buffer", component_kind::sram, 256);
  test::plain_initiator initiator{"initiator"};
  std::unique_ptr<sram_buffer> buffer;
};

TEST(sram_buffer, foreign_initiator_reads_operands_as_fp32) {
  bench b(number_format::fp32);
  b.arena.view(0)[1][0] = 1.5F;
  b.arena.view(0)[1][1] = -2.0F;
  std::array<float, 2> seen{};
  EXPECT_EQ(b.initiator.access(::tlm::TLM_READ_COMMAND, 2 * 4, std::as_writable_bytes(std::span(seen))),
            ::tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(seen, (std::array<float, 2>{1.5F, -2.0F}));
}

TEST(sram_buffer, foreign_initiator_writes_operands_as_fp32) {
  bench b(number_format::fp32);
  std::array<float, 3> values{1, 2, 3};
  EXPECT_EQ(b.initiator.access(::tlm::TLM_WRITE_COMMAND, 16 * 4, std::as_writable_bytes(std::span(values))),
            ::tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(std::ranges::equal(b.arena.view(1)[0], std::array<float, 4>{1, 2, 3, 0}));
}

TEST(sram_buffer, operands_are_two_bytes_in_fp16) {
  bench b(number_format::fp16);
  std::ranges::copy(std::array<float, 4>{1, -2, 0.5F, 65504}, b.arena.view(1)[0].begin());
  std::array<std::uint16_t, 4> seen{};
  b.initiator.access(::tlm::TLM_READ_COMMAND, 16 * 2, std::as_writable_bytes(std::span(seen)));
  EXPECT_EQ(seen, (std::array<std::uint16_t, 4>{0x3C00, 0xC000, 0x3800, 0x7BFF}));
  std::array<std::uint16_t, 1> written{0xBC00};
  b.initiator.access(::tlm::TLM_WRITE_COMMAND, 16 * 2 + 2, std::as_writable_bytes(std::span(written)));
  EXPECT_EQ(b.arena.view(1)[0][1], -1.0F);
}

TEST(sram_buffer, refuses_what_is_outside_or_misaligned) {
  bench b(number_format::fp32);
  std::array<std::byte, 64> data{};
  const auto status = [&](std::uint64_t address, std::size_t length) {
    return b.initiator.access(::tlm::TLM_READ_COMMAND, address, std::span(data).first(length));
  };
  EXPECT_EQ(status(124, 4), ::tlm::TLM_OK_RESPONSE); // the arena ends at 32 elements
  EXPECT_EQ(status(124, 8), ::tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(status(128, 4), ::tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(status(2, 4), ::tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(status(4, 6), ::tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(status(~std::uint64_t{3}, 8), ::tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.initiator.delay, b.initiator.last_delay_before) << "a refused access takes no time";
}

TEST(sram_buffer, refuses_byte_enables_and_streaming) {
  bench b(number_format::fp32);
  std::array<std::byte, 8> data{};
  std::array<unsigned char, 1> enables{0xFF};
  ::tlm::tlm_generic_payload payload;
  test::plain_initiator::fill(payload, ::tlm::TLM_READ_COMMAND, 0, data);
  payload.set_byte_enable_ptr(enables.data());
  payload.set_byte_enable_length(1);
  EXPECT_EQ(b.initiator.send(payload), ::tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  payload.set_byte_enable_ptr(nullptr);
  payload.set_streaming_width(4);
  EXPECT_EQ(b.initiator.send(payload), ::tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST(sram_buffer, access_takes_latency_and_cycles_per_width) {
  bench b(number_format::fp32);
  std::array<std::byte, 36> data{};
  for (std::size_t length : {4U, 8U, 12U, 36U}) {
    b.time.drain({});
    b.initiator.delay = {};
    b.initiator.access(::tlm::TLM_READ_COMMAND, 0, std::span(data).first(length));
    EXPECT_EQ(b.initiator.delay, ns(2 + static_cast<std::int64_t>((length + 7) / 8)));
  }
}

TEST(sram_buffer, a_third_access_waits_for_one_of_two_ports) {
  bench b(number_format::fp32);
  std::array<std::byte, 32> data{}; // 4 cycles on a port
  const auto done = [&] {
    b.initiator.delay = {};
    b.initiator.access(::tlm::TLM_READ_COMMAND, 0, data);
    return b.initiator.delay;
  };
  EXPECT_EQ(done(), ns(6));
  EXPECT_EQ(done(), ns(6));
  EXPECT_EQ(b.buffer->delayed_requests(), 0U);
  EXPECT_EQ(done(), ns(10));
  EXPECT_EQ(b.buffer->delayed_requests(), 1U);
  b.time.drain({});
  EXPECT_EQ(done(), ns(6));
}

TEST(sram_buffer, access_starts_at_a_clock_edge) {
  bench b(number_format::fp32);
  std::array<std::byte, 8> data{};
  b.initiator.delay = ns(5) + femtoseconds{1};
  b.initiator.access(::tlm::TLM_READ_COMMAND, 0, data);
  EXPECT_EQ(b.initiator.delay, ns(6 + 3));
}

TEST(sram_buffer, counts_the_bytes_of_foreign_traffic_outside_training) {
  bench b(number_format::fp32);
  std::array<std::byte, 12> data{};
  b.initiator.access(::tlm::TLM_READ_COMMAND, 0, data);
  b.initiator.access(::tlm::TLM_WRITE_COMMAND, 0, std::span(data).first(8));
  EXPECT_EQ(b.account.counts.get(phase::program, action::sram_read_byte), 12U);
  EXPECT_EQ(b.account.counts.get(phase::program, action::sram_write_byte), 8U);
  EXPECT_EQ(b.account.busy[static_cast<std::size_t>(phase::program)], ns(2 + 1));
}

TEST(sram_buffer, debug_access_costs_nothing) {
  bench b(number_format::fp32);
  b.arena.view(0)[0][0] = 7;
  float seen = 0;
  ::tlm::tlm_generic_payload payload;
  test::plain_initiator::fill(payload, ::tlm::TLM_READ_COMMAND, 0, std::as_writable_bytes(std::span(&seen, 1)));
  EXPECT_EQ(b.initiator.socket->transport_dbg(payload), 4U);
  EXPECT_EQ(seen, 7.0F);
  payload.set_address(3);
  EXPECT_EQ(b.initiator.socket->transport_dbg(payload), 0U);
  EXPECT_EQ(b.account.counts, action_counts{});
}

TEST(sram_buffer, operands_must_fit) {
  operand_arena arena;
  arena.add(4, 16);                       // 64 elements in the buffer
  arena.add(100, 100, residence::memory); // elsewhere
  EXPECT_NO_THROW(require_capacity(example, number_format::fp32, arena));
  arena.add(1, 1);
  EXPECT_THROW(require_capacity(example, number_format::fp32, arena), input_error);
  EXPECT_NO_THROW(require_capacity(example, number_format::fp16, arena));
}

} // namespace
} // namespace tilework::hardware
