// SPDX-License-Identifier: Apache-2.0
/// \file Port to the memory that samples and initial weights come from and that weights are read out to.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/sample_memory.h>
#include <tilework/tlm/resource_calendar.h>
#include <tilework/tlm/timeline.h>

#include <tlm_utils/simple_target_socket.h>

#include <string>
#include <systemc>
#include <tlm>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

struct memory_configuration {
  std::string kind = "lpddr";
  double bandwidth_bytes_per_s = 5.33e9;
  femtoseconds latency; ///< per request
};

/// Base-protocol memory with a latency and a bandwidth: a request takes latency + bytes / bandwidth, requests are
/// served one at a time. A load_samples request fills its operands from the sample memory, in the timed access or,
/// ahead of it, in a debug access; a program request is given its weights in a debug access only. Results take the time
/// of operands; their values are in the arena.
class memory_port final : public sc_core::sc_module {
public:
  tlm_utils::simple_target_socket<memory_port> socket{"socket"};

  memory_port(const sc_core::sc_module_name& name, memory_configuration configuration, const sample_memory& samples,
              transaction::timeline& time, component_account& account);

  [[nodiscard]] std::uint64_t delayed_requests() const { return channel_.statistics().delayed; }

private:
  void b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(::tlm::tlm_generic_payload& payload);
  void load_samples(const transaction::tile_request& request) const;

  memory_configuration configuration_;
  const sample_memory& samples_;
  transaction::timeline& time_;
  transaction::resource_calendar channel_;
  component_account& account_;
};

} // namespace tilework::hardware
