// SPDX-License-Identifier: Apache-2.0
/// \file Marks base-protocol accesses of the machine's own operands.
#pragma once

#include <tilework/tlm/tile_extension.h>

#include <systemc>
#include <tlm>

namespace tilework::transaction {

/// Ignorable extension of a memory access: the request whose operands are moved. The operands are views of the arena,
/// so a memory that knows the extension counts and times the bytes and copies none; any other memory copies to or from
/// the payload's data pointer, as usual.
struct operand_traffic final : ::tlm::tlm_extension<operand_traffic> {
  const tile_request* request = nullptr;
  mutable_burst weights; ///< debug access ahead of a `program` request: where the memory puts its operand

  [[nodiscard]] ::tlm::tlm_extension_base* clone() const override { return new operand_traffic(*this); }
  void copy_from(const ::tlm::tlm_extension_base& other) override {
    const auto& traffic = static_cast<const operand_traffic&>(other);
    request = traffic.request;
    weights = traffic.weights;
  }
  /// The request behind an access, null if the access is a foreign one.
  [[nodiscard]] static const tile_request* request_of(const ::tlm::tlm_generic_payload& payload) {
    const auto* traffic = payload.get_extension<operand_traffic>();
    return traffic == nullptr ? nullptr : traffic->request;
  }
};

} // namespace tilework::transaction
