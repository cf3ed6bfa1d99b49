// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/physics/periphery/read_plan.h>

#include <string>

namespace tilework::physics {
namespace {

void require_length(std::string_view name, const std::vector<float>& values, std::uint32_t lines) {
  if (!values.empty() && values.size() < lines)
    throw input_error(std::string(name) + " has " + std::to_string(values.size()) + " values for an array with " +
                      std::to_string(lines) + " read lines");
}

void validate_parts(const io_parameters& io) {
  const unsigned bits = magnitude_bits(io);
  if (bits == 0)
    throw input_error("inp_res must be 1/(2^n - 2) for mv_type SPLIT_MODE and BIT_WISE: they cut integer input codes");
  if (io.mv_type == mv_type::split_mode && (io.split_mode_bit_shift == 0 || io.split_mode_bit_shift >= bits))
    throw input_error("split_mode_bit_shift must be from 1 to " + std::to_string(bits - 1) + " for a DAC with " +
                      std::to_string(bits) + " magnitude bits");
}

} // namespace

void io_parameters::validate() const {
  if (bound_management == bound_management::shift)
    throw input_error("bound_management SHIFT is a name without an implementation in AIHWKit; use NONE, ITERATIVE or "
                      "ITERATIVE_WORST_CASE");
  if (noise_management != noise_management::none && inp_bound != 1.0F)
    throw input_error("inp_bound must be 1 when noise_management is not NONE");
  if (inp_bound <= 0 && inp_res > 0)
    throw input_error("inp_res must be <= 0 (off) when inp_bound is <= 0 (unlimited)");
  if (out_bound <= 0 && out_res > 0)
    throw input_error("out_res must be <= 0 (off) when out_bound is <= 0 (unlimited)");
  if (!is_perfect && (mv_type == mv_type::split_mode || mv_type == mv_type::bit_wise))
    validate_parts(*this);
}

void io_parameters::require_lines(std::uint32_t read_lines) const {
  require_length("out_noise_values", out_noise_values, read_lines);
  require_length("out_nonlinearity_values", out_nonlinearity_values, read_lines);
  require_length("v_offset", v_offset, read_lines);
}

} // namespace tilework::physics
