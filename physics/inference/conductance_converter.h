// SPDX-License-Identifier: Apache-2.0
/// \file From the weights of an array to the conductances of its devices and back. Conductances are in uS.
/// Names, rules and defaults follow AIHWKit's conductance converters.
#pragma once

#include <tilework/core/field.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace tilework::physics {

/// A weight as the sum of differences between two devices: w ~ sum over pairs f (g+ - g-). Pairs are filled one after
/// the other: the first carries the weight until one of its devices is at g_max_us, then the second, and so on.
struct device_pairs {
  static constexpr std::string_view name = "DevicePairs";

  float g_max_us = 25;
  float g_min_us = 0;
  std::vector<float> factors{1}; ///< significance of every pair; {1} is a single pair, {1, 1} a dual pair

  template <typename Visitor>
  static void fields(Visitor&& v);
  /// \throws input_error unless 0 <= g_min_us < g_max_us and there is a pair and all factors are > 0
  void validate() const;
  friend bool operator==(const device_pairs&, const device_pairs&) = default;
};

/// A weight as the conductance of one device: the smallest weight is at g_min_us, the largest at g_max_us.
struct single_device {
  static constexpr std::string_view name = "SingleDevice";

  float g_max_us = 88.199997F;
  float g_min_us = 9;

  template <typename Visitor>
  static void fields(Visitor&& v);
  /// \throws input_error unless 0 <= g_min_us < g_max_us
  void validate() const;
  friend bool operator==(const single_device&, const single_device&) = default;
};

using converter_parameters = std::variant<device_pairs, single_device>;

/// Conductances that a device of a converter can be asked for.
struct conductance_range {
  float min_us = 0;
  float max_us = 25;
};

/// How one matrix was scaled; conversion back needs the same.
struct conductance_scale {
  float us_per_weight = 1;
  float offset_us = 0; ///< conductance of weight 0; 0 for pairs
};

/// Conductances of a matrix lie device by device: that of device p of weight c is element p * weights + c. Of pair k,
/// device 2k is the positive one, 2k + 1 the negative one.
class conductance_converter {
public:
  /// \throws input_error for contradicting parameters
  explicit conductance_converter(converter_parameters parameters);

  [[nodiscard]] std::size_t devices_per_weight() const;
  [[nodiscard]] conductance_range range() const;

  /// Scales the matrix so that its largest weight uses the whole range, and converts it.
  /// \param g_us devices_per_weight() times as many as weights
  /// \throws std::invalid_argument if the sizes do not fit
  conductance_scale to_conductances(std::span<const float> weights, std::span<float> g_us) const;
  /// Opposite of to_conductances(), for conductances that changed since.
  /// \throws std::invalid_argument if the sizes do not fit
  void to_weights(std::span<const float> g_us, const conductance_scale& scale, std::span<float> weights) const;

private:
  converter_parameters parameters_;
};

template <typename Visitor>
void device_pairs::fields(Visitor&& v) {
  using p = device_pairs;
  v("g_max_us", &p::g_max_us, field{.minimum = 0, .open_minimum = true, .doc = "largest conductance in uS"});
  v("g_min_us", &p::g_min_us, field{.minimum = 0, .doc = "smallest conductance in uS"});
  v("factors", &p::factors, field{.minimum = 0, .open_minimum = true, .doc = "significance of every pair"});
}

template <typename Visitor>
void single_device::fields(Visitor&& v) {
  using p = single_device;
  v("g_max_us", &p::g_max_us,
    field{.minimum = 0, .open_minimum = true, .doc = "conductance of the largest weight, uS"});
  v("g_min_us", &p::g_min_us, field{.minimum = 0, .doc = "conductance of the smallest weight in uS"});
}

} // namespace tilework::physics
