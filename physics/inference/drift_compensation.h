// SPDX-License-Identifier: Apache-2.0
/// \file Drift compensation by read-out (Joshi et al., Nat. Commun. 11, 2473 (2020)): all inputs are driven one after
/// the other through the noisy array; how much weaker the answers are than right after programming gives a digital
/// factor.
#pragma once

#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/random/noise_stream.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

enum class compensation_kind : std::uint8_t {
  global,     ///< one factor for the array
  per_column, ///< one factor for every output
};

namespace detail {
inline constexpr std::array<std::pair<std::string_view, compensation_kind>, 2> compensation_kind_names{
    {{"GLOBAL", compensation_kind::global}, {"PER_COLUMN", compensation_kind::per_column}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, compensation_kind>> names_of(compensation_kind) {
  return detail::compensation_kind_names;
}

class drift_compensation {
public:
  /// \param shape of the array. Factors are 1 until update() is called.
  drift_compensation(compensation_kind kind, array_shape shape);

  /// Reads the array out as it is now: the state to compensate to. With a perfect `mvm` and the target weights the
  /// reference is exact.
  /// \param mvm the array's forward product, without any digital scales
  /// \param w the array's weights, forward
  /// \param noise stream of the read-out
  /// \param first_vector noise index of the first of as many vectors as the array has inputs
  /// \param average running mean of noise management, used only by AVERAGE_ABS_MAX
  /// \throws std::invalid_argument if the weights do not fit
  void set_baseline(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise, std::uint64_t first_vector,
                    const average_scale& average = {});
  /// Reads the array out again: factor = baseline / answer now. Parameters as above.
  /// \throws std::logic_error without a baseline
  void update(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise, std::uint64_t first_vector,
              const average_scale& average = {});

  /// Factor of the outputs: one number, or one per output.
  [[nodiscard]] std::span<const float> factors() const { return factors_; }

private:
  void read_out(const analog_mvm& mvm, const weight_view& w, const noise_stream& noise, std::uint64_t first_vector,
                const average_scale& average, std::span<float> answers);

  compensation_kind kind_;
  array_shape shape_;
  bool has_baseline_ = false;
  std::vector<float> baseline_;
  std::vector<float> now_;
  std::vector<float> factors_;
  std::vector<double> sums_;
  std::vector<float> x_;
  std::vector<float> y_;
  std::vector<float> scratch_;
};

} // namespace tilework::physics
