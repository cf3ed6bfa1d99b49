// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/inference/drift_compensation.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace tilework::physics {

drift_compensation::drift_compensation(compensation_kind kind, array_shape shape)
    : kind_(kind),
      shape_(shape),
      baseline_(kind == compensation_kind::global ? 1 : shape.outputs),
      now_(baseline_.size()),
      factors_(baseline_.size(), 1.0F),
      sums_(shape.outputs),
      x_(shape.inputs),
      y_(shape.outputs) {
}

void drift_compensation::set_baseline(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise,
                                      std::uint64_t first_vector, const average_scale& average) {
  read_out(mvm, w, noise, first_vector, average, baseline_);
  has_baseline_ = true;
}

void drift_compensation::update(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise,
                                std::uint64_t first_vector, const average_scale& average) {
  if (!has_baseline_)
    throw std::logic_error("drift compensation: no baseline");
  read_out(mvm, w, noise, first_vector, average, now_);
  std::transform(baseline_.begin(), baseline_.end(), now_.begin(), factors_.begin(), std::divides<>());
}

/// Mean |answer| to all unit vectors, over the array or of each output.
void drift_compensation::read_out(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise,
                                  std::uint64_t first_vector, const average_scale& average, std::span<float> answers) {
  constexpr float smallest = 1e-4F; // an array of zeros has a factor, too
  if (w.shape.inputs != shape_.inputs || w.shape.outputs != shape_.outputs || w.direction != mvm_direction::forward)
    throw std::invalid_argument("drift compensation: weights of another array");
  scratch_.resize(mvm.scratch_size());
  std::fill(sums_.begin(), sums_.end(), 0.0);
  const auto& io = mvm.parameters();
  for (std::size_t j = 0; j < x_.size(); ++j) {
    std::fill(x_.begin(), x_.end(), 0.0F);
    x_[j] = 1;
    const float scale =
        io.noise_management == noise_management::average_abs_max ? average.peek(x_) : input_scale(io, x_);
    mvm.run(w, x_, y_, scale, noise, first_vector + j, scratch_);
    std::transform(y_.begin(), y_.end(), sums_.begin(), sums_.begin(),
                   [](float y, double sum) { return sum + static_cast<double>(std::abs(y)); });
  }
  const double inputs = shape_.inputs;
  if (kind_ == compensation_kind::global)
    answers[0] = static_cast<float>(std::accumulate(sums_.begin(), sums_.end(), 0.0) /
                                    (inputs * static_cast<double>(shape_.outputs)));
  else
    std::transform(sums_.begin(), sums_.end(), answers.begin(),
                   [&](double sum) { return static_cast<float>(sum / inputs); });
  for (auto& answer : answers)
    answer = std::max(answer, smallest);
}

} // namespace tilework::physics
