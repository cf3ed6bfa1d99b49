// SPDX-License-Identifier: Apache-2.0
/// \file The analog matrix-vector multiplication of one direction:
/// scale -> DAC -> crossbar with its imperfections -> noise -> ADC -> rescale, repeated while bound management asks.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_codes.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/physics/periphery/read_plan.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// Static differences between the read lines; empty = the effect is off.
struct line_properties {
  std::vector<float> v_offset;     ///< relative voltage offset V_i
  std::vector<float> nonlinearity; ///< n_i in y / (1 + n_i |y|)
  std::vector<float> out_noise;    ///< std before the ADC
};

/// What one vector cost.
struct mvm_effort {
  std::uint32_t rounds = 0;      ///< passes; 0 if the vector was answered with zeros
  input_codes codes;             ///< applied, all reads of all rounds; without a DAC, non-zero inputs at full code
  std::uint64_t saturations = 0; ///< clipped ADC conversions, all rounds
};

/// Adds what one vector cost to an operation's activity.
void add_to(operation_activity& activity, const mvm_effort& effort);

class analog_mvm {
public:
  /// Most vectors of one run().
  static constexpr std::uint32_t most_vectors = 16;

  /// \param lines stream of the static draws of this direction: slots 0 to 2 for line_properties, 3 for read asymmetry
  /// \param isa of the periphery; all give the same bits
  /// \throws input_error for contradicting parameters
  analog_mvm(io_parameters parameters, array_shape shape, mvm_direction direction, const noise_stream& lines,
             instruction_set isa = best_instruction_set());

  /// y[v] = W x[v] as the hardware computes it, for a group of vectors: the weights pass through the cache once, and
  /// again for those that bound management repeats. What a vector gives does not depend on the others.
  /// \param x at most `most_vectors` \param y does not overlap x
  /// \param scales each vector's noise-management scale, see input_scale.h
  /// \param first_vector index of x[0] for the noise, the others follow; round r of bound management redraws everything
  /// \param scratch scratch_size(vectors) floats, contents irrelevant
  /// \param efforts one per vector, written
  void run(const weight_view& w, const_burst x, mutable_burst y, std::span<const float> scales,
           const noise_stream& noise, std::uint64_t first_vector, std::span<float> scratch,
           std::span<mvm_effort> efforts) const;
  /// The same for one vector.
  mvm_effort run(const weight_view& w, std::span<const float> x, std::span<float> y, float scale,
                 const noise_stream& noise, std::uint64_t vector, std::span<float> scratch) const;

  [[nodiscard]] std::size_t scratch_size(std::uint32_t vectors = 1) const;
  /// Whether a vector with this scale is answered with zeros without using the array.
  [[nodiscard]] bool silences(float scale) const;

  /// Replaces the drawn static properties of the read lines.
  void set_lines(line_properties lines);
  [[nodiscard]] const line_properties& lines() const { return lines_; }
  /// Factor of every weight for negative inputs, row-major outputs x inputs; empty unless mv_type separates the signs
  /// and w_read_asymmetry_dtod > 0.
  [[nodiscard]] std::span<const float> read_asymmetry() const { return read_asymmetry_; }
  [[nodiscard]] const io_parameters& parameters() const { return io_; }
  [[nodiscard]] const read_plan& reads() const { return plan_; }

private:
  struct member;
  struct pass;
  enum class line : std::uint8_t;
  [[nodiscard]] bool is_exact() const { return io_.is_perfect || io_.mv_type == mv_type::ideal; }
  [[nodiscard]] bool manages_bounds() const;
  [[nodiscard]] bool cuts_codes() const;
  [[nodiscard]] input_codes without_dac(std::uint64_t active) const;
  void draw_lines(array_shape shape, const noise_stream& lines);
  void multiply_exactly(const pass& p) const;
  void choose_factor(const pass& p, member& m) const;
  [[nodiscard]] bool is_accepted(const member& m) const;
  void run_pass(pass& p) const;
  void run_signs(pass& p) const;
  void run_parts(pass& p) const;
  void quantise_inputs(const pass& p, const member& m) const;
  void select_bits(const pass& p, const member& m, const array_read& part) const;
  void disturb_inputs(const pass& p, const member& m, line driven) const;
  void read_array(const pass& p, const weight_view& w, line driven, line y) const;
  void subtract_ir_drop(const pass& p, const weight_view& w, line driven, line y) const;
  void apply_offsets(std::span<const float> driven, std::span<float> y) const;
  void add_weight_noise(const pass& p, const weight_view& w, line driven, line y) const;
  void distort(std::span<float> y) const;
  void convert(const pass& p, line y, bool is_result) const;
  [[nodiscard]] float back(const member& m) const;

  io_parameters io_;
  mvm_direction direction_;
  std::uint32_t driven_;
  std::uint32_t read_;
  std::size_t isa_; ///< place of the periphery's kernels in dispatch tables
  read_plan plan_;
  converter dac_;
  converter adc_;
  line_properties lines_;
  std::vector<float> read_asymmetry_;
  float calibration_ = 1; ///< gain that makes up for the mean compression
};

} // namespace tilework::physics
