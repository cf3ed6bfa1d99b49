// SPDX-License-Identifier: Apache-2.0
/// \file A crossbar of analog devices with its peripheries: what a tile owns and asks for values.
#pragma once

#include <tilework/core/kernel.h>
#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/physics/cells/refresh.h>
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/crossbar/line_access.h>
#include <tilework/physics/crossbar/pulse_sample.h>
#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/periphery/io_parameters.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace tilework::physics {

struct array_parameters {
  device_spec device;
  line_faults faults;
  float drift_per_mini_batch = 0; ///< time that passes for drifting devices, in units of their t_0
  /// Seconds that the parameters of devices mean by a mini-batch: lifetime, diffusion and drift_per_mini_batch then act
  /// for the time that has passed. 0: every rest is one mini-batch.
  double device_period_s = 0;
  io_parameters forward;
  io_parameters backward;
  update_parameters update;
  float update_granularity = 0; ///< weight change that outer products take for one pulse; 0: that of the devices
  io_parameters line_read = line_read_defaults();       ///< of begin_read_line()
  update_parameters line_write = line_write_defaults(); ///< of begin_write_line()
  instruction_set isa = best_instruction_set();         ///< of the dense products; all give the same bits

  /// \throws input_error for contradicting parameters
  void validate() const;
  friend bool operator==(const array_parameters&, const array_parameters&) = default;
};

/// Whether updates are exact products without pulses: an ideal device, or an exact pulse type.
[[nodiscard]] bool updates_exactly(const array_parameters& parameters);

/// Whether time changes the weights of an array: begin_rest() does something.
[[nodiscard]] bool devices_rest(const array_parameters& parameters);

/// One operation at a time: begin_*() plans it, run_block() of every block (any order, any thread) of every stage
/// computes it (run_inline(), worker_pool), end() returns its activity. Operands must stay valid and unchanged from
/// begin to end. Values depend on the seed, the array's id, the vector indices and the order of operations; never on
/// burst sizes, blocks or threads.
class analog_array : public kernel {
public:
  /// Draws the devices; weights are 0 (or the nearest value that a device allows).
  /// \param max_burst most vectors of one operation
  /// \throws input_error for an empty array, max_burst 0, or contradicting parameters
  analog_array(array_shape shape, const array_parameters& parameters, std::uint64_t seed, logical_array id,
               std::uint32_t max_burst);
  ~analog_array() override;

  /// out[v] = W in[v] (forward) or W^T in[v] (backward).
  /// \param first_vector noise index of the burst's first vector
  /// \param evaluation draw from separate streams and leave the running mean of noise management as it is
  /// \param probe also compute the first vector exactly, for take_mvm_quality()
  /// \throws std::invalid_argument if the operands do not fit
  void begin_mvm(mvm_direction direction, const_burst in, mutable_burst out, std::uint64_t first_vector,
                 bool evaluation, bool probe = false);
  /// W <- W - rate_v (s_out d[v]) (s_in x[v])^T for all pairs in order; signs are element by element.
  /// \param options a negative rate: all pulses in the other direction, for every pulse type; 0 does nothing at all
  /// \throws std::invalid_argument if the operands or the options do not fit or a rate is not finite
  void begin_update(const_burst x, const_burst d, const update_options& options, std::uint64_t first_vector);
  void begin_update(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector) {
    begin_update(x, d, update_options{.learning_rate = learning_rate}, first_vector);
  }
  /// out[v] = the weights of line (first_line + v) % lines as a product with a unit vector reads them: side inputs W e,
  /// outputs long; side outputs W^T e, inputs long. Any number of vectors.
  /// \param first_vector number of the first of these reads among all of the array, for the noise
  /// \param compared the reads count for take_line_read_quality()
  /// \throws std::invalid_argument if the operand does not fit
  void begin_read_line(line_side side, std::uint32_t first_line, mutable_burst out, std::uint64_t first_vector,
                       bool compared = true);
  /// W <- W - rate d x^T for all vectors in order, with a unit vector for line (first_line + v) % lines on this side
  /// and counts[v] on the other; pulses with the devices' own granularity. Any number of vectors; those with counts
  /// that are all 0 do nothing.
  /// \param first_vector number of the first of these writes among all of the array, for the noise
  /// \throws std::invalid_argument if the operand does not fit or the rate is not finite
  void begin_write_line(line_side side, std::uint32_t first_line, const_burst counts, float rate,
                        std::uint64_t first_vector);
  /// The devices diffuse, decay and drift for one mini-batch, or for the time that has passed.
  /// \param event number of this rest in the run
  /// \param elapsed_s since the rest before, or since training began; counts with device_period_s only
  /// \throws std::invalid_argument if it is negative
  void begin_rest(std::uint64_t event, double elapsed_s = 0);
  /// Reads, resets and writes again the worn pairs of one-sided cells.
  /// \param event number of this refresh in the run
  /// \throws std::logic_error if the devices have no refresh
  void begin_refresh(std::uint64_t event);

  [[nodiscard]] std::uint32_t blocks() const override;
  [[nodiscard]] double estimated_block_ns() const override;
  void run_block(std::uint32_t block) override;
  /// \throws run_error if a block was left out
  bool advance() override;
  /// \throws run_error if a block or a stage was left out
  operation_activity end();

