// SPDX-License-Identifier: Apache-2.0
/// \file The training algorithms by name, and the parameters that each of them has: names, ranges and meanings.
#pragma once

#include <tilework/core/field.h>
#include <tilework/workloads/algorithm.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::workload {

/// What `training.algorithm.name` may be.
enum class algorithm_name : std::uint8_t {
  sgd,
  tiki_taka,       ///< AIHWKit's TransferCompound; chains of more than two devices
  buffered,        ///< TTv2: its BufferedTransferCompound; chains as well
  chopped,         ///< c-TTv2: its ChoppedTransferCompound, two devices
  dynamic,         ///< AGAD: its DynamicTransferCompound, two devices
  study_dynamic,   ///< AGAD as in the study of parallel Tiki-Taka on several tiles, two devices
  mixed_precision, ///< its MixedPrecisionCompound, one device
  residual,        ///< multi-tile residual learning: a visible chain with a warm start, two devices or more
};

namespace detail {
inline constexpr std::array<std::pair<std::string_view, algorithm_name>, 8> algorithm_names{
    {{"SGD", algorithm_name::sgd},
     {"TikiTaka", algorithm_name::tiki_taka},
     {"TTv2", algorithm_name::buffered},
     {"ChoppedTTv2", algorithm_name::chopped},
     {"AGAD", algorithm_name::dynamic},
     {"MultiTileAGAD", algorithm_name::study_dynamic},
     {"MixedPrecision", algorithm_name::mixed_precision},
     {"Residual", algorithm_name::residual}}};
inline constexpr std::array<std::pair<std::string_view, replication>, 2> replication_names{
    {{"slow", replication::slow}, {"fast_and_slow", replication::fast_and_slow}}};
inline constexpr std::array<std::pair<std::string_view, transfer_schedule>, 2> transfer_schedule_names{
    {{"after_batch", transfer_schedule::after_batch}, {"overlapped", transfer_schedule::overlapped}}};
inline constexpr std::array<std::pair<std::string_view, transfer_reduction>, 2> transfer_reduction_names{
    {{"controller", transfer_reduction::controller}, {"network", transfer_reduction::network}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, algorithm_name>> names_of(algorithm_name) {
  return detail::algorithm_names;
}
constexpr std::span<const std::pair<std::string_view, replication>> names_of(replication) {
  return detail::replication_names;
}
constexpr std::span<const std::pair<std::string_view, transfer_schedule>> names_of(transfer_schedule) {
  return detail::transfer_schedule_names;
}
constexpr std::span<const std::pair<std::string_view, transfer_reduction>> names_of(transfer_reduction) {
  return detail::transfer_reduction_names;
}

/// Set of algorithms, one bit each.
using algorithm_set = std::uint32_t;
template <typename... Names>
constexpr algorithm_set algorithms(Names... names) {
  return ((algorithm_set{1} << static_cast<unsigned>(names)) | ...);
}
constexpr bool contains(algorithm_set set, algorithm_name name) {
  return (set & algorithms(name)) != 0;
}

/// Calls v(name, member, field, algorithms) for every parameter that is written under its own name in
/// `training.algorithm`, with the algorithms that have it.
template <typename Visitor>
void algorithm_fields(Visitor&& v) {
  using a = algorithm_configuration;
  using enum algorithm_name;
  constexpr auto study = algorithms(study_dynamic);
  constexpr auto choppers = algorithms(chopped, dynamic) | study;
  constexpr auto plain = algorithms(tiki_taka, buffered, residual);
  constexpr auto hidden = algorithms(buffered) | choppers;
  constexpr auto transfer = plain | choppers;
  constexpr auto compounds = transfer & ~study;
  constexpr auto mixed = algorithms(mixed_precision);
  constexpr double any_count = 1e9;

  v("replicas", &a::replicas,
    field{.minimum = 1,
          .maximum = 255,
          .doc = "copies of the replicated arrays; each has a "
                 "contiguous part of ceil(batch_size / replicas) samples, the last ones a shorter one or none"},
    transfer);
  v("replicate", &a::replicate,
    field{.doc = "slow: one fast array takes all updates; fast_and_slow: each copy has its own"}, transfer);
  v("transfer_every", &a::transfer_every,
    field{.doc = "mini-batches or vectors between transfers; negative, with "
                 "choppers: share of the states that a device goes through between two reads of a line"},
    compounds | study | mixed);
  v("transfer_every_vec", &a::transfer_every_vec,
    field{.minimum = 0,
          .doc = "the same per device; "
                 "default: each the time in which all lines of the other side are read"},
    plain);
  v("units_in_mbatch", &a::units_in_mbatch, field{.doc = "transfer_every counts mini-batches, not vectors"}, transfer);
  v("n_reads_per_transfer", &a::n_reads_per_transfer,
    field{.minimum = 1, .maximum = any_count, .doc = "lines per transfer"}, plain);
  v("transfer_columns", &a::transfer_columns, field{.doc = "lines of one input each; false: of one output each"},
    transfer);
  v("random_selection", &a::random_selection, field{.doc = "every transfer begins at a random line"}, plain);
  v("fast_lr", &a::fast_lr, field{.minimum = 0, .doc = "learning rate of the fast array; 0: that of the step"},
    transfer);
  v("scale_fast_lr", &a::scale_fast_lr, field{.doc = "fast_lr is a factor of the step's learning rate"}, compounds);
  v("transfer_lr", &a::transfer_lr, field{.minimum = 0, .open_minimum = true, .doc = "learning rate of the transfer"},
    compounds | mixed);
  v("transfer_lr_vec", &a::transfer_lr_vec, field{.minimum = 0, .open_minimum = true, .doc = "the same per device"},
    plain);
  v("scale_transfer_lr", &a::scale_transfer_lr, field{.doc = "transfer_lr is a factor of the step's learning rate"},
    compounds);
  v("thres_scale", &a::thres_scale,
    field{.minimum = 0,
          .open_minimum = true,
          .doc = "threshold of the buffer, in steps of "
                 "the slow device"},
    algorithms(buffered));
  v("step", &a::step,
    field{.minimum = 0,
          .open_minimum = true,
          .doc = "weight change that a pulse stands for, in steps of "
                 "the slow device"},
    hidden);
  v("momentum", &a::momentum, field{.minimum = 0, .maximum = 1, .doc = "share of the hidden value that a pulse leaves"},
    hidden & ~study);
  v("forget_buffer", &a::forget_buffer, field{.doc = "pulses use up the whole hidden value, not just what they write"},
    hidden & ~study);
  v("in_chop_prob", &a::in_chop_prob,
    field{.minimum = 0,
          .maximum = 1,
          .doc = "probability or frequency of sign changes of "
                 "a line, per read"},
    choppers);
  v("in_chop_random", &a::in_chop_random, field{.doc = "random sign changes; false: regular ones"}, choppers & ~study);
  v("out_chop_prob", &a::out_chop_prob,
    field{.minimum = 0,
          .maximum = 1,
          .doc = "probability of sign changes of the other "
                 "side, per sweep over all lines"},
    algorithms(chopped));
  v("buffer_granularity", &a::buffer_granularity,
    field{.minimum = 0,
          .doc = "change of the fast array that makes one pulse, "
                 "in its steps; 0: 1"},
    choppers);
  v("auto_granularity", &a::auto_granularity,
    field{.minimum = 0,
          .doc = "if > 0, that change is divided by the vectors of a "
                 "sweep over all lines and multiplied by this"},
    choppers);
  v("auto_scale", &a::auto_scale,
    field{.doc = "learning rate of the fast array from running means of the operands' maxima"}, choppers);
  v("auto_momentum", &a::auto_momentum, field{.doc = "of these means, per mini-batch; between 0 and 1"}, choppers);
  v("correct_gradient_magnitudes", &a::correct_gradient_magnitudes,
    field{.doc = "hidden values are relative to the learning "
                 "rate of the fast array"},
    compounds & choppers);
  v("no_buffer", &a::no_buffer, field{.doc = "hidden values start at 0 at every read"}, algorithms(chopped));
  v("tail_weightening", &a::tail_weightening,
    field{.minimum = 0,
          .open_minimum = true,
          .doc = "weight of late reads of a "
                 "chopper period in the reference"},
    choppers & ~algorithms(chopped));
  v("buffer_cap", &a::buffer_cap,
    field{.minimum = 0,
          .doc = "without forget_buffer: limit of hidden values, in the most "
                 "pulses of a transfer; 0: none"},
    algorithms(dynamic));
  v("experimental_correct_accumulation", &a::experimental_correct_accumulation,
    field{.doc = "hidden values are relative to "
                 "the reads since the last sign change"},
    algorithms(dynamic));
  v("n_rows_per_transfer", &a::n_rows_per_transfer,
    field{.minimum = -1,
          .maximum = any_count,
          .doc = "rows per transfer; "
                 "-1: all"},
    mixed);
  v("random_row", &a::random_row, field{.doc = "every transfer begins at a random row"}, mixed);
  v("granularity", &a::mixed_granularity,
    field{.minimum = 0, .doc = "gradient that makes one pulse; 0: the device's step"}, mixed);
  v("n_x_bins", &a::n_x_bins, field{.minimum = 0, .maximum = any_count, .doc = "levels of the inputs; 0: continuous"},
    mixed);
  v("n_d_bins", &a::n_d_bins, field{.minimum = 0, .maximum = any_count, .doc = "levels of the errors; 0: continuous"},
    mixed);
  v("stoc_round_x", &a::stoc_round_x, field{.doc = "inputs are rounded stochastically"}, mixed);
  v("stoc_round_d", &a::stoc_round_d, field{.doc = "errors are rounded stochastically"}, mixed);
  v("warm_start", &a::warm_start,
    field{.doc = "the tiles learn one after the other first, the most significant one first, each until the loss "
                 "stops falling"},
    algorithms(residual));
}

/// An algorithm with the defaults of its class in AIHWKit, or of its source; one device per role.
algorithm_configuration defaults_of(algorithm_name name);
/// Factors, periods and rates of residual learning that are not given, for the number of roles that there are.
void set_residual_defaults(algorithm_configuration& a);

} // namespace tilework::workload
