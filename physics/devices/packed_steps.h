// SPDX-License-Identifier: Apache-2.0
/// \file Steps and bounds of one device in 8 bytes.
#pragma once

#include <tilework/physics/devices/pulsed_parameters.h>

#include <cstdint>

namespace tilework::physics {

/// Multiples of the units of step_units.
struct packed_steps {
  std::int16_t up;
  std::int16_t down;
  std::int16_t max;
  std::int16_t min;
};

/// A power of two below the nominal value, such that this is represented exactly, and `reach` times as much fits into
/// 16 bits. Rounding is then far below the spread between devices: 2^-14 of the nominal value for a spread of 0.3.
float code_unit(float nominal, float reach);
/// Nearest code; values that do not fit get the largest one.
std::int16_t code_of(float value, float unit);

/// Units for the devices of an array. Values up to 8 standard deviations from the nominal ones fit, log-normal steps up
/// to 5.
struct step_units {
  /// \param widening factor of the widest bounds, for models that rescale the drawn ones
  explicit step_units(const pulsed_parameters& p, float widening = 1);
  [[nodiscard]] packed_steps pack(const device_draw& steps) const;
  [[nodiscard]] device_draw unpack(const packed_steps& codes) const;

  float up;
  float down;
  float max;
  float min;
};

} // namespace tilework::physics
