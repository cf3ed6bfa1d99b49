// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/aligned_vector.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/ideal.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace tilework::physics {
namespace {

// Work per element, only to decide between inline execution and threads.
constexpr double product_ns = 0.05;
constexpr double group_product_ns = 0.022; // of one vector
constexpr double line_ns = 1;
constexpr double exact_update_ns = 0.15;
constexpr double pulse_ns = 3;
constexpr double cross_point_ns = 0.05;
constexpr double pulse_list_ns = 30; // of one block and vector
constexpr double refresh_ns = 20;
constexpr double train_ns = 2; // of one line and vector

/// Trains that take less are drawn when an update begins: a fork of their own would cost more.
constexpr double drawn_at_once_ns = 5'000;

/// Cells of an update block, whose pulses for one vector are found and applied together: so many that few pulses fill
/// vectors, so few that their devices stay in a thread's cache and threads have enough blocks. Devices number their
/// random values by blocks: another size gives other ones.
constexpr std::uint32_t block_cells = 16384;

/// Room for the pulses of a block on the stack of a thread, where it stays in the nearest cache; enough for all but
/// very long lines.
struct stack_room {
  static constexpr std::size_t most = block_cells + 64;
  alignas(cache_line_bytes) std::array<std::uint32_t, most> cells; // written before it is read
  alignas(cache_line_bytes) std::array<std::int32_t, most> pulses;
};

/// Vectors that share one pass of the weights through the cache: many, but enough groups for several threads.
std::uint32_t vectors_per_group(std::uint32_t burst) {
  constexpr std::uint32_t tile = 4; // what the kernels work on at once
  constexpr std::uint32_t wanted_groups = 4;
  const std::uint32_t tiles = (burst + wanted_groups * tile - 1) / (wanted_groups * tile);
  return std::min(tiles * tile, analog_mvm::most_vectors);
}

std::uint32_t groups_of(std::uint32_t burst) {
  return (burst + vectors_per_group(burst) - 1) / vectors_per_group(burst);
}

void check_operand(const_burst operand, std::uint32_t length, std::uint32_t max_burst) {
  if (operand.length != length || operand.vectors > max_burst)
    throw std::invalid_argument("operand does not fit the array");
}

} // namespace

bool updates_exactly(const array_parameters& parameters) {
  return parameters.update.is_exact() || parameters.device.get_if<ideal>() != nullptr;
}

void array_parameters::validate() const {
  device.validate();
  forward.validate();
  backward.validate();
  if (update.is_exact() && device.get_if<one_sided_cell>() != nullptr)
    throw input_error("one-sided cells need pulses: exact updates change weights in both directions");
}

/// Everything that the two directions have each for themselves.
struct analog_array::direction_state {
  direction_state(const io_parameters& io, array_shape shape, mvm_direction direction_, std::uint64_t seed,
                  logical_array id, instruction_set isa)
      : direction(direction_),
        mvm(io, shape, direction_,
            {seed, direction_ == mvm_direction::forward ? purpose::forward_lines : purpose::backward_lines, id}, isa),
        training(seed, direction_ == mvm_direction::forward ? purpose::forward_noise : purpose::backward_noise, id),
        evaluation(seed,
                   direction_ == mvm_direction::forward ? purpose::forward_noise_evaluation
                                                        : purpose::backward_noise_evaluation,
                   id) {}

  /// Whether the scale of a vector depends on the vectors before it.
  [[nodiscard]] bool averages() const { return mvm.parameters().noise_management == noise_management::average_abs_max; }
  float averaged_scale(std::span<const float> x, bool evaluating) {
    return evaluating ? average.peek(x) : average.advance(mvm.parameters().nm_decay, x);
  }

  /// Of one group of a burst.
  [[nodiscard]] std::size_t scratch_size(std::uint32_t burst) const {
    return mvm.scratch_size(vectors_per_group(burst));
  }

  mvm_direction direction;
  analog_mvm mvm;
  noise_stream training;
  noise_stream evaluation;
  average_scale average;
};

