// SPDX-License-Identifier: Apache-2.0
/// \file What a transfer controller computes between fast and slow arrays: order of lines, hidden matrices, choppers,
/// running references, and the digital gradient of mixed precision.
///
/// n vectors, array of `inputs` x `outputs`; lines are the driven lines of a transfer read, `length` is the number of
/// lines of the other side, T the number of fast copies that are read, X = inputs, D = outputs. Operands are known by
/// their position; "-" is one that may be missing (no data).
///
/// | function           | in                                                | out                                  |
/// |--------------------|---------------------------------------------------|--------------------------------------|
/// | fast_rate          | 0 maxima of x and d: n x 2; 1 means: 1 x 2        | 0 rates: n x 1; 1 means              |
/// | accumulate_line    | 0 reads: T x length; 1 rates: n x 1 (-); 2 to 5 * | 0 counts: 1 x length; 1 to 4 *       |
/// | accumulate_product | 0 x: n x X; 1 d: n x D; 2 chi: D x X              | 0 chi                                |
/// | take_lines         | 0 chi: D x X                                      | 0 counts: rows x X; 1 chi            |
///
/// * state of a line's rule: input choppers: 1 x X (-); output choppers: 1 x D (-); hidden: lines x length; references:
/// 2 T lines x length
///
/// Counts are the d operand of a write_line: a positive count lowers the weight (so a line that is read positive gives
/// negative counts); those of take_lines are in the direction of the gradient. Rules without choppers, hidden matrix or
/// references leave those operands out. Of the rates the last one counts, the latest. State (choppers, hidden,
/// references, chi) is changed in place: its output is the same elements as its input. All of it starts at 0, except
/// for choppers, which are +1 or -1 and must be filled with +1 before the first read. The choppers of the driven side
/// are the input choppers if input lines are driven, otherwise the output choppers.
///
/// References, for dynamic rules: row (2 j) lines + s is the running mean M of line s of copy j, row (2 j + 1) lines +
/// s its reference R.
///
/// Sources: Gokmen & Haensch, Frontiers in Neuroscience 14, 2020 (Tiki-Taka); Gokmen, Frontiers in AI 4, 2021 (TTv2);
/// Rasch et al., Nature Communications 15, 2024 (choppers, AGAD); Nandakumar et al., Frontiers in Neuroscience 14, 2020
/// (mixed precision). All arithmetic is in single precision.
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

/// Tiki-Taka: what is read is written, AIHWKit's TransferCompound: counts = -sum over copies of the read.
struct direct_rule {};

/// TTv2 with a buffer in units of weight, AIHWKit's BufferedTransferCompound. Per element of the line, a = sum over
/// copies of the read, theta = threshold:
///   h = H + |rate| a;  n = trunc(h / theta) in [-most_pulses, most_pulses], count -n;
///   H = h if n = 0, else momentum h, or without forget_buffer h - (1 - momentum) n theta
struct buffered_rule {
  float threshold = 0.001F; ///< thres_scale times the granularity of the slow device
  std::int32_t most_pulses = 1;
  float momentum = 0.1F;
  bool forget_buffer = true;
};

enum class chopper_schedule : std::uint8_t { never, random, regular };

