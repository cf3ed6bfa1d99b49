// SPDX-License-Identifier: Apache-2.0
/// \file All devices of one crossbar, behind one interface.
#pragma once

#include <tilework/core/aligned_vector.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/core/field.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace tilework::physics {

/// Cells of a pulse_list, and so inputs of an array: what the numbering of pulse noise has room for.
inline constexpr std::size_t longest_pulse_list = std::size_t{1} << 17U;

/// Pulses that cross-points receive for one vector pair; those of one cross-point have one direction.
struct pulse_list {
  std::span<const std::uint32_t> cells; ///< output * inputs + input, ascending
  std::span<const std::int32_t> pulses; ///< of each of them; > 0: up, < 0: down, 0: nothing

  [[nodiscard]] std::size_t size() const { return cells.size(); }
  [[nodiscard]] bool empty() const { return cells.empty(); }
  [[nodiscard]] pulse_list subspan(std::size_t first, std::size_t count) const {
    return {cells.subspan(first, count), pulses.subspan(first, count)};
  }
};

/// Memory for a pulse_list.
struct pulse_room {
  std::span<std::uint32_t> cells;
  std::span<std::int32_t> pulses;
};

/// One element of a pulse_list.
struct pulse_run {
  std::uint32_t cell;
  std::int32_t pulses;
};

/// Broken wiring of an array; drawn once from the array's seed. A device on an open line reads 0 and never changes.
struct line_faults {
  float open_inputs = 0;  ///< probability that an input line is open
  float open_outputs = 0; ///< probability that an output line is open
  float dead_tiles = 0;   ///< probability that all lines of the array are open

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = line_faults;
    v("open_inputs", &p::open_inputs, field{.minimum = 0, .maximum = 1, .doc = "share of input lines that are open"});
    v("open_outputs", &p::open_outputs,
      field{.minimum = 0, .maximum = 1, .doc = "share of output lines that are open"});
    v("dead_tiles", &p::dead_tiles, field{.minimum = 0, .maximum = 1, .doc = "share of arrays without any signal"});
  }
  [[nodiscard]] bool any() const { return open_inputs > 0 || open_outputs > 0 || dead_tiles > 0; }
  friend bool operator==(const line_faults&, const line_faults&) = default;
};

/// Where an array's randomness comes from, and how large it is.
struct device_context {
  array_shape shape;
  std::uint64_t seed = 0;
  logical_array id;
  line_faults faults;
  instruction_set isa = instruction_set::baseline; ///< how pulses are computed, not what they do
  std::uint32_t part = 0;                          ///< device of a unit cell: its own pulse noise
  std::uint32_t spread_part = 0;                   ///< device of a unit cell whose device-to-device draw is used
  bool mirrored = false; ///< weight and direction of pulses have the opposite sign of the drawn device
};

/// One property of every device of an array, for inspection.
struct device_property {
  std::string_view name;
  std::vector<float> values;
};

/// Devices whose persistent weight is within half a granularity of their own bounds.
struct bound_counts {
  std::uint64_t devices = 0; ///< that have bounds
  std::uint64_t at_lower = 0;
  std::uint64_t at_upper = 0; ///< and not at the lower one
};

/// State and behaviour of the devices of an array. Calls for different cells may run on different threads.
class device_array {
public:
  device_array() = default;
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;
  virtual ~device_array() = default;

  /// Whether updates are exact products instead of pulses.
  [[nodiscard]] virtual bool is_ideal() const { return false; }
  /// Mean weight change of one pulse.
  [[nodiscard]] virtual float granularity() const = 0;
  /// What a read sees: row-major outputs x inputs.
  [[nodiscard]] virtual std::span<const float> weights() const = 0;
  /// What pulses change: differs from weights() where a write leaves an error.
  [[nodiscard]] virtual std::span<const float> persistent_weights() const { return weights(); }
  /// Memory of one cross-point: parameters and state.
  [[nodiscard]] virtual std::size_t bytes_per_cross_point() const = 0;
  /// The drawn properties of every device; empty if all devices are alike.
  [[nodiscard]] virtual std::vector<device_property> properties() const { return {}; }
  /// The devices of a unit cell; none for a single device.
  [[nodiscard]] virtual std::span<const std::unique_ptr<device_array>> parts() const { return {}; }

  /// Applies the pulses of some output lines for one vector pair, each with fresh noise. Several pulses of a
  /// cross-point may be applied in one step where that gives the same statistics.
  /// \param line the first of these lines; a pair (vector, line) has its own noise, so it must not be used twice
  /// \param pulses at most longest_pulse_list
  virtual void apply_pulses(std::uint32_t line, const pulse_list& pulses, std::uint64_t vector) = 0;
  /// The same for callers that are not in a hurry.
  void apply_pulses(std::uint32_t line, std::span<const pulse_run> runs, std::uint64_t vector);
  /// weights of one output += factor * x, then clipped to each device's bounds.
  virtual void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) = 0;
  /// weights of some cells += changes, then clipped to each device's bounds.
  /// \param cells without repeats \param changes one per cell \param vector as of apply_pulses()
  virtual void add_to_cells(std::span<const std::uint32_t> cells, std::span<const float> changes,
                            std::uint64_t vector) = 0;
  /// Sets all weights, clipped to each device's bounds. \param event number of this programming event, for its noise
  virtual void program(std::span<const float> weights, std::uint64_t event) = 0;

  /// Whether devices change by themselves: relax() does something.
  [[nodiscard]] virtual bool relaxes() const { return false; }
  /// What happens to the devices of one output line by themselves: diffusion, then decay. Of n mini-batches at once: a
  /// random step sqrt(n) times as wide, and the share of one mini-batch to the power of n is kept.
  /// \param time in units of what the parameters mean by a mini-batch, >= 0
  virtual void relax(std::uint32_t /*output*/, std::uint64_t /*event*/, float /*time*/) {}
  /// Whether devices have a drift law: drift() does something.
  [[nodiscard]] virtual bool drifts() const { return false; }
  /// Drift of all devices for a time in units of their t_0. \param event number of this call, for its noise
  virtual void drift(float /*time*/, std::uint64_t /*event*/) {}
  /// Resets some cells, ascending; each to its reset bias plus noise. \param event number of this call, for its noise
  virtual void reset(std::span<const std::uint32_t> cells, std::uint64_t event) = 0;
  /// Brings weights() up to date after the parts of a unit cell were changed one by one.
  virtual void combine(std::span<const std::uint32_t> /*cells*/) {}

  /// Devices whose weight cannot move on; devices on open lines do not count.
  [[nodiscard]] virtual bound_counts at_bounds() const { return {}; }

  /// Mutable state only; device parameters follow from the seed.
  virtual void save(byte_writer& out) const = 0;
  virtual void load(byte_reader& in) = 0;

protected:
  /// Reads a state of a known size. \throws input_error if the checkpoint has another
  static void read_state(byte_reader& in, aligned_vector<float>& state) {
    const auto size = state.size();
    in.read_vector(state);
    if (state.size() != size)
      throw input_error("checkpoint belongs to another array or device");
  }
};

} // namespace tilework::physics
