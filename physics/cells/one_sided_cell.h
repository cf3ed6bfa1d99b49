// SPDX-License-Identifier: Apache-2.0
/// \file OneSided unit cell: a pair of devices that are only ever pulsed up, and their refresh.
#pragma once

#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/physics/periphery/io_parameters.h>

#include <memory>
#include <string_view>

namespace tilework::physics {

/// When and how saturated pairs are read, reset and written again.
struct refresh_parameters {
  int refresh_every = 0; ///< 0: never
  bool units_in_mbatch = true;
  float refresh_upper_thres = 0.75F;
  float refresh_lower_thres = 0.25F;
  io_parameters refresh_forward;
  update_parameters refresh_update;

  friend bool operator==(const refresh_parameters&, const refresh_parameters&) = default;
};

/// W = g+ - g-. A pulse up is a pulse up of g+, a pulse down is a pulse up of g-: for devices that change gradually in
/// one direction only, such as phase-change memory. As AIHWKit's OneSidedUnitCell.
struct one_sided_cell : refresh_parameters {
  static constexpr std::string_view name = "OneSided";

  device_list devices; ///< one; both sides are drawn from it
  bool copy_inverted = false;

  one_sided_cell();

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = one_sided_cell;
    v("devices", &p::devices, field{.doc = "the device of both sides: one name or map"});
    v("refresh_every", static_cast<int p::*>(&p::refresh_every),
      field{.minimum = 0, .doc = "mini-batches or vectors from refresh to refresh; 0: never"});
    v("units_in_mbatch", static_cast<bool p::*>(&p::units_in_mbatch),
      field{.doc = "refresh_every counts mini-batches, not vectors"});
    v("refresh_upper_thres", static_cast<float p::*>(&p::refresh_upper_thres),
      field{.doc = "refresh where the larger side is read above this share of w_max, and the smaller one above "
                   "refresh_lower_thres"});
    v("refresh_lower_thres", static_cast<float p::*>(&p::refresh_lower_thres), field{.doc = "see refresh_upper_thres"});
    v("refresh_forward", static_cast<io_parameters p::*>(&p::refresh_forward),
      field{.doc = "reads of the refresh; resolutions follow from the converters' bits"});
    v("refresh_update", static_cast<update_parameters p::*>(&p::refresh_update), field{.doc = "writes of the refresh"});
    v("copy_inverted", &p::copy_inverted, field{.doc = "g- is the same device as g+, pulsed down"});
  }
  /// \throws input_error for more than one device, one that cannot be refreshed, or refreshes that write without pulses
  void validate() const;
  [[nodiscard]] float granularity() const { return devices.front().granularity(); }
  [[nodiscard]] float states() const { return devices.front().states(); }
  friend bool operator==(const one_sided_cell&, const one_sided_cell&) = default;
};

std::unique_ptr<device_array> make_devices(const one_sided_cell& parameters, const device_context& context);

} // namespace tilework::physics