analog_array::analog_array(array_shape shape, const array_parameters& parameters, std::uint64_t seed, logical_array id,
                           std::uint32_t max_burst)
    : shape_(shape), max_burst_(max_burst), update_(parameters.update), isa_(parameters.isa) {
  if (shape.cells() == 0 || max_burst == 0)
    throw input_error("an array needs at least one input, output and vector");
  if (shape.inputs > longest_pulse_list)
    throw input_error("an array has at most " + std::to_string(longest_pulse_list) + " inputs: split the layer");
  parameters.validate();
  if (!is_supported(isa_))
    throw input_error("this processor does not execute " + std::string(name_of(isa_)));
  const device_spec device = update_.pulse_type == pulse_type::none ? device_spec(ideal{}) : parameters.device;
  devices_ = device.make({.shape = shape, .seed = seed, .id = id, .faults = parameters.faults, .isa = parameters.isa});
  drift_per_mini_batch_ = parameters.drift_per_mini_batch;
  if (const auto* pair = device.get_if<one_sided_cell>(); pair != nullptr && pair->refresh_every > 0)
    refresh_ = std::make_unique<cell_refresh>(*pair, shape, seed, id);
  forward_ = std::make_unique<direction_state>(parameters.forward, shape, mvm_direction::forward, seed, id, isa_);
  backward_ = std::make_unique<direction_state>(parameters.backward, shape, mvm_direction::backward, seed, id, isa_);
  if (!updates_exactly()) {
    block_pulses_.resize(update_blocks());
    // Updates may come in smaller bursts than products, of which evaluations make long ones.
    trains_ = std::make_unique<pulse_trains>(update_, granularity(), shape, 1,
                                             noise_stream(seed, purpose::pulse_trains, id), isa_);
    if (const auto room = trains_->room_for(rows_per_block()); room > stack_room::most) {
      found_cells_.resize(update_blocks() * room);
      found_pulses_.resize(found_cells_.size());
    }
  }
  scales_.resize(max_burst);
  efforts_.resize(max_burst);
}

analog_array::~analog_array() = default;

bool analog_array::updates_exactly() const {
  return devices_->is_ideal() || update_.is_exact();
}

std::uint32_t analog_array::rows_per_block() const {
  return std::max(1U, block_cells / shape_.inputs);
}

std::uint32_t analog_array::update_blocks() const {
  return (shape_.outputs + rows_per_block() - 1) / rows_per_block();
}

analog_array::direction_state& analog_array::state_of(mvm_direction direction) {
  return direction == mvm_direction::forward ? *forward_ : *backward_;
}

void analog_array::begin_mvm(mvm_direction direction, const_burst in, mutable_burst out, std::uint64_t first_vector,
                             bool evaluation) {
  const bool forward = direction == mvm_direction::forward;
  check_operand(in, forward ? shape_.inputs : shape_.outputs, max_burst_);
  check_operand(out, forward ? shape_.outputs : shape_.inputs, max_burst_);
  if (in.vectors != out.vectors)
    throw std::invalid_argument("operands differ in their number of vectors");
  current_ = activity_kind::mvm;
  mvm_ = &state_of(direction);
  // Grows with the longest burst so far: that of backward products may be much shorter than that of evaluations.
  if (const auto needed = mvm_->scratch_size(in.vectors) * groups_of(in.vectors); needed > scratch_.size())
    scratch_.resize(needed);
  in_ = in;
  out_ = out;
  first_vector_ = first_vector;
  evaluation_ = evaluation;
  if (mvm_->averages())
    for (std::uint32_t v = 0; v < in.vectors; ++v)
      scales_[v] = mvm_->averaged_scale(in[v], evaluation);
}

