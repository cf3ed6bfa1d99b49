// SPDX-License-Identifier: Apache-2.0
/// \file Pool of payloads with their tile_request.
#pragma once

#include <tilework/tlm/tile_extension.h>

#include <memory>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

namespace tilework::transaction {

/// Owns one reference to a pooled payload and gives it back when destroyed.
class transaction {
public:
  transaction() = default;
  /// Adopts a reference that was already acquired.
  explicit transaction(::tlm::tlm_generic_payload& payload)
      : payload_(&payload), request_(&tile_request::of(payload)) {}
  transaction(transaction&& other) noexcept
      : payload_(std::exchange(other.payload_, nullptr)), request_(other.request_) {}
  transaction& operator=(transaction&& other) noexcept {
    transaction previous(std::move(other));
    std::swap(payload_, previous.payload_);
    std::swap(request_, previous.request_);
    return *this;
  }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() {
    if (payload_ != nullptr)
      payload_->release();
  }

  [[nodiscard]] explicit operator bool() const { return payload_ != nullptr; }
  [[nodiscard]] ::tlm::tlm_generic_payload& payload() const { return *payload_; }
  [[nodiscard]] tile_request& request() const { return *request_; }

private:
  ::tlm::tlm_generic_payload* payload_ = nullptr;
  tile_request* request_ = nullptr; ///< of the payload: looked up once
};

/// Free list of payload and extension blocks; allocates only when more are in use than ever before. Must outlive every
/// reference to its payloads: its destructor reports "/tilework/payload_pool/outstanding" (an error, never thrown)
/// if some were not given back.
class payload_pool final : public ::tlm::tlm_mm_interface {
public:
  payload_pool();
  payload_pool(const payload_pool&) = delete;
  payload_pool& operator=(const payload_pool&) = delete;
  ~payload_pool() override;

  /// A payload in its initial state, with one reference.
  [[nodiscard]] transaction acquire();
  [[nodiscard]] std::size_t outstanding() const { return blocks_.size() - free_.size(); }
  /// Blocks ever allocated.
  [[nodiscard]] std::size_t capacity() const { return blocks_.size(); }

private:
  struct block;
  void free(::tlm::tlm_generic_payload* payload) override;

  std::vector<std::unique_ptr<block>> blocks_;
  std::vector<block*> free_;
};

} // namespace tilework::transaction