/// Hidden matrix in units of pulses, with choppers: AIHWKit's ChoppedTransferCompound; with a running reference its
/// DynamicTransferCompound (AGAD). Per element of the line, L = |rate| / b (divided by the fast rate too if
/// relative_to_fast_rate), c the product of the choppers that cross there, a_j the read of copy j:
///   h = H + c L sum_j (a_j - R_j), without R if not dynamic, without H if no_buffer
///   n = trunc(h) in [-most_pulses, most_pulses], count -n, and H as for buffered_rule with theta = 1; a dynamic rule
///   that does not forget clips it to +-most_pulses buffer_cap, if buffer_cap > 0
/// then, dynamic: M_j = (1 - beta) M_j + beta a_j, beta = min(tail_weightening / n_c, 1), n_c = max(ceil(1 /
/// in_chop_prob), 2), and then the chopper of the line may flip:
///   random   with probability in_chop_prob
///   regular  in the last of every n_c sweeps over all lines t = read / lines; a dynamic rule flips there in any case
/// After the last line every chopper of the other side flips with probability out_chop_prob, unless dynamic. When the
/// line is read next after a flip, R_j = M_j first. With correct_accumulation L is divided by min(1 + t mod n_c, 1 /
/// fast_granularity). With warm_up a dynamic rule gives no counts while t <= n_c, though elements of H are released.
///
/// study_schedule: a counter counts how often the line wrapped to 0, and a regular chopper flips in the first of every
/// n_c of its values, from the first one on; R_j = M_j right at the flip; no warm-up.
struct chopped_rule {
  float threshold = 1;                ///< b: weight that makes one pulse
  bool relative_to_fast_rate = false; ///< correct_gradient_magnitudes
  std::int32_t most_pulses = 1;
  float momentum = 0;
  bool forget_buffer = true;
  bool no_buffer = false;
  chopper_schedule input_choppers = chopper_schedule::never; ///< of the driven lines
  float in_chop_prob = 0;                                    ///< of the driven lines
  float out_chop_prob = 0;                                   ///< of the lines of the other side
  bool dynamic = false;                                      ///< AGAD: reads are taken relative to a running reference
  float tail_weightening = 5;
  float buffer_cap = 0;
  bool correct_accumulation = false; ///< experimental_correct_accumulation
  float fast_granularity = 0.001F;   ///< g_0
  bool warm_up = true;               ///< AGAD: no writes in the first sweeps; the multi-tile study has none
  bool study_schedule = false;       ///< choppers and references as in the multi-tile study, see above
};

/// Mixed precision: chi <- chi + rate q(d) q(x)^T, vector after vector, q quantising to bins (none if 0) of width
/// max|v| / floor(bins / 2); k = trunc(chi / granularity) pulses are taken out of chi.
struct rank_one_rule {
  float granularity = 0.001F; ///< eps
  std::int32_t x_bins = 0;
  std::int32_t d_bins = 0;
  bool stochastic_x = true;
  bool stochastic_d = true;
};

using transfer_rule = std::variant<direct_rule, buffered_rule, chopped_rule, rank_one_rule>;

/// Automatic learning rate of a fast array, auto_scale in AIHWKit: fast_lr desired_bl g_0 / (mean max|x| mean max|d|),
/// where the division is left out as long as a mean is 0. A mean starts with the first maximum > 0, follows later ones
/// by (1 - auto_momentum) / mini_batch each and passes over maxima of 0.
struct fast_rate_rule {
  float fast_lr = 1;
  std::int32_t desired_bl = 31;
  float granularity = 0.001F; ///< g_0
  float auto_momentum = 0.99F;
  bool times_learning_rate = false; ///< scale_fast_lr
  bool per_mini_batch = false;      ///< the multi-tile study: one step of the means, which start at 1, per mini-batch,
                                    ///< with its largest maxima
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

/// Computes one function. Allocates nothing. accumulate_line of buffered and chopped rules changes nothing and gives no
/// pulses if the rate is 0.
/// \throws std::invalid_argument if operands are missing, do not fit each other or belong to another rule, or if the
/// chopper of the line is neither +1 nor -1
transfer_activity evaluate(transfer_function function, const transfer_stage& stage, std::span<const const_burst> in,
                           std::span<const mutable_burst> out, const transfer_scalars& scalars);

/// Adds all other vectors to the first one, in their order: reads that become one before accumulate_line. All rules are
/// linear in the reads and the references of all copies move at the same time, so one reference of the sum gives what
/// one per copy gives, but for rounding.
void add_to_first(const mutable_burst& vectors);

/// Rows [first, first + count) of accumulate_product: work may be cut between rows without a change of any bit.
/// \param x, d, chi as for accumulate_product
void accumulate_product_rows(const transfer_stage& stage, const const_burst& x, const const_burst& d,
                             const mutable_burst& chi, const transfer_scalars& scalars, std::uint32_t first,
                             std::uint32_t count);

} // namespace tilework::numerics
