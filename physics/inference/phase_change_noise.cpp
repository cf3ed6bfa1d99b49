// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/phase_change_noise.h>
#include <tilework/physics/inference/polynomial.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilework::physics {
namespace {

constexpr float smallest_ratio = 1e-7F; // keeps logarithms finite

struct exponent_law {
  float mean = 0;
  float spread = 0;
};

/// The common mechanism. Law offers programming_us(r), exponent(r) and read_noise(r), the last relative to g(t).
template <typename Law>
class drifting_noise final : public conductance_noise {
public:
  drifting_noise(Law law, const drift_law_parameters& parameters, const conductance_range& range)
      : law_(std::move(law)), parameters_(parameters), g_max_us_(range.max_us) {}

  [[nodiscard]] float programming_sigma_us(float target_us) const override {
    return parameters_.prog_noise_scale * law_.programming_us(target_us / g_max_us_);
  }
  [[nodiscard]] float drift_coefficient(float target_us, float xi) const override {
    const auto nu = law_.exponent(std::max(std::abs(target_us / g_max_us_), smallest_ratio));
    return std::abs(nu.mean + nu.spread * xi) * parameters_.drift_scale;
  }
  [[nodiscard]] float read_us(float programmed_us, float drift_coefficient, double seconds,
                              const std::array<float, 2>& xi) const override {
    const auto t_0 = static_cast<double>(parameters_.t_0_s);
    const double t = seconds + t_0;
    const float drifted = programmed_us * std::pow(static_cast<float>(t / t_0), -drift_coefficient);
    const float ratio = std::max(programmed_us / g_max_us_, smallest_ratio);
    const float sigma = law_.read_noise(ratio) * accumulated_read_noise(t, static_cast<double>(parameters_.t_read_s));
    return std::max(drifted + drifted * sigma * parameters_.read_noise_scale * xi[0], 0.0F);
  }

private:
  Law law_;
  drift_law_parameters parameters_;
  float g_max_us_;
};

/// y at x on the line through the points around it; x_i ascend.
float interpolated(const std::vector<float>& xs, const std::vector<float>& ys, float x) {
  const auto above = std::upper_bound(xs.begin(), xs.end(), x);
  if (above == xs.begin())
    return ys.front();
  if (above == xs.end())
    return ys.back();
  const auto i = static_cast<std::size_t>(above - xs.begin());
  const float part = (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
  return ys[i - 1] + part * (ys[i] - ys[i - 1]);
}

struct pcm_law {
  pcm_like parameters;
  float g_max_us;

  [[nodiscard]] float programming_us(float r) const {
    constexpr float fitted_at_us = 25;
    return polynomial(parameters.prog_coeffs_us, r) * g_max_us / fitted_at_us;
  }
  [[nodiscard]] exponent_law exponent(float r) const {
    const auto& p = parameters;
    if (!p.drift_g_us.empty())
      return {interpolated(p.drift_g_us, p.drift_nu_mean, r * g_max_us),
              interpolated(p.drift_g_us, p.drift_nu_std, r * g_max_us)};
    const float l = std::log(r);
    return {std::clamp(-0.0155F * l + 0.0244F, 0.049F, 0.1F), std::clamp(-0.0125F * l - 0.0059F, 0.008F, 0.045F)};
  }
  [[nodiscard]] float read_noise(float r) const {
    return std::min(0.0088F / std::max(std::pow(r, 0.65F), 1e-3F), 0.2F);
  }
};

struct state_independent_law {
  state_independent parameters;
  float g_max_us;

  [[nodiscard]] float programming_us(float r) const { return polynomial(parameters.prog_coeffs_us, r); }
  [[nodiscard]] exponent_law exponent(float) const { return {parameters.drift_nu_mean, parameters.drift_nu_std}; }
  [[nodiscard]] float read_noise(float) const { return 1 / g_max_us; }
};

/// Fits of the chip's measurements, in pieces.
struct hermes_law {
  bool two_devices;
  float g_max_us;

  [[nodiscard]] float programming_us(float r) const {
    static constexpr std::array<float, 4> one{0.15781817F, 2.32443916F, -2.16310839F, 0.68841818F};
    static constexpr std::array<float, 4> two{0.16603222F, 4.71806468F, -8.48101252F, 4.68961419F};
    return polynomial(two_devices ? two : one, r) * g_max_us / (two_devices ? 20.7F : 10.35F);
  }
  [[nodiscard]] exponent_law exponent(float r) const {
    const float l = std::log(r);
    const float mean =
        r < 0.0945F ? std::clamp(-0.0387F * l - 0.0182F, 0.072F, 0.13F) : (-0.0436F * r - 0.0126F) * r + 0.0736F;
    if (two_devices)
      return {mean, r < 0.3055F ? std::clamp(-0.0117F * l - 0.0057F, 0.0091F, 0.04F)
                                : (-0.0118F * r + 0.0093F) * r + 0.0073F};
    return {mean,
            r < 0.3039F ? std::clamp(-0.0120F * l - 0.0023F, 0.0124F, 0.04F) : (-0.0165F * r + 0.0116F) * r + 0.0104F};
  }
  [[nodiscard]] float read_noise(float r) const {
    const float l = std::log(r);
    if (two_devices)
      return r < 0.16F ? std::clamp(-0.0117F * l - 0.0069F, 0.015F, 0.04F)
                       : ((0.0069F * r - 0.0280F) * r + 0.0211F) * r + 0.0123F;
    return r < 0.1591F ? std::clamp(-0.0078F * l + 0.0038F, 0.0179F, 0.04F)
                       : ((0.0664F * r - 0.1352F) * r + 0.0768F) * r + 0.0088F;
  }
};

template <typename Law>
std::unique_ptr<conductance_noise> make(Law law, const drift_law_parameters& parameters,
                                        const conductance_range& range) {
  return std::make_unique<drifting_noise<Law>>(std::move(law), parameters, range);
}

} // namespace

void drift_law_parameters::validate() const {
  if (!(t_read_s > 0) || !(t_0_s > 0))
    throw input_error("t_read_s and t_0_s must be > 0");
}

void pcm_like::validate() const {
  drift_law_parameters::validate();
  if (drift_nu_mean.size() != drift_g_us.size() || drift_nu_std.size() != drift_g_us.size())
    throw input_error("drift_g_us, drift_nu_mean and drift_nu_std must be equally long");
  if (std::adjacent_find(drift_g_us.begin(), drift_g_us.end(), std::greater_equal<>()) != drift_g_us.end())
    throw input_error("drift_g_us must ascend");
}

void state_independent::validate() const {
  drift_law_parameters::validate();
}

hermes hermes::with_devices(int num_devices) {
  hermes p;
  p.num_devices = num_devices;
  p.t_0_s = num_devices == 1 ? 200 : 300;
  return p;
}

void hermes::validate() const {
  drift_law_parameters::validate();
  if (num_devices != 1 && num_devices != 2)
    throw input_error("num_devices must be 1 or 2");
}

std::unique_ptr<conductance_noise> make_noise(const pcm_like& parameters, const conductance_range& range) {
  parameters.validate();
  return make(pcm_law{parameters, range.max_us}, parameters, range);
}

std::unique_ptr<conductance_noise> make_noise(const state_independent& parameters, const conductance_range& range) {
  parameters.validate();
  return make(state_independent_law{parameters, range.max_us}, parameters, range);
}

std::unique_ptr<conductance_noise> make_noise(const hermes& parameters, const conductance_range& range) {
  parameters.validate();
  return make(hermes_law{parameters.num_devices == 2, range.max_us}, parameters, range);
}

} // namespace tilework::physics
