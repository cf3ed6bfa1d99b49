// SPDX-License-Identifier: Apache-2.0
/// \file Checks of the operands of one function.
#pragma once

#include <tilework/core/operand.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tilework::numerics {

/// Operands by position; an operand without data is missing. All accessors throw std::invalid_argument that names the
/// function if an operand is missing or its shape is not the one asked for.
class checked_operands {
public:
  checked_operands(std::string_view function, std::span<const const_burst> in, std::span<const mutable_burst> out)
      : function_(function), in_(in), out_(out) {}

  [[nodiscard]] bool has_in(std::size_t i) const { return i < in_.size() && in_[i].data != nullptr; }
  [[nodiscard]] const_burst in(std::size_t i) const {
    require(has_in(i), "input operand is missing");
    return in_[i];
  }
  [[nodiscard]] const_burst in(std::size_t i, std::uint32_t vectors, std::uint32_t length) const {
    const const_burst burst = in(i);
    require(burst.vectors == vectors && burst.length == length, "input operand has the wrong shape");
    return burst;
  }
  [[nodiscard]] mutable_burst out(std::size_t i) const {
    require(i < out_.size() && out_[i].data != nullptr, "output operand is missing");
    return out_[i];
  }
  [[nodiscard]] mutable_burst out(std::size_t i, std::uint32_t vectors, std::uint32_t length) const {
    const mutable_burst burst = out(i);
    require(burst.vectors == vectors && burst.length == length, "output operand has the wrong shape");
    return burst;
  }
  /// State that is changed in place: the same elements as input and as output.
  [[nodiscard]] mutable_burst in_place(std::size_t i_in, std::size_t i_out, std::uint32_t vectors,
                                       std::uint32_t length) const {
    const mutable_burst burst = out(i_out, vectors, length);
    require(in(i_in, vectors, length).data == burst.data, "input and output must be the same elements");
    return burst;
  }
  void require(bool holds, const char* what) const {
    if (!holds)
      throw std::invalid_argument(std::string(function_) + ": " + what);
  }

private:
  std::string_view function_;
  std::span<const const_burst> in_;
  std::span<const mutable_burst> out_;
};

} // namespace tilework::numerics
