// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/aligned_vector.h>
#include <tilework/tlm/payload_pool.h>

#include <fmt/format.h>

namespace tilework::transaction {

struct payload_pool::block final : ::tlm::tlm_generic_payload {
  explicit block(::tlm::tlm_mm_interface* pool) : tlm_generic_payload(pool) { set_extension(&request); }
  // The base destructor would delete the extension, which is a member.
  ~block() override { clear_extension(&request); }
  block(const block&) = delete;
  block& operator=(const block&) = delete;

  alignas(cache_line_bytes) tile_request request; // a cache line begins with it
};

payload_pool::payload_pool() = default;

payload_pool::~payload_pool() {
  if (outstanding() == 0)
    return;
  constexpr auto id = "/tilework/payload_pool/outstanding";
  // An error would be thrown by default, which a destructor must not do.
  using namespace sc_core;
  sc_report_handler::set_actions(id, SC_ERROR, SC_DISPLAY | SC_LOG | SC_CACHE_REPORT);
  SC_REPORT_ERROR(id, fmt::format("{} payload(s) were never given back", outstanding()).c_str());
}

transaction payload_pool::acquire() {
  if (free_.empty()) {
    auto& fresh = blocks_.emplace_back(std::make_unique<block>(this));
    fresh->request.generation = 0;
    free_.reserve(blocks_.capacity()); // so that free() never allocates
    free_.push_back(fresh.get());
  }
  block& b = *free_.back();
  free_.pop_back();
  ++b.request.generation;
  b.acquire();
  return transaction(b);
}

void payload_pool::free(::tlm::tlm_generic_payload* payload) {
  auto& b = static_cast<block&>(*payload);
  b.reset(); // drops extensions that others attached
  b.set_command(::tlm::TLM_IGNORE_COMMAND);
  b.set_address(0);
  b.set_data_ptr(nullptr);
  b.set_data_length(0);
  b.set_streaming_width(0);
  b.set_byte_enable_ptr(nullptr);
  b.set_byte_enable_length(0);
  b.set_dmi_allowed(false);
  b.set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
  const auto next_generation = b.request.generation + 1;
  b.request = tile_request{};
  b.request.generation = next_generation;
  free_.push_back(&b);
}

} // namespace tilework::transaction
