// SPDX-License-Identifier: Apache-2.0
/// \file Statistical laws of single devices that hold an inference weight: error of programming, drift, read noise.
/// Conductances are in uS (`_us`), times in seconds (`_s`).
///
/// A new law is a class behind this interface, nothing else.
#pragma once

#include <array>

namespace tilework::physics {

class conductance_noise {
public:
  conductance_noise() = default;
  conductance_noise(const conductance_noise&) = delete;
  conductance_noise& operator=(const conductance_noise&) = delete;
  virtual ~conductance_noise() = default;

  /// Standard deviation of the conductance after programming; the conductance itself is never below 0.
  [[nodiscard]] virtual float programming_sigma_us(float target_us) const = 0;
  /// What a device keeps to itself about its drift, drawn when it is programmed: an exponent, or whatever read_us()
  /// expects. \param xi standard normal
  [[nodiscard]] virtual float drift_coefficient(float target_us, float xi) const = 0;
  /// Conductance that a read sees.
  /// \param programmed_us conductance right after programming
  /// \param seconds since programming, a time that check_time() accepts
  /// \param xi standard normals, fresh for every read
  [[nodiscard]] virtual float read_us(float programmed_us, float drift_coefficient, double seconds,
                                      const std::array<float, 2>& xi) const = 0;
  /// \throws input_error for a time about which the law says nothing
  virtual void check_time(double seconds) const;
};

/// sqrt(ln((t + t_read) / (2 t_read))): growth of 1/f noise with the time t since programming, for pulses of t_read.
[[nodiscard]] float accumulated_read_noise(double seconds, double t_read_s);

} // namespace tilework::physics
