// SPDX-License-Identifier: Apache-2.0
/// \file A training run as a source of steps: programming, epochs, evaluations, in program order.
#pragma once

#include <tilework/core/sample_memory.h>
#include <tilework/core/step_program.h>
#include <tilework/workloads/datasets/dataset.h>
#include <tilework/workloads/programs.h>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <vector>

namespace tilework::workload {

/// lr(epoch) = initial * factor^floor(epoch / step_epochs), epoch counted from 0; step_epochs 0 = constant.
struct learning_rate_schedule {
  double initial = 0.05;
  unsigned step_epochs = 0;
  double factor = 0.5;
  [[nodiscard]] double at(unsigned epoch) const;
};

struct session_configuration {
  network_configuration network;
  numerics::input_range_parameters input_range{}; ///< of the arrays' forward inputs
  unsigned epochs = 2;
  std::uint32_t batch_size = 1; ///< the loss is the mean over the mini-batch
  learning_rate_schedule learning_rate;
  unsigned evaluate_every = 1; ///< epochs; 0 = never
  std::uint32_t evaluation_burst = 100;
  std::uint64_t seed = 1;
  unsigned refresh_every = 0; ///< mini-batches from refresh to refresh of one-sided cells; 0 = no refresh
};

struct evaluation_result {
  unsigned epoch = 0;    ///< epochs completed
  double train_loss = 0; ///< mean over the samples of the last epoch
  double test_loss = 0;
  double test_accuracy = 0; ///< fraction
};

/// Where a run stands.
struct training_position {
  unsigned epoch = 0;            ///< epochs completed
  std::uint64_t next_sample = 0; ///< within the epoch
  std::uint64_t step = 0;        ///< training steps completed
  double loss_sum = 0;           ///< over the samples of this epoch so far
  double recent_loss = 0;        ///< exponential average for progress display
};

/// What a session tells its listener; called between steps.
class session_listener {
public:
  session_listener() = default;
  session_listener(const session_listener&) = delete;
  session_listener& operator=(const session_listener&) = delete;
  virtual ~session_listener() = default;
  virtual void step_done(const training_position&) {}
  virtual void evaluated(const evaluation_result&) {}
  /// The epoch and its evaluation, if one was due, are over: a good moment for a checkpoint.
  virtual void epoch_done(const training_position&) {}
};

class training_session final : public step_source, public sample_memory {
public:
  /// \param arena receives the slots of the network; allocate it before the first step.
  training_session(const session_configuration& configuration, const dataset& data, const network_map& map,
                   management managed, operand_arena& arena);

  /// Draws initial biases into their slots. Call once, after the arena is allocated.
  void initialise();
  void set_listener(session_listener* listener) { listener_ = listener; }
  /// Ends the run after the current step.
  void stop() { stopping_ = true; }

  std::optional<tilework::step> next() override;
  void finished(const tilework::step& done) override;

  [[nodiscard]] std::uint32_t bytes_per_sample() const override;
  void load(const step_context& context, mutable_burst x, mutable_burst labels) const override;
  void load_weights(std::uint32_t array, mutable_burst weights) const override;

  [[nodiscard]] const training_position& position() const { return position_; }
  [[nodiscard]] bool complete() const { return position_.epoch == configuration_.epochs && !evaluating_; }

  /// Calls f(std::span<const float>) with the bias of every layer.
  template <typename F>
  void for_each_bias(F&& f) const {
    for (const auto& slots : layout_.layers)
      f(std::span<const float>(arena_.view(slots.bias)[0]));
  }

  /// Calls f(float) with the input range of every array, if there are any.
  template <typename F>
  void for_each_input_range(F&& f) const {
    for (const auto slot : layout_.range)
      f(float{arena_.view(slot)[0][0]});
  }

  /// Position, losses, biases and input ranges. Weights belong to the tiles. Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  /// Programs of one mini-batch, by index_of() its variant; those that never occur are empty.
  using mini_batch_programs = std::array<step_program, 4>;
  static std::size_t index_of(step_variant v) { return (v.refreshes ? 2U : 0U) + (v.estimates_ranges ? 1U : 0U); }

  std::optional<tilework::step> next_training_step();
  std::optional<tilework::step> next_evaluation_step();
  void finish_training_step(const tilework::step& done);
  void finish_evaluation_step(const tilework::step& done);
  [[nodiscard]] step_variant variant_of(std::uint64_t mini_batch) const;
  [[nodiscard]] const step_program& program_for(std::uint32_t vectors) const;
  [[nodiscard]] double sum_of_losses(std::uint32_t vectors) const;
  void begin_epoch();
  [[nodiscard]] bool evaluation_due() const;
  [[nodiscard]] mini_batch_programs emit_mini_batch(const program_inputs& in, std::uint32_t vectors) const;

  session_configuration configuration_;
  const dataset& data_;
  const network_map& map_;
  operand_arena& arena_;
  operand_layout layout_;
  session_listener* listener_ = nullptr;

  step_program programming_;
  mini_batch_programs full_step_;
  mini_batch_programs last_step_; ///< the shorter mini-batch at the end of an epoch
  step_program full_evaluation_;
  step_program last_evaluation_;

  std::vector<std::uint32_t> order_;      ///< of the current epoch
  std::vector<std::uint32_t> test_order_; ///< 0, 1, 2, ...
  training_position position_;
  bool programmed_ = false;
  bool evaluating_ = false;
  bool stopping_ = false;
  std::uint64_t next_test_sample_ = 0;
  std::uint64_t correct_ = 0;
  double test_loss_sum_ = 0;
  double epoch_loss_ = 0;
};

} // namespace tilework::workload
