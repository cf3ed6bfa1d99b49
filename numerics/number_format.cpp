// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/number_format.h>

#include <Eigen/Core>

#include <cstring>
#include <stdexcept>

namespace tilework::numerics {
namespace {

/// Calls f with a value of the type that represents the format.
template <typename F>
void with_type_of(number_format format, F f) {
  switch (format) {
  case number_format::fp32:
    return f(float{});
  case number_format::fp16:
    return f(Eigen::half{});
  case number_format::bf16:
    return f(Eigen::bfloat16{});
  }
}

void require_matching(number_format format, std::size_t values, std::size_t bytes) {
  if (bytes != values * bytes_of(format))
    throw std::invalid_argument("number_format: values and bytes differ in size");
}

} // namespace

void round_to(number_format format, std::span<float> values) {
  if (format == number_format::fp32)
    return;
  with_type_of(format, [&]<typename T>(T) {
    for (float& value : values)
      value = static_cast<float>(static_cast<T>(value));
  });
}

void encode(number_format format, std::span<const float> values, std::span<std::byte> bytes) {
  require_matching(format, values.size(), bytes.size());
  with_type_of(format, [&]<typename T>(T) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto stored = static_cast<T>(values[i]);
      std::memcpy(&bytes[i * sizeof(T)], &stored, sizeof(T));
    }
  });
}

void decode(number_format format, std::span<const std::byte> bytes, std::span<float> values) {
  require_matching(format, values.size(), bytes.size());
  with_type_of(format, [&]<typename T>(T) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      T stored;
      std::memcpy(&stored, &bytes[i * sizeof(T)], sizeof(T));
      values[i] = static_cast<float>(stored);
    }
  });
}

} // namespace tilework::numerics
