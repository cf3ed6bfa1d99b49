// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/polynomial.h>
#include <tilework/physics/inference/resistive_noise.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tilework::physics {
namespace {

struct spread_at_time {
  double seconds;
  std::array<float, 5> coefficients_us;
};
constexpr double day_s = 86'400;
constexpr std::array<spread_at_time, 3> wan_2022{{{1, {0.348F, 16.030F, -43.853F, 45.393F, -16.815F}},
                                                  {day_s, {0.701F, 22.086F, -50.773F, 47.095F, -16.458F}},
                                                  {2 * day_s, {0.782F, 20.274F, -43.507F, 37.062F, -11.934F}}}};

const spread_at_time* find_wan_2022(double seconds) {
  const auto* found =
      std::find_if(wan_2022.begin(), wan_2022.end(), [&](const auto& s) { return s.seconds == seconds; });
  return found == wan_2022.end() ? nullptr : found;
}

class wan_2022_noise final : public conductance_noise {
public:
  wan_2022_noise(const reram_wan_2022& parameters, const conductance_range& range)
      : parameters_(parameters), g_max_us_(range.max_us) {}

  [[nodiscard]] float programming_sigma_us(float target_us) const override {
    return sigma_us(wan_2022.front(), target_us);
  }
  /// Reads spread around the target, so the target is what a device remembers.
  [[nodiscard]] float drift_coefficient(float target_us, float) const override { return target_us; }
  [[nodiscard]] float read_us(float, float drift_coefficient, double seconds,
                              const std::array<float, 2>& xi) const override {
    const auto* const spread = find_wan_2022(seconds);
    return std::max(drift_coefficient + sigma_us(*spread, drift_coefficient) * xi[0], 0.0F);
  }
  void check_time(double seconds) const override {
    if (find_wan_2022(seconds) == nullptr)
      throw input_error("ReRamWan2022 knows 1 s, 86400 s and 172800 s after programming only");
  }

private:
  [[nodiscard]] float sigma_us(const spread_at_time& spread, float target_us) const {
    return parameters_.noise_scale * polynomial(spread.coefficients_us, target_us / g_max_us_) * g_max_us_ /
           parameters_.reference_g_max_us;
  }

  reram_wan_2022 parameters_;
  float g_max_us_;
};

class cmo_noise final : public conductance_noise {
public:
  cmo_noise(const reram_cmo& parameters, const conductance_range& range) : parameters_(parameters), range_(range) {}

  [[nodiscard]] float programming_sigma_us(float target_us) const override {
    const bool tight = parameters_.acceptance_percent < 1;
    const float sigma = tight ? 0.00081107F + 0.00106879F * target_us : 0.0112185391F + 0.01129027418F * target_us;
    return parameters_.prog_noise_scale * sigma;
  }
  [[nodiscard]] float drift_coefficient(float, float) const override { return 0; }
  [[nodiscard]] float read_us(float programmed_us, float, double seconds,
                              const std::array<float, 2>& xi) const override {
    if (seconds == 0)
      return programmed_us;
    constexpr double t_read_s = 1e-6;
    const auto l = static_cast<float>(std::log(seconds));
    const float shift = -0.08900206F * l;
    const float spread = std::max(0.04201137F * l + 0.41183342F, 0.0F);
    const float relaxed = programmed_us + parameters_.drift_scale * (shift + spread * xi[0]);
    // The fit is in log10(g) and has no meaning below 1 uS, far out of the range.
    const float read = 0.0277316483F * std::log10(std::max(relaxed, 1.0F)) * accumulated_read_noise(seconds, t_read_s);
    return std::clamp(relaxed + parameters_.read_noise_scale * read * xi[1], range_.min_us, range_.max_us);
  }

private:
  reram_cmo parameters_;
  conductance_range range_;
};

} // namespace

void reram_wan_2022::validate() const {
  if (!(reference_g_max_us > 0))
    throw input_error("reference_g_max_us must be > 0");
}

void reram_cmo::validate() const {
  if (acceptance_percent != 0.2F && acceptance_percent != 2.0F)
    throw input_error("acceptance_percent must be 0.2 or 2");
}

std::unique_ptr<conductance_noise> make_noise(const reram_wan_2022& parameters, const conductance_range& range) {
  parameters.validate();
  return std::make_unique<wan_2022_noise>(parameters, range);
}

std::unique_ptr<conductance_noise> make_noise(const reram_cmo& parameters, const conductance_range& range) {
  parameters.validate();
  return std::make_unique<cmo_noise>(parameters, range);
}

} // namespace tilework::physics
