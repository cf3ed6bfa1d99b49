// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/devices/power_law_drift.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace tilework::physics {
namespace {

/// Slots of the stream.
enum slot : std::uint32_t { spread_of_exponents, noise_of_exponents, noise_of_weights };

} // namespace

void drift_parameters::validate() const {
  if (!(t_0 > 0))
    throw input_error("t_0 must be > 0");
  if (wg_ratio == 0)
    throw input_error("wg_ratio must not be 0");
}

power_law_drift::power_law_drift(const drift_parameters& parameters, std::size_t cells, const noise_stream& stream)
    : parameters_(parameters), stream_(stream) {
  parameters_.validate();
  if (!is_active())
    return;
  devices_.resize(cells);
  const float asymptote = parameters_.g_offset * parameters_.wg_ratio + parameters_.w_offset;
  asymptote_ = std::abs(asymptote) < parameters_.reset_tol ? 0 : asymptote;
  if (parameters_.nu_dtod <= 0)
    return;
  exponents_.resize(cells);
  stream_.fill_normals(0, spread_of_exponents, exponents_);
  for (auto& nu : exponents_)
    nu = parameters_.nu * (1 + parameters_.nu_dtod * nu);
}

void power_law_drift::advance(float dt, std::uint64_t event, std::span<float> weights) {
  if (!is_active())
    return;
  if (weights.size() != devices_.size() || !(dt >= 0))
    throw std::invalid_argument("drift: dt must be >= 0, with one weight per device");
  if (!started_)
    std::transform(weights.begin(), weights.end(), devices_.begin(), [](float w) { return device_state{0, w, w}; });
  started_ = true;
  now_ += static_cast<double>(dt) / static_cast<double>(parameters_.t_0);

  normal_sequence exponent_noise(stream_, event, noise_of_exponents);
  normal_sequence weight_noise(stream_, event, noise_of_weights);
  for (std::size_t c = 0; c < weights.size(); ++c) {
    auto& device = devices_[c];
    const float w = weights[c];
    const float xi = parameters_.nu_std > 0 ? exponent_noise.next() : 0;
    if (std::abs(w - device.last_seen) > parameters_.reset_tol) {
      device.written_at = now_;
      device.written = w;
    } else {
      weights[c] = drifted(device, exponent(c, w, xi));
    }
    if (parameters_.w_noise_std > 0)
      weights[c] += parameters_.w_noise_std * weight_noise.next();
    device.last_seen = weights[c];
  }
}

float power_law_drift::exponent(std::size_t cell, float weight, float xi) const {
  const auto& p = parameters_;
  const float nu = (exponents_.empty() ? p.nu : exponents_[cell]) * (1 + p.nu_std * xi);
  if (p.nu_k == 0)
    return nu;
  // Without conductance the logarithm has no value; such a device drifts with the largest finite exponent.
  const float conductance =
      std::max((weight - p.w_offset) / p.wg_ratio + p.g_offset, std::numeric_limits<float>::min());
  return nu + p.nu_k * (p.log_g0 - std::log(conductance));
}

float power_law_drift::drifted(const device_state& device, float exponent) const {
  const auto age = static_cast<float>(now_ - device.written_at);
  const float factor = std::pow(std::max(age, 1.0F), -exponent);
  return device.written * factor + asymptote_ * (factor - 1);
}

void power_law_drift::save(byte_writer& out) const {
  out.write(now_);
  out.write(started_);
  out.write(std::uint64_t{devices_.size()});
  for (const auto& d : devices_) {
    out.write(d.written_at);
    out.write(d.written);
    out.write(d.last_seen);
  }
}

void power_law_drift::load(byte_reader& in) {
  in.read(now_);
  in.read(started_);
  std::uint64_t count = 0;
  in.read(count);
  if (count != devices_.size())
    throw input_error("checkpoint belongs to another array or device");
  for (auto& d : devices_) {
    in.read(d.written_at);
    in.read(d.written);
    in.read(d.last_seen);
  }
}

} // namespace tilework::physics
