// SPDX-License-Identifier: Apache-2.0
/// \file Training algorithms as data: which arrays a weight has, what is transferred between them and when.
#pragma once

#include <tilework/core/step_program.h>
#include <tilework/numerics/transfer.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::workload {

/// How the arrays of a weight learn.
enum class algorithm_family : std::uint8_t {
  sgd,             ///< one array, updated by pulses
  transfer,        ///< role 0 is updated by pulses, role k + 1 by what is read from role k
  mixed_precision, ///< one array, updated from a digital gradient
};

/// Rules of transfer, named as in AIHWKit.
enum class transfer_kind : std::uint8_t { tiki_taka, buffered, chopped, dynamic, study_dynamic };

/// When something happens: after every so many mini-batches or vectors; 0 = never.
struct transfer_period {
  std::uint64_t every = 0;
  bool in_mini_batches = true;
};

enum class transfer_schedule : std::uint8_t {
  after_batch, ///< at the end of the step; within it, where the period counts vectors
  overlapped,  ///< with the forward pass of the next mini-batch, as far as arrays allow; the same weights
};

/// Which tiles are replicated.
enum class replication : std::uint8_t { slow, fast_and_slow };

/// Where the reads of several fast copies are added.
enum class transfer_reduction : std::uint8_t {
  controller, ///< they are gathered one by one
  network,    ///< on their way: the transfer controller gets their sum as one read
};

/// Names and defaults of AIHWKit's compounds (physics of the field: Gokmen & Haensch 2020, Gokmen 2021, Rasch et al.
/// 2024). Fields that an algorithm does not have are ignored.
struct algorithm_configuration {
  std::string name = "SGD";
  algorithm_family family = algorithm_family::sgd;
  transfer_kind kind = transfer_kind::tiki_taka;
  std::uint32_t roles = 1;        ///< arrays per weight, fastest first; the last one is visible
  std::vector<float> gamma;       ///< per role: W = sum gamma_k W_k; empty: 1 for the last, 0 for the others
  std::vector<float> granularity; ///< per role, of its device
  float states = 1000;            ///< N of the first device, for negative transfer_every
  std::uint32_t replicas = 1;
  replication replicate = replication::slow;
  transfer_schedule schedule = transfer_schedule::after_batch;
  transfer_reduction reduction = transfer_reduction::controller;

  // transfer family
  double transfer_every = 1;
  std::vector<double> transfer_every_vec;
  bool units_in_mbatch = true;
  std::uint32_t n_reads_per_transfer = 1;
  bool transfer_columns = true;
  bool random_selection = false;
  float fast_lr = 1;
  bool scale_fast_lr = true;
  float transfer_lr = 1;
  std::vector<float> transfer_lr_vec;
  bool scale_transfer_lr = true;
  std::int32_t desired_bl = 31;         ///< of the fast array's updates
  std::int32_t transfer_desired_bl = 1; ///< of the writes: cap of pulse counts
  float thres_scale = 1;
  float step = 1;
  float momentum = 0.1F;
  bool forget_buffer = true;
  float in_chop_prob = 0.1F;
  bool in_chop_random = true;
  float out_chop_prob = 0;
  float buffer_granularity = 1;
  float auto_granularity = 0;
  bool auto_scale = false;
  float auto_momentum = 0.99F;
  bool correct_gradient_magnitudes = false;
  bool no_buffer = false;
  float tail_weightening = 5;
  float buffer_cap = 0;
  bool experimental_correct_accumulation = false;

  // mixed precision
  std::int32_t n_rows_per_transfer = -1;
  bool random_row = false;
  float mixed_granularity = 0; ///< 0: of the device
  std::int32_t n_x_bins = 0;
  std::int32_t n_d_bins = 0;
  bool stoc_round_x = true;
  bool stoc_round_d = true;

  /// Residual learning: before the chain works as such, role 0 is transferred to one role after the other, from the
  /// last one (the most significant) on; the next one's turn comes when the loss stops falling.
  bool warm_start = false;

  std::uint64_t seed = 1;

  [[nodiscard]] float gamma_of(std::uint32_t role) const {
    return gamma.empty() ? (role + 1 == roles ? 1.0F : 0.0F) : gamma[role];
  }
  [[nodiscard]] std::uint32_t copies_of(std::uint32_t role) const {
    return role + 1 == roles || replicate == replication::fast_and_slow ? replicas : 1;
  }
  /// Whether reads of a role are added on their way.
  [[nodiscard]] bool reduces(std::uint32_t role) const {
    return reduction == transfer_reduction::network && copies_of(role) > 1;
  }
  /// Role that gets the initial weights; the others start at 0.
  [[nodiscard]] std::uint32_t initial_role() const { return family == algorithm_family::transfer ? roles - 1 : 0; }
  [[nodiscard]] std::vector<std::uint32_t> copies() const {
    std::vector<std::uint32_t> all;
    for (std::uint32_t role = 0; role < roles; ++role)
      all.push_back(copies_of(role));
    return all;
  }
  [[nodiscard]] std::uint32_t stages() const { return family == algorithm_family::transfer ? roles - 1 : 0; }
  [[nodiscard]] bool has_hidden_matrix() const {
    return family == algorithm_family::transfer && kind != transfer_kind::tiki_taka;
  }
  [[nodiscard]] bool has_choppers() const {
    return family == algorithm_family::transfer &&
           (kind == transfer_kind::dynamic || kind == transfer_kind::study_dynamic ||
            (kind == transfer_kind::chopped && (in_chop_prob > 0 || out_chop_prob > 0)));
  }
};

/// A stage of transfer between the arrays of one piece of a layer, with everything that depends on its shape.
struct stage_plan {
  numerics::transfer_stage stage;
  transfer_period period;
  operation_rate transfer_rate; ///< lr_T
  operation_rate write_rate;    ///< of the pulses of the slow array
};

/// \param stage 0 = from role 0 to role 1 \param shape of the arrays \param key of the fast array, for its draws
stage_plan plan_stage(const algorithm_configuration& algorithm, std::uint32_t stage, std::uint32_t inputs,
                      std::uint32_t outputs, std::uint32_t batch_size, std::uint64_t key);

/// Rate of the pulses of role 0 where it is not automatic.
operation_rate fast_rate_of(const algorithm_configuration& algorithm);

/// Longest pulse train of the array that gets the initial weights, in slots.
std::uint32_t longest_train_of(const algorithm_configuration& algorithm);

/// Granularity by which pulses of role 0 are generated: the mean over the roles.
float update_granularity_of(const algorithm_configuration& algorithm);

} // namespace tilework::workload
