// SPDX-License-Identifier: Apache-2.0
/// \file Several devices per cross-point whose weights add up: Vector and Reference unit cells.
#pragma once

#include <tilework/physics/devices/device_spec.h>

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

/// Which devices of a cell take the pulses of a vector. Sequential: the index advances before each vector, so the
/// first vector goes to the device after first_update_idx; random: uniform draw before each vector.
enum class update_policy { all, single_fixed, single_sequential, single_random };

namespace detail {
inline constexpr std::array<std::pair<std::string_view, update_policy>, 4> update_policy_names{
    {{"ALL", update_policy::all},
     {"SINGLE_FIXED", update_policy::single_fixed},
     {"SINGLE_SEQUENTIAL", update_policy::single_sequential},
     {"SINGLE_RANDOM", update_policy::single_random}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, update_policy>> names_of(update_policy) {
  return detail::update_policy_names;
}

/// Arithmetic mean of the granularities.
float mean_granularity(const device_list& devices);

/// W = sum_k gamma_k W_k. Pulses see the mean granularity of all devices, without correction for gamma or policy, as
/// in AIHWKit's VectorUnitCell: with n devices and gamma 1/n, the SINGLE policies learn at 1/n of the rate.
struct vector_cell {
  static constexpr std::string_view name = "Vector";

  device_list devices; ///< default: two ConstantStep
  physics::update_policy update_policy = physics::update_policy::all;
  int first_update_idx = 0;
  std::vector<float> gamma_vec; ///< empty: 1/n each

  vector_cell();

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = vector_cell;
    v("devices", &p::devices, field{.doc = "devices of the cell: names or maps"});
    v("update_policy", &p::update_policy, field{.doc = "which devices take the pulses of a vector"});
    v("first_update_idx", &p::first_update_idx, field{.minimum = 0, .doc = "device that takes pulses first"});
    v("gamma_vec", &p::gamma_vec, field{.doc = "factors of the devices in the weight; empty: 1/n each"});
  }
  /// \throws input_error for no devices, ideal devices, or lists that differ in length
  void validate() const;
  [[nodiscard]] float granularity() const { return mean_granularity(devices); }
  [[nodiscard]] float states() const { return devices.front().states(); }
  friend bool operator==(const vector_cell&, const vector_cell&) = default;
};

std::unique_ptr<device_array> make_devices(const vector_cell& parameters, const device_context& context);

/// W = W_0 - W_1 with a static device 1: only device 0 takes pulses and is programmed.
struct reference_cell {
  static constexpr std::string_view name = "Reference";

  device_list devices; ///< the first two; one is doubled. Default: ConstantStep

  reference_cell();

  template <typename Visitor>
  static void fields(Visitor&& v) {
    v("devices", &reference_cell::devices, field{.doc = "device and reference: names or maps; one stands for both"});
  }
  void validate() const { as_vector_cell().validate(); }
  [[nodiscard]] vector_cell as_vector_cell() const;
  [[nodiscard]] float granularity() const { return as_vector_cell().granularity(); }
  [[nodiscard]] float states() const { return devices.front().states(); }
  friend bool operator==(const reference_cell&, const reference_cell&) = default;
};

std::unique_ptr<device_array> make_devices(const reference_cell& parameters, const device_context& context);

} // namespace tilework::physics