void analog_array::begin_update(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector,
                                bool ends_mini_batch) {
  check_operand(x, shape_.inputs, max_burst_);
  check_operand(d, shape_.outputs, max_burst_);
  if (x.vectors != d.vectors)
    throw std::invalid_argument("operands differ in their number of vectors");
  if (!std::isfinite(learning_rate))
    throw std::invalid_argument("learning rate must be finite");
  in_ = x;
  errors_ = d;
  learning_rate_ = learning_rate;
  first_vector_ = first_vector;
  ends_mini_batch_ = ends_mini_batch;
  if (learning_rate == 0) {
    current_ = ends_mini_batch && devices_->relaxes() ? activity_kind::rest : activity_kind::idle;
  } else if (updates_exactly()) {
    current_ = activity_kind::exact_update;
  } else if (drawing_ns() < drawn_at_once_ns) {
    current_ = activity_kind::pulsed_update;
    trains_->draw(x, d, learning_rate, first_vector);
  } else {
    current_ = activity_kind::train_drawing;
    trains_->begin(x, d, learning_rate, first_vector);
  }
}

void analog_array::begin_refresh(std::uint64_t event) {
  if (!refresh_)
    throw std::logic_error("these devices have no refresh");
  current_ = activity_kind::refresh;
  first_vector_ = event;
}

std::uint32_t analog_array::blocks() const {
  switch (current_) {
  case activity_kind::idle:
    return 0;
  case activity_kind::mvm:
    return groups_of(in_.vectors);
  case activity_kind::refresh:
    return refresh_->blocks();
  case activity_kind::train_drawing:
    return trains_->groups();
  case activity_kind::exact_update:
  case activity_kind::pulsed_update:
  case activity_kind::rest:
    break;
  }
  return update_blocks();
}

double analog_array::estimated_block_ns() const {
  const auto cells = static_cast<double>(shape_.cells());
  switch (current_) {
  case activity_kind::idle:
    return 0;
  case activity_kind::mvm:
    return (cells * (in_.vectors == 1 ? product_ns : group_product_ns) + (shape_.inputs + shape_.outputs) * line_ns) *
           in_.vectors / blocks() * static_cast<double>(mvm_->mvm.reads().reads.size());
  case activity_kind::exact_update:
    return cells * in_.vectors * exact_update_ns / blocks();
  case activity_kind::rest:
    return cells * exact_update_ns / blocks();
  case activity_kind::refresh:
    return cells * refresh_ns / blocks();
  case activity_kind::train_drawing:
    return drawing_ns() / blocks();
  case activity_kind::pulsed_update:
    break;
  }
  double crossings = 0;
  for (std::uint32_t v = 0; v < trains_->vectors(); ++v)
    crossings += static_cast<double>(trains_->inputs(v).lines.size() * trains_->outputs(v).lines.size());
  return trains_->vectors() * pulse_list_ns +
         (crossings * cross_point_ns + trains_->expected_coincidences() * pulse_ns) / blocks();
}

double analog_array::drawing_ns() const {
  return (shape_.inputs + shape_.outputs) * train_ns * in_.vectors;
}

void analog_array::run_block(std::uint32_t block) {
  compute_block(block);
  finished_blocks_.fetch_add(1, std::memory_order_relaxed);
}

void analog_array::compute_block(std::uint32_t block) {
  if (current_ == activity_kind::mvm)
    return run_mvm(block);
  if (current_ == activity_kind::refresh)
    return refresh_->run(block, *devices_, first_vector_);
  if (current_ == activity_kind::train_drawing)
    return trains_->draw_group(block);
  const std::uint32_t first = block * rows_per_block();
  const std::uint32_t last = std::min(first + rows_per_block(), shape_.outputs);
  if (current_ == activity_kind::exact_update)
    run_exact_update(first, last);
  if (current_ == activity_kind::pulsed_update)
    run_pulsed_update(first, last);
  if (ends_mini_batch_ && devices_->relaxes())
    for (std::uint32_t i = first; i < last; ++i)
      devices_->relax(i, end_of_burst());
}

void analog_array::run_mvm(std::uint32_t group) {
  const std::uint32_t first = group * vectors_per_group(in_.vectors);
  const std::uint32_t count = std::min(vectors_per_group(in_.vectors), in_.vectors - first);
  const auto part = [&](auto burst) {
    burst.data += std::size_t{first} * burst.stride;
    burst.vectors = count;
    return burst;
  };
  if (!mvm_->averages())
    for (std::uint32_t v = first; v < first + count; ++v)
      scales_[v] = input_scale(mvm_->mvm.parameters(), in_[v]);
  const std::size_t scratch = mvm_->scratch_size(in_.vectors);
  mvm_->mvm.run({weights().data(), shape_, mvm_->direction, nullptr, isa_}, part(in_), part(out_),
                std::span(scales_).subspan(first, count), evaluation_ ? mvm_->evaluation : mvm_->training,
                first_vector_ + first, std::span(scratch_).subspan(group * scratch, scratch),
                std::span(efforts_).subspan(first, count));
}

