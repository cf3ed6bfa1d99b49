// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/programmed_weights.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tilework::physics {

programmed_weights::programmed_weights(std::size_t cells, conductance_converter converter,
                                       std::unique_ptr<conductance_noise> noise, std::uint64_t seed, logical_array id)
    : converter_(std::move(converter)),
      noise_(std::move(noise)),
      programming_(seed, purpose::inference_programming, id),
      reading_(seed, purpose::inference_read, id),
      programmed_(cells),
      visible_(cells),
      coefficients_(cells * converter_.devices_per_weight()),
      conductance_us_(coefficients_.size()) {
}

void programmed_weights::program(std::span<const float> targets, std::uint64_t event) {
  if (targets.size() != programmed_.size())
    throw std::invalid_argument("programming: one target per cell");
  const auto scale = converter_.to_conductances(targets, conductance_us_);
  for (std::uint32_t d = 0; d < conductance_us_.size(); ++d) {
    const auto xi = programming_.normals(event, d, 0);
    const float target = conductance_us_[d];
    conductance_us_[d] = std::max(target + noise_->programming_sigma_us(target) * xi[0], 0.0F);
    coefficients_[d] = noise_->drift_coefficient(target, xi[1]);
  }
  converter_.to_weights(conductance_us_, scale, programmed_);
  visible_ = programmed_;
}

void programmed_weights::drift_to(double seconds, std::uint64_t event) {
  noise_->check_time(seconds);
  const auto scale = converter_.to_conductances(programmed_, conductance_us_);
  for (std::uint32_t d = 0; d < conductance_us_.size(); ++d) {
    const auto xi = reading_.normals(event, d, 0);
    conductance_us_[d] = noise_->read_us(conductance_us_[d], coefficients_[d], seconds, {xi[0], xi[1]});
  }
  converter_.to_weights(conductance_us_, scale, visible_);
}

void programmed_weights::save(byte_writer& out) const {
  out.write_vector(programmed_);
  out.write_vector(visible_);
  out.write_vector(coefficients_);
}

void programmed_weights::load(byte_reader& in) {
  for (auto* state : {&programmed_, &visible_, &coefficients_}) {
    const auto size = state->size();
    in.read_vector(*state);
    if (state->size() != size)
      throw input_error("checkpoint belongs to another array or device");
  }
}

} // namespace tilework::physics
