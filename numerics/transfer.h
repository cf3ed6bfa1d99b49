// SPDX-License-Identifier: Apache-2.0
/// \file What a transfer controller computes between fast and slow arrays: order of lines, hidden matrices, choppers,
/// running references, and the digital gradient of mixed precision.
///
/// n vectors, array of `inputs` x `outputs`; lines are the driven lines of a transfer read, `length` is the number of
/// lines of the other side, T the number of fast copies that are read. Element order of operands:
///
/// | function           | in                                                        | out                          |
/// |--------------------|-----------------------------------------------------------|------------------------------|
/// | fast_rate          | maxima of x and d: n x 2; means: 1 x 2                    | rates: n x 1; means          |
/// | accumulate_line    | reads: T x length; rates: n x 1 (may be missing), the last one is the latest rate; input
/// choppers: 1 x inputs; output choppers: 1 x outputs; hidden: lines x length; references: 2 T lines x length | counts:
/// 1 x length; input choppers; output choppers; hidden; references | | accumulate_product | x: n x inputs; d: n x
/// outputs; chi: outputs x inputs      | chi                          | | take_lines         | chi: outputs x inputs |
/// counts: rows x inputs; chi   |
///
/// Counts are the d operand of a write_line: a positive count lowers the weight. Rules without choppers, hidden matrix
/// or references leave those operands out.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>

#include <cstdint>
#include <span>
#include <variant>

namespace tilework::numerics {

/// Which line is the r-th to be read, r counted over the whole training.
struct line_order {
  std::uint32_t lines = 1;     ///< of the driven side
  std::uint32_t first = 0;     ///< line of read 0
  std::uint32_t per_event = 1; ///< neighbouring lines read in one transfer
  bool random = false;         ///< the first line of every transfer is drawn
  std::uint64_t seed = 0;      ///< of these draws and of those of random choppers
  std::uint64_t stream = 0;    ///< key of the array
  [[nodiscard]] std::uint32_t line_of(std::uint64_t read) const;
};

/// Tiki-Taka: what is read is written, AIHWKit's TransferCompound.
struct direct_rule {};

/// TTv2 with a buffer in units of weight, AIHWKit's BufferedTransferCompound.
struct buffered_rule {
  float threshold = 0.001F; ///< thres_scale times the granularity of the slow device
  std::int32_t most_pulses = 1;
  float momentum = 0.1F;
  bool forget_buffer = true;
};

enum class chopper_schedule : std::uint8_t { never, random, regular };

/// Hidden matrix in units of pulses, with choppers: AIHWKit's ChoppedTransferCompound; with a running reference its
/// DynamicTransferCompound (AGAD).
struct chopped_rule {
  float threshold = 1;                ///< b: weight that makes one pulse
  bool relative_to_fast_rate = false; ///< correct_gradient_magnitudes
  std::int32_t most_pulses = 1;
  float momentum = 0;
  bool forget_buffer = true;
  bool no_buffer = false;
  chopper_schedule input_choppers = chopper_schedule::never;
  float in_chop_prob = 0;
  float out_chop_prob = 0;
  bool dynamic = false; ///< AGAD: reads are taken relative to a running reference
  float tail_weightening = 5;
  float buffer_cap = 0;
  bool correct_accumulation = false; ///< experimental_correct_accumulation
  float fast_granularity = 0.001F;   ///< g_0
  bool warm_up = true;               ///< AGAD: no writes in the first sweeps; the multi-tile study has none
  bool study_schedule = false;       ///< choppers and references as in the multi-tile study, see transfer.cpp
};

/// Mixed precision.
struct rank_one_rule {
  float granularity = 0.001F; ///< eps
  std::int32_t x_bins = 0;
  std::int32_t d_bins = 0;
  bool stochastic_x = true;
  bool stochastic_d = true;
};

using transfer_rule = std::variant<direct_rule, buffered_rule, chopped_rule, rank_one_rule>;

/// Automatic learning rate of a fast array, auto_scale in AIHWKit: fast_lr desired_bl g_0 / (mean max|x| mean max|d|).
struct fast_rate_rule {
  float fast_lr = 1;
  std::int32_t desired_bl = 31;
  float granularity = 0.001F; ///< g_0
  float auto_momentum = 0.99F;
  bool times_learning_rate = false; ///< scale_fast_lr
};

/// One stage of transfer: from a fast array to the next slower one.
struct transfer_stage {
  line_order order;
  line_side side = line_side::inputs;
  transfer_rule rule;
  fast_rate_rule fast_rate;
};

struct transfer_scalars {
  float rate = 0;                 ///< lr_T of accumulate_line; SGD rate of accumulate_product and of a scaled fast rate
  float fast_rate = 0;            ///< of the fast array, where there is no rates operand
  std::uint32_t mini_batch = 1;   ///< m_batch
  std::uint32_t line = 0;         ///< that was read; take_lines: the first row
  std::uint64_t read = 0;         ///< number of the read in the stage
  std::uint64_t first_vector = 0; ///< accumulate_product: noise index of the first vector
};

struct transfer_activity {
  std::uint64_t hidden_elements = 0; ///< updated
  std::uint64_t fired = 0;           ///< gave pulses
};

/// Computes one function. \throws std::invalid_argument if operands are missing or do not fit
transfer_activity evaluate(transfer_function function, const transfer_stage& stage, std::span<const const_burst> in,
                           std::span<const mutable_burst> out, const transfer_scalars& scalars);

} // namespace tilework::numerics