void analog_array::run_exact_update(std::uint32_t first_output, std::uint32_t last_output) {
  for (std::uint32_t v = 0; v < in_.vectors; ++v)
    for (std::uint32_t i = first_output; i < last_output; ++i)
      devices_->add_exactly(i, in_[v], -learning_rate_ * errors_[v][i], first_vector_ + v);
}

void analog_array::run_pulsed_update(std::uint32_t first_output, std::uint32_t last_output) {
  const std::uint32_t block = first_output / rows_per_block();
  stack_room own; // NOLINT(*-member-init): so much would take time
  pulse_room room{own.cells, own.pulses};
  if (!found_cells_.empty()) {
    const std::size_t block_room = trains_->room_for(rows_per_block());
    room = {std::span(found_cells_).subspan(block * block_room, block_room),
            std::span(found_pulses_).subspan(block * block_room, block_room)};
  }
  std::uint64_t pulses = 0;
  for (std::uint32_t v = 0; v < trains_->vectors(); ++v) {
    const auto lines = trains_->outputs(v).lines;
    const auto first = std::ranges::lower_bound(lines, first_output);
    const auto last = std::lower_bound(first, lines.end(), last_output);
    const auto found = trains_->find_pulses(v, static_cast<std::size_t>(first - lines.begin()),
                                            static_cast<std::size_t>(last - lines.begin()), room);
    pulses += found.pulses;
    if (!found.list.empty())
      devices_->apply_pulses(first_output, found.list, first_vector_ + v);
  }
  block_pulses_[block] = pulses;
}

void analog_array::check_all_blocks_ran() {
  if (finished_blocks_.exchange(0) != blocks())
    throw run_error("an analog operation was ended before all of its blocks were computed");
}

bool analog_array::advance() {
  if (current_ != activity_kind::train_drawing)
    return false;
  check_all_blocks_ran();
  current_ = activity_kind::pulsed_update;
  return true;
}

operation_activity analog_array::end() {
  check_all_blocks_ran();
  if (current_ == activity_kind::train_drawing)
    throw run_error("an analog update was ended before its pulses were applied");
  operation_activity activity;
  if (current_ == activity_kind::pulsed_update)
    activity = trains_->activity(std::accumulate(block_pulses_.begin(), block_pulses_.end(), std::uint64_t{0}));
  if (current_ == activity_kind::mvm)
    for (std::uint32_t v = 0; v < in_.vectors; ++v) {
      add_to(activity, efforts_[v]);
      if (mvm_->mvm.silences(scales_[v]) && largest_magnitude(in_[v]) > 0)
        ++silenced_vectors_;
    }
  if (current_ == activity_kind::refresh)
    activity = refresh_->activity();
  const bool updated = current_ != activity_kind::mvm && current_ != activity_kind::refresh;
  if (updated && ends_mini_batch_ && drift_per_mini_batch_ > 0)
    devices_->drift(drift_per_mini_batch_, end_of_burst());
  ends_mini_batch_ = false;
  current_ = activity_kind::idle;
  return activity;
}

void analog_array::set_weights(std::span<const float> weights) {
  if (weights.size() != shape_.cells())
    throw std::invalid_argument("weights do not fit the array");
  devices_->program(weights, programmings_++);
}

void analog_array::save(std::ostream& out) const {
  byte_writer writer(out);
  devices_->save(writer);
  writer.write(forward_->average.value);
  writer.write(backward_->average.value);
  writer.write(programmings_);
}

void analog_array::restore(std::istream& in) {
  byte_reader reader(in);
  devices_->load(reader);
  reader.read(forward_->average.value);
  reader.read(backward_->average.value);
  reader.read(programmings_);
}

} // namespace tilework::physics
