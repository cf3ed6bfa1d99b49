// SPDX-License-Identifier: Apache-2.0
/// \file Checkpoint fields as raw bytes of this machine; the checkpoint file states version, layout and checksum.
#pragma once

#include <tilework/core/error.h>

#include <cstdint>
#include <istream>
#include <ostream>
#include <span>
#include <type_traits>
#include <vector>

namespace tilework {

class byte_writer {
public:
  explicit byte_writer(std::ostream& out) : out_(out) {}
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void write(const T& value) { write_span(std::span<const T>(&value, 1)); }
  template <typename T>
  void write_span(std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  template <typename T, typename Allocator>
  void write_vector(const std::vector<T, Allocator>& values) {
    write(std::uint64_t{values.size()});
    write_span(std::span<const T>(values));
  }

private:
  std::ostream& out_;
};

/// \throws input_error when the stream ends early.
class byte_reader {
public:
  explicit byte_reader(std::istream& in) : in_(in) {}
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void read(T& value) { read_span(std::span<T>(&value, 1)); }
  template <typename T>
  void read_span(std::span<T> values) {
    const auto bytes = std::as_writable_bytes(values);
    if (!in_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
      throw input_error("checkpoint is truncated: start again without --resume, or from an older copy");
  }
  template <typename T, typename Allocator>
  void read_vector(std::vector<T, Allocator>& values) {
    std::uint64_t size = 0;
    read(size);
    constexpr std::uint64_t plausible = 1U << 30U;
    if (size > plausible)
      throw input_error("checkpoint is corrupt: start again without --resume, or from an older copy");
    values.resize(size);
    read_span(std::span<T>(values));
  }

private:
  std::istream& in_;
};

} // namespace tilework
