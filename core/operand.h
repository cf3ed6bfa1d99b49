// SPDX-License-Identifier: Apache-2.0
/// \file Operands: views of vectors in the buffer, and the arena that owns them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace tilework {

/// View of n vectors of equal length; vector v starts at data + v * stride. Does not own.
template <typename T>
struct vector_burst {
  T* data = nullptr;
  std::uint32_t vectors = 0;
  std::uint32_t length = 0; ///< elements per vector
  std::uint32_t stride = 0; ///< elements from one vector to the next, >= length

  [[nodiscard]] constexpr std::span<T> operator[](std::size_t v) const { return {data + v * stride, length}; }
  [[nodiscard]] constexpr std::size_t elements() const { return std::size_t{vectors} * length; }
  /// Elements [first, first + count) of every vector.
  [[nodiscard]] constexpr vector_burst slice(std::uint32_t first, std::uint32_t count) const {
    return {data + first, vectors, count, stride};
  }
  constexpr operator vector_burst<const T>() const // NOLINT(google-explicit-constructor): like std::span
      requires(!std::is_const_v<T>) {
    return {data, vectors, length, stride};
  }
};
using const_burst = vector_burst<const float>;
using mutable_burst = vector_burst<float>;

/// Where a slot lives on the machine.
enum class residence : std::uint8_t {
  buffer,
  memory,
  controller, ///< the transfer controller's own buffer; stays there, so it never crosses the network
  reduced, ///< buffer, which holds one vector alone: the sum of the slot's vectors, added on their way by the network
};

/// A piece of the buffer or of memory that holds one vector per sample of a mini-batch (or one matrix row per vector).
struct tensor_slot {
  std::size_t first_element = 0; ///< offset in the buffer or in the memory
  std::uint32_t vectors = 0;
  std::uint32_t length = 0;
  residence home = residence::buffer;
  std::uint32_t bits = 0; ///< of an element on the machine; 0: the machine's number format
  bool is_result = false; ///< in memory: written by operations
};

/// Owner of all operands, allocated once before the run; views of slots stay valid from then on.
///
/// What lives in memory is brought from there when an operation begins that reads it, and only one such operand is held
/// at a time: the views of all slots in memory are views of one window. Results that operations write to memory are
/// apart from it and stay.
class operand_arena {
public:
  /// Adds a slot of `vectors` x `length` floats; returns its index.
  /// \param bits of an element on the machine, 0: its number format
  std::uint32_t add(std::uint32_t vectors, std::uint32_t length, residence home = residence::buffer,
                    std::uint32_t bits = 0);
  /// Adds a slot in memory that operations write; same parameters.
  std::uint32_t add_result(std::uint32_t vectors, std::uint32_t length, std::uint32_t bits = 0);
  /// Allocates storage for all slots added so far, zeroed.
  void allocate();
  /// Frees the window; operands in memory are not needed again.
  void close_window() { std::vector<float>().swap(window_); }

  [[nodiscard]] const tensor_slot& slot(std::uint32_t index) const { return slots_[index]; }
  [[nodiscard]] std::span<const tensor_slot> slots() const { return slots_; }
  /// All elements of the buffer in order of their addresses.
  [[nodiscard]] std::span<float> storage() { return storage_; }
  /// Elements that live in the buffer: what its capacity must hold. Of a reduced slot one vector.
  [[nodiscard]] std::size_t buffer_elements() const;
  /// Elements that live in the transfer controller.
  [[nodiscard]] std::size_t controller_elements() const { return controller_size_; }
  /// All vectors of a slot.
  [[nodiscard]] mutable_burst view(std::uint32_t index) {
    const auto& s = slots_[index];
    float* first = window_.data();
    if (s.home == residence::buffer || s.home == residence::reduced)
      first = storage_.data() + s.first_element;
    if (s.home == residence::controller)
      first = controller_.data() + s.first_element;
    if (s.is_result)
      first = results_.data() + (s.first_element - first_result_);
    return {first, s.vectors, s.length, s.length};
  }

private:
  std::vector<tensor_slot> slots_;
  std::vector<float> storage_; ///< of the buffer
  std::vector<float> window_;  ///< into memory
  std::vector<float> controller_;
  std::vector<float> results_;   ///< in memory
  std::size_t first_result_ = 0; ///< their address, in elements
  std::size_t buffer_size_ = 0;
  std::size_t controller_size_ = 0;
  std::size_t memory_size_ = 0;
};

} // namespace tilework
