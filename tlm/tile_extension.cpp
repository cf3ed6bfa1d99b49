// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/tile_extension.h>

#include <memory>

namespace tilework::transaction {

::tlm::tlm_extension_base* tile_request::clone() const {
  return std::make_unique<tile_request>(*this).release();
}

void tile_request::copy_from(const ::tlm::tlm_extension_base& other) {
  *this = static_cast<const tile_request&>(other);
}

void tile_request::report_missing() {
  throw run_error("a payload on a tile socket carries no tile_request: take payloads from a payload_pool");
}

} // namespace tilework::transaction
