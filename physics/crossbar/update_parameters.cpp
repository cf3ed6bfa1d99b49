// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/update_parameters.h>

#include <algorithm>
#include <cmath>

namespace tilework::physics {
namespace {

constexpr float max_bit_length = 65535;

std::uint32_t bit_length_from(float pulses) {
  return static_cast<std::uint32_t>(std::clamp(std::ceil(pulses), 1.0F, max_bit_length));
}

/// Without management and without a fixed length, a large learning rate lengthens the trains.
bool stretches(const update_parameters& p, float granularity, float learning_rate) {
  return !p.fixed_bl && !p.update_bl_management && granularity * static_cast<float>(p.desired_bl) < learning_rate;
}

} // namespace

std::uint32_t longest_train(const update_parameters& parameters, float granularity, float learning_rate) {
  if (stretches(parameters, granularity, learning_rate))
    return bit_length_from(learning_rate / granularity);
  return static_cast<std::uint32_t>(parameters.desired_bl);
}

pulse_plan plan_pulses(const update_parameters& parameters, float granularity, float learning_rate, float largest_x,
                       float largest_d) {
  pulse_plan plan{longest_train(parameters, granularity, learning_rate), 1, 1};
  const auto balanced = [&] { return std::sqrt(learning_rate / (granularity * static_cast<float>(plan.bit_length))); };
  if (!stretches(parameters, granularity, learning_rate))
    plan.output_factor = plan.input_factor = balanced();
  if (!parameters.update_management && !parameters.update_bl_management) {
    plan.clips = learning_rate * largest_x * largest_d / granularity > static_cast<float>(plan.bit_length);
    return plan;
  }

  if (!(largest_x > 0 && largest_d > 0))
    return {};
  const auto desired = static_cast<float>(parameters.desired_bl);
  float d = parameters.um_grad_scale * largest_d;
  const float pulses = learning_rate * largest_x * d / granularity; // expected at the largest cross-point
  plan.clips = pulses > desired;
  if (parameters.update_bl_management) {
    plan.bit_length = bit_length_from(std::min(pulses, desired));
    plan.output_factor = plan.input_factor = balanced();
  }
  if (plan.clips)
    d *= desired / pulses;
  plan.output_factor *= std::sqrt(largest_x / d);
  plan.input_factor *= std::sqrt(d / largest_x);
  return plan;
}

} // namespace tilework::physics
