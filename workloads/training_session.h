// SPDX-License-Identifier: Apache-2.0
/// \file A training run as a source of steps: programming, epochs, evaluations, in program order.
#pragma once

#include <tilework/core/sample_memory.h>
#include <tilework/core/step_program.h>
#include <tilework/workloads/datasets/dataset.h>
#include <tilework/workloads/programming.h>
#include <tilework/workloads/programs.h>

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::workload {

/// lr(epoch) = initial * factor^floor(epoch / step_epochs), epoch counted from 0; step_epochs 0 = constant.
struct learning_rate_schedule {
  double initial = 0.05;
  unsigned step_epochs = 0;
  double factor = 0.5;
  [[nodiscard]] double at(unsigned epoch) const;
};

/// Which copies of replicated weights an evaluation uses: the first alone, or all, whose outputs are averaged.
enum class evaluated_copies : std::uint8_t { first, all };
inline constexpr std::array<std::pair<std::string_view, evaluated_copies>, 2> evaluated_copies_names{
    {{"first", evaluated_copies::first}, {"all", evaluated_copies::all}}};
constexpr std::span<const std::pair<std::string_view, evaluated_copies>> names_of(evaluated_copies) {
  return evaluated_copies_names;
}

struct session_configuration {
  network_configuration network;
  algorithm_configuration algorithm;
  step_order order = step_order::by_data;
  std::uint32_t micro_batch = 1; ///< pipelined: vectors that go through the layers together
  evaluated_copies evaluated = evaluated_copies::first;
  bool first_layer_gradient = false; ///< backward products of the first layer too, which nothing needs
  float copy_mismatch_std = 0;       ///< standard deviation of the initial weights of further copies from the first
  numerics::input_range_parameters input_range{}; ///< of the arrays' forward inputs
  unsigned epochs = 2;
  std::uint32_t batch_size = 1; ///< the loss is the mean over the mini-batch
  /// Mini-batches of one step program, which overlap as far as time lets them: asynchronous training if more than 1.
  std::uint32_t mini_batches_in_flight = 1;
  learning_rate_schedule learning_rate;
  unsigned evaluate_every = 1; ///< epochs; 0 = never
  std::uint32_t evaluation_burst = 100;
  std::uint64_t seed = 1;
  unsigned refresh_every = 0; ///< mini-batches from refresh to refresh of one-sided cells; 0 = no refresh
  programming_configuration programming;
  unsigned average_from_epoch = 0; ///< weights are read after every epoch from this one on, counted from 1; 0 = never
  unsigned weight_reads = 1;       ///< at each of these read-outs
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
  std::uint64_t step = 0;        ///< training steps completed: mini-batches, or groups of them in flight together
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
  /// An iteration of programming in a closed loop is over, and with it these copies, mostly none; one of the next two
  /// calls follows.
  virtual void copies_programmed(std::span<const std::uint32_t>) {}
  /// There will be another one.
  virtual void programming_step_done(const programming_status&) {}
  /// The last one is.
  virtual void programmed() {}
  virtual void step_done(const training_position&) {}
  /// An epoch is over; its evaluation, if one is due, comes next.
  virtual void epoch_trained(const training_position&) {}
  /// All weights were read once, see training_session::weights_read().
  virtual void weights_read() {}
  virtual void evaluated(const evaluation_result&) {}
  /// The epoch and its evaluation, if one was due, are over: a good moment for a checkpoint.
  virtual void epoch_done(const training_position&) {}
};

/// What a session decides by and cannot find out in a replay.
struct recorded_decisions {
  std::function<double()> epoch_loss;                        ///< mean, asked for once at the end of every epoch
  std::function<std::vector<std::uint32_t>()> copies_done{}; ///< same, of every iteration of programming
};

class training_session final : public step_source, public sample_memory {
public:
  /// \param arena receives the slots of the network; allocate it before the first step.
  /// \param roles of the arrays' devices, by role of the algorithm
  training_session(const session_configuration& configuration, const dataset& data, const network_map& map,
                   management managed, std::vector<role_traits> roles, operand_arena& arena);

  /// Draws initial biases into their slots. Call once, after the arena is allocated.
  void initialise();
  void set_listener(session_listener* listener) { listener_ = listener; }
  /// In a replay, where operands have no values.
  void set_recorded(recorded_decisions recorded) { recorded_ = std::move(recorded); }
  /// Ends the run after the current step.
  void stop() { stopping_ = true; }

  std::optional<tilework::step> next() override;
  void finished(const tilework::step& done) override;

  [[nodiscard]] std::uint32_t bytes_per_sample() const override;
  void load(const step_context& context, mutable_burst x, mutable_burst labels) const override;
  void load_weights(std::uint32_t array, mutable_burst weights) const override;

  [[nodiscard]] const training_position& position() const { return position_; }
  /// Mean over the samples of the last epoch that is over.
  [[nodiscard]] double epoch_loss() const { return epoch_loss_; }
  /// Transfer stages of all pieces, for the controller and the sequencer.
  [[nodiscard]] const std::vector<stage_plan>& stages() const { return stages_; }
  /// Samples of all training steps so far.
  [[nodiscard]] std::uint64_t trained_samples() const {
    return position_.epoch * std::uint64_t{order_.size()} + position_.next_sample;
  }
  [[nodiscard]] bool complete() const { return position_.epoch == configuration_.epochs && !between_epochs(); }
  /// A mini-batch with one event of every stage that has any, and how many there are per mini-batch, on average.
  struct mean_step {
    step_program program;
    std::vector<double> events; ///< per stage
  };
  [[nodiscard]] mean_step mean_training_step() const;
  /// Iterations of programming in a closed loop: of every copy, per layer; empty if there was none.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& programming_iterations() const {
    return programming_loop_.iterations();
  }
  /// Whether an array is programmed in a closed loop, from the weights that fabrication left.
  [[nodiscard]] bool starts_fabricated(std::uint32_t array) const;
  /// These weights: one output line per vector, as load_weights().
  void load_fabricated_weights(std::uint32_t array, mutable_burst weights) const;
  /// What the last read-out found in a visible array: one input line per vector. Until the next step begins.
  [[nodiscard]] const_burst weights_read(std::uint32_t array) const { return arena_.view(layout_.weights_read[array]); }

  /// Calls f(std::span<const float>) with the bias of every layer.
  template <typename F>
  void for_each_bias(F&& f) const {
    for (const auto& slots : layout_.layers)
      f(std::span<const float>(arena_.view(slots.bias)[0]));
  }

  /// Learned output scale of a layer; 1 if it has none.
  [[nodiscard]] float output_scale(std::size_t layer) const {
    const auto slot = layout_.layers[layer].output_scale;
    return slot == no_slot ? 1.0F : arena_.view(slot)[0][0];
  }
  [[nodiscard]] std::span<const float> bias(std::size_t layer) const {
    return arena_.view(layout_.layers[layer].bias)[0];
  }
  /// Inputs of a layer and errors of its outputs.
  struct layer_operands {
    const_burst x;
    const_burst d;
  };
  /// Of the training step that was finished last, until the next step begins.
  [[nodiscard]] layer_operands operands_of_last_step(std::size_t layer) const {
    const auto first_vectors = [this](std::uint32_t slot) {
      const_burst burst = arena_.view(slot);
      burst.vectors = vectors_of_last_step_;
      return burst;
    };
    return {first_vectors(layout_.layers[layer].input), first_vectors(layout_.layers[layer].output_gradient)};
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
  /// Program of a mini-batch, and how many lines its stages read.
  struct mini_batch_program {
    step_program program;
    std::vector<std::uint32_t> lines_read;
    std::vector<std::uint8_t> deferred; ///< per stage: leaves a transfer to the next step
  };

  std::optional<tilework::step> next_training_step();
  std::optional<tilework::step> next_evaluation_step();
  [[nodiscard]] tilework::step next_weight_read() const;
  void finish_training_step(const tilework::step& done);
  void finish_evaluation_step(const tilework::step& done);
  void finish_programming_step();
  void finish_weight_read();
  /// Read-outs or evaluations are left to be done.
  [[nodiscard]] bool between_epochs() const { return evaluating_ || reads_left_ > 0; }
  [[nodiscard]] step_shape shape_of_next(std::uint32_t vectors) const;
  [[nodiscard]] stage_events events_of_next(std::size_t stage, std::uint32_t vectors, bool ends_epoch) const;
  [[nodiscard]] const mini_batch_program& program_for(step_shape shape);
  [[nodiscard]] program_inputs inputs() const;
  /// Calls f(std::span<float>) for everything that training changes outside the tiles.
  template <typename F>
  void for_each_state(F&& f) const;
  [[nodiscard]] double sum_of_losses(std::uint32_t vectors) const;
  void begin_epoch();
  void write_weights(std::uint32_t slot, const std::vector<float>& weights);
  void finish_transfers(std::uint32_t vectors);
  void advance_warm_start();
  [[nodiscard]] bool evaluation_due() const;
  [[nodiscard]] bool averages() const {
    return configuration_.average_from_epoch > 0 && position_.epoch >= configuration_.average_from_epoch;
  }
  session_configuration configuration_;
  const dataset& data_;
  const network_map& map_;
  management managed_;
  std::vector<role_traits> roles_;
  operand_arena& arena_;
  std::vector<stage_plan> stages_;
  operand_layout layout_;
  session_listener* listener_ = nullptr;
  recorded_decisions recorded_; ///< of a replay

  step_program programming_;
  programming_loop programming_loop_;
  step_program weight_read_;
  std::map<step_shape, mini_batch_program> mini_batches_; ///< emitted when one is first needed
  const mini_batch_program* current_ = nullptr;           ///< of the step that runs
  std::vector<std::uint64_t> lines_read_;                 ///< per stage
  std::vector<std::uint8_t> pending_;                     ///< per stage: a transfer was left to the next step
  std::uint32_t warmed_role_ = 0;                         ///< role that a warm start is at; 0 = over, or none
  double best_loss_ = 0;                                  ///< of the epochs of this role's turn
  std::uint64_t rounds_ = 0;                              ///< vectors that the busiest fast tile has seen
  step_program full_evaluation_;
  step_program last_evaluation_;

  std::vector<std::uint32_t> order_;      ///< of the current epoch
  std::vector<std::uint32_t> test_order_; ///< 0, 1, 2, ...
  training_position position_;
  std::uint32_t vectors_of_last_step_ = 0;
  bool programmed_ = false;
  bool evaluating_ = false;
  unsigned reads_left_ = 0;      ///< of the weights, after this epoch
  std::uint64_t reads_done_ = 0; ///< in the run
  bool stopping_ = false;
  std::uint64_t next_test_sample_ = 0;
  std::uint64_t correct_ = 0;
  double test_loss_sum_ = 0;
  double epoch_loss_ = 0;
};

} // namespace tilework::workload
