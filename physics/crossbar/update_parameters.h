// SPDX-License-Identifier: Apache-2.0
/// \file Parameters of the pulsed outer-product update, and the choice of bit length and pulse probabilities.
#pragma once

#include <tilework/core/field.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::physics {

/// How the product of two operands becomes pulses of a cross-point. BL is the bit length of the vector pair, p and q
/// are the pulse probabilities of the input and of the output line (pulse_plan), rint rounds half to even.
enum class pulse_type {
  none,                   ///< exact product; the device is replaced by an ideal one
  none_with_device,       ///< exact product, then clipped to the bounds of the device
  stochastic_compressed,  ///< random trains of BL slots; one pulse per slot in which both lines fire
  stochastic,             ///< the same law: there the two polarities of a slot go one after the other
  mean_count,             ///< rint(n m / BL) pulses for lines that fire n = rint(BL p) and m = rint(BL q) times
  deterministic_implicit, ///< rint(BL p q) pulses, with p and q quantised by x_res_implicit and d_res_implicit
};

namespace detail {
inline constexpr std::array<std::pair<std::string_view, pulse_type>, 6> pulse_type_names{
    {{"NONE", pulse_type::none},
     {"NONE_WITH_DEVICE", pulse_type::none_with_device},
     {"STOCHASTIC_COMPRESSED", pulse_type::stochastic_compressed},
     {"STOCHASTIC", pulse_type::stochastic},
     {"MEAN_COUNT", pulse_type::mean_count},
     {"DETERMINISTIC_IMPLICIT", pulse_type::deterministic_implicit}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, pulse_type>> names_of(pulse_type) {
  return detail::pulse_type_names;
}

/// Names, meanings and defaults follow AIHWKit's UpdateParameters; the scheme is that of Gokmen & Vlasov,
/// Front. Neurosci. 10:333 (2016).
struct update_parameters {
  physics::pulse_type pulse_type = physics::pulse_type::stochastic_compressed;
  int desired_bl = 31;
  bool fixed_bl = true;
  bool update_bl_management = true;
  bool update_management = true;
  float um_grad_scale = 1.0F;
  float res = 0;
  bool sto_round = false;
  float x_res_implicit = 0;
  float d_res_implicit = 0;

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v) {
    using update = update_parameters;
    v("pulse_type", &update::pulse_type, field{.doc = "how products become pulses; NONE: exact update, ideal device"});
    v("desired_bl", &update::desired_bl, field{.minimum = 1, .maximum = 65535, .doc = "longest pulse train in slots"});
    v("fixed_bl", &update::fixed_bl, field{.doc = "without management: always use desired_bl"});
    v("update_bl_management", &update::update_bl_management,
      field{.doc = "shorten trains as far as the operands allow"});
    v("update_management", &update::update_management,
      field{.doc = "balance the pulse probabilities of the two sides"});
    v("um_grad_scale", &update::um_grad_scale,
      field{.minimum = 0, .open_minimum = true, .doc = "factor of max|d| in update management"});
    v("res", &update::res, field{.doc = "step of pulse probabilities, or number of steps if > 1; <= 0: continuous"});
    v("sto_round", &update::sto_round, field{.doc = "stochastic rounding of pulse probabilities to steps of res"});
    v("x_res_implicit", &update::x_res_implicit,
      field{.doc = "DETERMINISTIC_IMPLICIT: what res is for inputs, without stochastic rounding"});
    v("d_res_implicit", &update::d_res_implicit,
      field{.doc = "DETERMINISTIC_IMPLICIT: what res is for errors, without stochastic rounding"});
  }

  /// Whether the update is W -= lr d x^T without pulses.
  [[nodiscard]] bool is_exact() const {
    return pulse_type == pulse_type::none || pulse_type == pulse_type::none_with_device;
  }
  /// Whether the number of pulses of a cross-point follows from two numbers, one per line, instead of from trains.
  [[nodiscard]] bool is_dense() const {
    return pulse_type == pulse_type::mean_count || pulse_type == pulse_type::deterministic_implicit;
  }

  friend bool operator==(const update_parameters&, const update_parameters&) = default;
};

/// What one burst of outer products is updated with. Views must stay valid as long as the operands.
struct update_options {
  float learning_rate = 0;               ///< negative: all pulses in the other direction
  std::span<const float> rates{};        ///< one per vector, instead of learning_rate; 0: nothing for this vector
  std::span<const float> input_signs{};  ///< choppers, +1 or -1 per input line; empty: none
  std::span<const float> output_signs{}; ///< same, per output line

  [[nodiscard]] float rate(std::uint32_t vector) const { return rates.empty() ? learning_rate : rates[vector]; }
  /// Largest magnitude of all rates.
  [[nodiscard]] float largest_rate() const {
    float largest = rates.empty() ? std::abs(learning_rate) : 0.0F;
    for (const float r : rates)
      largest = std::max(largest, std::abs(r));
    return largest;
  }
};

/// Train length and the factors that turn operands into pulse probabilities.
struct pulse_plan {
  std::uint32_t bit_length = 0; ///< 0: no pulses
  float output_factor = 0;      ///< probability of output line i: |d_i| * output_factor (A)
  float input_factor = 0;       ///< probability of input line j: |x_j| * input_factor (B)
  bool clips = false;           ///< the largest cross-point asks for more pulses than the longest train has
};

/// Plan for one vector pair, the same for all pulse types. Single precision decides the ceiling that gives the bit
/// length, as in the published results. \param granularity mean weight change of one pulse, > 0
/// \param learning_rate magnitude, > 0 \param largest_x, largest_d largest magnitudes of the operands
pulse_plan plan_pulses(const update_parameters& parameters, float granularity, float learning_rate, float largest_x,
                       float largest_d);

/// Upper limit of the bit length of any vector pair at a learning rate.
std::uint32_t longest_train(const update_parameters& parameters, float granularity, float learning_rate);

} // namespace tilework::physics
