// SPDX-License-Identifier: Apache-2.0
/// \file Noise on the weights of one mini-batch, for training that is aware of the hardware: forward and backward use
/// the modified weights, the update changes the clean ones. Names, laws and defaults follow AIHWKit's
/// WeightModifierParameter.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/random/noise_stream.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

enum class modifier_type : std::uint8_t {
  none,
  copy,
  drop_connect,
  discretize,
  mult_normal,
  add_normal,
  discretize_add_normal,
  dorefa,
  poly,
  prog_noise,
};

/// The two engines of AIHWKit differ in DISCRETIZE and MULT_NORMAL.
enum class modifier_convention : std::uint8_t {
  cpp,   ///< bins of res * wm; relative noise of std_dev * wm
  torch, ///< bins of 2 * res * wm, where res above 1 is a number of bins; relative noise of std_dev
};

namespace detail {
inline constexpr std::array<std::pair<std::string_view, modifier_type>, 10> modifier_type_names{
    {{"NONE", modifier_type::none},
     {"COPY", modifier_type::copy},
     {"DROP_CONNECT", modifier_type::drop_connect},
     {"DISCRETIZE", modifier_type::discretize},
     {"MULT_NORMAL", modifier_type::mult_normal},
     {"ADD_NORMAL", modifier_type::add_normal},
     {"DISCRETIZE_ADD_NORMAL", modifier_type::discretize_add_normal},
     {"DOREFA", modifier_type::dorefa},
     {"POLY", modifier_type::poly},
     {"PROG_NOISE", modifier_type::prog_noise}}};
inline constexpr std::array<std::pair<std::string_view, modifier_convention>, 2> modifier_convention_names{
    {{"CPP", modifier_convention::cpp}, {"TORCH", modifier_convention::torch}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, modifier_type>> names_of(modifier_type) {
  return detail::modifier_type_names;
}
constexpr std::span<const std::pair<std::string_view, modifier_convention>> names_of(modifier_convention) {
  return detail::modifier_convention_names;
}

/// Laws, with wm the largest |weight| (rel_to_actual_wmax) or assumed_wmax, a = |w| / wm, and b = res * wm:
///   DISCRETIZE             b round(w / b), stochastic if asked for
///   MULT_NORMAL            w (1 + std_dev wm xi)
///   ADD_NORMAL             w + std_dev wm xi
///   DISCRETIZE_ADD_NORMAL  the first, then the third
///   DOREFA                 tanh(w) |dorefa_clip / tanh(wm)| in bins of res
///   POLY                   w + wm std_dev (c0 + c1 a + c2 a^2 + ...) xi
///   PROG_NOISE             POLY with std_dev / g_max_us; the sign of w is kept
/// Then every weight is 0 with probability pdrop.
struct weight_modifier_parameters {
  modifier_type type = modifier_type::none;
  modifier_convention convention = modifier_convention::cpp;
  float std_dev = 0;
  float res = 0;
  bool sto_round = false;
  float dorefa_clip = 0.6F;
  float pdrop = 0;
  float g_max_us = 25;
  std::vector<float> coeffs{0.0105392F, 0.0768F, -0.046925F};
  bool rel_to_actual_wmax = true;
  float assumed_wmax = 1;
  bool copy_last_column = false;
  bool enable_during_test = false; ///< for the caller: evaluations use modified weights, too

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v);
  /// \throws input_error for contradicting parameters
  void validate() const;
  friend bool operator==(const weight_modifier_parameters&, const weight_modifier_parameters&) = default;
};

/// Writes modified weights.
/// \param parameters valid ones
/// \param weights row-major outputs x inputs
/// \param modified as many; may be the same memory
/// \param stream of purpose::weight_modifier
/// \param event number of the mini-batch, for the noise: element e uses numbers e of the event
/// \throws std::invalid_argument if the sizes do not fit
void modify_weights(const weight_modifier_parameters& parameters, array_shape shape, std::span<const float> weights,
                    std::span<float> modified, const noise_stream& stream, std::uint64_t event);

template <typename Visitor>
void weight_modifier_parameters::fields(Visitor&& v) {
  using p = weight_modifier_parameters;
  v("type", &p::type, field{.doc = "what happens to the weights of a mini-batch"});
  v("convention", &p::convention, field{.doc = "CPP or TORCH: which engine of the reference sets bin width and noise"});
  v("std_dev", &p::std_dev, field{.minimum = 0, .doc = "size of the noise"});
  v("res", &p::res, field{.minimum = 0, .doc = "bin width relative to the largest weight; 0: continuous"});
  v("sto_round", &p::sto_round, field{.doc = "stochastic rounding"});
  v("dorefa_clip", &p::dorefa_clip, field{.doc = "weight at which DOREFA saturates"});
  v("pdrop", &p::pdrop, field{.minimum = 0, .maximum = 1, .doc = "probability of a weight to be 0"});
  v("g_max_us", &p::g_max_us,
    field{.minimum = 0, .open_minimum = true, .doc = "conductance of the largest weight in uS, for PROG_NOISE"});
  v("coeffs", &p::coeffs, field{.doc = "polynomial of POLY and PROG_NOISE in |w| / wm"});
  v("rel_to_actual_wmax", &p::rel_to_actual_wmax, field{.doc = "refer to the largest weight, not to assumed_wmax"});
  v("assumed_wmax", &p::assumed_wmax, field{.minimum = 0, .open_minimum = true, .doc = "largest weight assumed"});
  v("copy_last_column", &p::copy_last_column, field{.doc = "weights of the last input stay as they are"});
  v("enable_during_test", &p::enable_during_test, field{.doc = "evaluation uses modified weights, too"});
}

} // namespace tilework::physics
