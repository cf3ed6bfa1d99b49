// SPDX-License-Identifier: Apache-2.0
/// \file Which reads of the array make up one pass of a vector: what mv_type means for time, counts and values alike.
#pragma once

#include <tilework/physics/periphery/input_codes.h>
#include <tilework/physics/periphery/io_parameters.h>

#include <cstdint>
#include <vector>

namespace tilework::physics {

/// One integration of the array.
struct array_read {
  unsigned bits = 0;     ///< magnitude bits of the part of the input code that is applied; 0: the whole code
  unsigned shift = 0;    ///< weight 2^shift of this part: position of its lowest bit in the code
  bool one_sign = false; ///< only inputs of one sign are applied, so a driver needs one phase
  bool converted = true; ///< the ADC converts after this read; otherwise the charge stays for the next one
  friend bool operator==(const array_read&, const array_read&) = default;
};

/// Reads of one pass in order; the last one is converted.
///
/// | mv_type                      | reads                                            | conversions of a line |
/// |------------------------------|--------------------------------------------------|-----------------------|
/// | IDEAL, ONE_PASS              | the whole code                                   | 1                     |
/// | POS_NEG_SEPARATE             | negative inputs, positive inputs                 | 1                     |
/// | POS_NEG_SEPARATE_DIGITAL_SUM | negative inputs, positive inputs                 | 2                     |
/// | SPLIT_MODE                   | low split_mode_bit_shift bits, the others        | 2                     |
/// | BIT_WISE                     | every magnitude bit alone, lowest first          | DAC bits - 1          |
struct read_plan {
  std::vector<array_read> reads{array_read{}};

  [[nodiscard]] std::uint32_t conversions() const;
  /// Whether a pass is one read of the whole code.
  [[nodiscard]] bool is_plain() const { return reads.size() == 1 && reads.front() == array_read{}; }
  friend bool operator==(const read_plan&, const read_plan&) = default;
};

/// \pre io.validate() passes
read_plan plan_of(const io_parameters& io);

/// Codes that one input of the largest magnitude is applied with in one pass.
/// \param bits magnitude bits of the input codes
input_codes full_drive(const read_plan& plan, unsigned bits);

/// Magnitude bits of the input codes, n - 1 for resolution 1 / (2^n - 2); 0 if the resolution has no such n.
unsigned magnitude_bits(const io_parameters& io);

} // namespace tilework::physics
