// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/read_plan.h>

#include <algorithm>

namespace tilework::physics {

std::uint32_t read_plan::conversions() const {
  return static_cast<std::uint32_t>(std::ranges::count(reads, true, &array_read::converted));
}

input_codes full_drive(const read_plan& plan, unsigned bits) {
  input_codes codes;
  for (const auto& read : plan.reads) {
    const std::uint64_t code = (std::uint64_t{1} << (read.bits == 0 ? bits : read.bits)) - 1;
    const input_codes applied{1, code, code * code};
    if (read.one_sign) // the other read is that of the other sign
      return applied;
    codes += applied;
  }
  return codes;
}

unsigned magnitude_bits(const io_parameters& io) {
  constexpr unsigned most = 23; // integers that a float holds exactly
  const float step = relative_step(io.inp_res);
  for (unsigned bits = 1; bits <= most; ++bits)
    if (step == 1.0F / static_cast<float>((2U << bits) - 2))
      return bits;
  return 0;
}

read_plan plan_of(const io_parameters& io) {
  if (io.is_perfect)
    return {};
  const unsigned bits = magnitude_bits(io);
  switch (io.mv_type) {
  case mv_type::ideal:
  case mv_type::one_pass:
    break;
  case mv_type::pos_neg_separate:
    return {{{.one_sign = true, .converted = false}, {.one_sign = true}}};
  case mv_type::pos_neg_separate_digital_sum:
    return {{{.one_sign = true}, {.one_sign = true}}};
  case mv_type::split_mode:
    return {{{.bits = io.split_mode_bit_shift},
             {.bits = bits - io.split_mode_bit_shift, .shift = io.split_mode_bit_shift}}};
  case mv_type::bit_wise: {
    read_plan plan{{}};
    for (unsigned k = 0; k < bits; ++k)
      plan.reads.push_back({.bits = 1, .shift = k});
    return plan;
  }
  }
  return {};
}

} // namespace tilework::physics