  /// Sets all weights, row-major outputs x inputs; clipped to each device's bounds, with write noise if the device has
  /// it.
  void set_weights(std::span<const float> weights);
  /// Weights that a read sees, row-major outputs x inputs.
  [[nodiscard]] std::span<const float> weights() const { return devices_->weights(); }
  /// Mean weight change of one pulse; 0 for ideal devices.
  [[nodiscard]] float granularity() const { return devices_->granularity(); }
  [[nodiscard]] array_shape shape() const { return shape_; }
  /// Vectors of ended operations, not all zero, that noise management answered with zeros (MAX without positive
  /// input): worth a warning.
  [[nodiscard]] std::uint64_t silenced_vectors() const { return silenced_vectors_; }

  /// Whether begin_rest() does something.
  [[nodiscard]] bool rests() const { return devices_->relaxes() || drifts(); }
  /// Share of devices whose persistent weight is within half a granularity of its own bounds; 0 for ideal ones. Of
  /// one-sided pairs only the upper bound counts.
  [[nodiscard]] float share_at_bounds() const;
  /// Pulses so far of the cells of up to four output lines, which the array's key chooses; without those of refreshes.
  [[nodiscard]] std::span<const std::uint64_t> sampled_pulses() const { return pulse_sample_.counts(); }
  /// Errors of line reads, and of probed products, since the last call.
  signal_noise take_line_read_quality() { return std::exchange(line_read_quality_, {}); }
  signal_noise take_mvm_quality(mvm_direction direction);

  /// All mutable state; not during an operation.
  void save(std::ostream& out) const;
  /// \throws input_error if the state belongs to another array
  void restore(std::istream& in);

private:
  struct direction_state;
  enum class activity_kind : std::uint8_t {
    idle,
    mvm,
    exact_update,
    train_drawing, ///< first stage of a pulsed update
    pulsed_update,
    rest,
    refresh,
    line_read,
    line_write
  };

  [[nodiscard]] direction_state& state_of(mvm_direction direction);
  void compute_block(std::uint32_t block);
  void run_mvm(std::uint32_t group);
  void run_probe();
  void run_line_read();
  void run_line_write();
  void run_exact_update(std::uint32_t first_output, std::uint32_t last_output);
  void run_pulsed_update(std::uint32_t first_output, std::uint32_t last_output);
  void check_all_blocks_ran();
  [[nodiscard]] double drawing_ns() const;
  [[nodiscard]] bool updates_exactly() const;
  void check_options(const update_options& options, std::uint32_t vectors) const;
  void make_trains();
  void chop_inputs();
  [[nodiscard]] bool drifts() const { return drift_per_mini_batch_ > 0 && devices_->drifts(); }
  [[nodiscard]] std::uint32_t rows_per_block() const;
  [[nodiscard]] std::uint32_t update_blocks() const;

  array_shape shape_;
  std::uint32_t max_burst_;
  std::uint64_t seed_;
  logical_array id_;
  update_parameters update_;
  float update_granularity_;
  io_parameters line_read_;
  update_parameters line_write_;
  instruction_set isa_;
  std::unique_ptr<device_array> devices_;
  std::unique_ptr<direction_state> forward_;
  std::unique_ptr<direction_state> backward_;
  std::unique_ptr<pulse_trains> trains_;                     ///< null until the first pulsed update
  std::unique_ptr<cell_refresh> refresh_;                    ///< null without refresh
  std::array<std::unique_ptr<line_reader>, 2> line_readers_; ///< by line_side; null until the first read
  std::array<std::unique_ptr<line_writer>, 2> line_writers_; ///< same
  float drift_per_mini_batch_ = 0;
  double device_period_s_ = 0;
  std::vector<std::uint32_t> found_cells_; ///< of very long lines: room of each update block for the pulses of one
  std::vector<std::int32_t> found_pulses_;
  std::vector<std::uint64_t> block_pulses_; ///< of each update block in the last pulsed update
  std::uint64_t programmings_ = 0;
  std::uint64_t silenced_vectors_ = 0;
  signal_noise line_read_quality_;
  pulse_sample pulse_sample_;

  // The operation in progress.
  activity_kind current_ = activity_kind::idle;
  float rest_time_ = 1; ///< in mini-batches of the devices' parameters
  std::atomic<std::uint32_t> finished_blocks_{0};
  direction_state* mvm_ = nullptr;
  bool evaluation_ = false;
  const_burst in_;
  const_burst errors_;
  mutable_burst out_;
  update_options options_;
  std::vector<float> chopped_; ///< inputs of exact updates with choppers
  bool probe_ = false;
  std::vector<float> exact_; ///< product of a probe
  line_side side_ = line_side::inputs;
  std::uint32_t first_line_ = 0;
  bool compared_ = true;
  operation_activity line_activity_;
  std::uint64_t first_vector_ = 0;
  std::vector<float> scales_;       ///< per vector
  std::vector<mvm_effort> efforts_; ///< per vector
  std::vector<float> scratch_;      ///< of the groups of vectors, one after the other
};

} // namespace tilework::physics
