// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/aligned_vector.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/ideal.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
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
constexpr double train_ns = 2;     // of one line and vector
constexpr double line_cell_ns = 5; // of reads and writes of single lines

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

bool devices_rest(const array_parameters& parameters) {
  if (parameters.update.pulse_type == pulse_type::none) // an ideal device without a life of its own
    return false;
  return parameters.device.relaxes() || (parameters.drift_per_mini_batch > 0 && parameters.device.drifts());
}

void array_parameters::validate() const {
  device.validate();
  forward.validate();
  backward.validate();
  line_read.validate();
  if (line_read.noise_management != noise_management::none || line_read.bound_management != bound_management::none)
    throw input_error("reads of single lines are at full scale: noise_management and bound_management must be NONE");
  if (!(update_granularity >= 0))
    throw input_error("update_granularity must be 0 or positive");
  if ((update.is_exact() || line_write.is_exact()) && device.get_if<one_sided_cell>() != nullptr)
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
  signal_noise quality; ///< of probed products
};

analog_array::analog_array(array_shape shape, const array_parameters& parameters, std::uint64_t seed, logical_array id,
                           std::uint32_t max_burst)
    : shape_(shape),
      max_burst_(max_burst),
      seed_(seed),
      id_(id),
      update_(parameters.update),
      update_granularity_(parameters.update_granularity),
      line_read_(parameters.line_read),
      line_write_(parameters.line_write),
      isa_(parameters.isa),
      pulse_sample_(shape, id) {
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
  device_period_s_ = parameters.device_period_s;
  if (const auto* pair = device.get_if<one_sided_cell>(); pair != nullptr && pair->refresh_every > 0)
    refresh_ = std::make_unique<cell_refresh>(*pair, shape, seed, id);
  forward_ = std::make_unique<direction_state>(parameters.forward, shape, mvm_direction::forward, seed, id, isa_);
  backward_ = std::make_unique<direction_state>(parameters.backward, shape, mvm_direction::backward, seed, id, isa_);
  scales_.resize(max_burst);
  efforts_.resize(max_burst);
}

analog_array::~analog_array() = default;

/// Arrays that only single lines are written to have none.
void analog_array::make_trains() {
  if (trains_)
    return;
  block_pulses_.resize(update_blocks());
  // Updates may come in smaller bursts than products, of which evaluations make long ones.
  trains_ = std::make_unique<pulse_trains>(update_, update_granularity_ > 0 ? update_granularity_ : granularity(),
                                           shape_, 1, noise_stream(seed_, purpose::pulse_trains, id_), isa_);
  if (const auto room = trains_->room_for(rows_per_block()); room > stack_room::most) {
    found_cells_.resize(update_blocks() * room);
    found_pulses_.resize(found_cells_.size());
  }
}

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
                             bool evaluation, bool probe) {
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
  probe_ = probe && in.vectors > 0;
  if (probe_ && exact_.size() < out.length)
    exact_.resize(out.length);
  if (mvm_->averages())
    for (std::uint32_t v = 0; v < in.vectors; ++v)
      scales_[v] = mvm_->averaged_scale(in[v], evaluation);
}

void analog_array::check_options(const update_options& options, std::uint32_t vectors) const {
  const auto fits = [](std::span<const float> values, std::uint32_t count) {
    return values.empty() || values.size() == count;
  };
  if (!fits(options.input_signs, shape_.inputs) || !fits(options.output_signs, shape_.outputs) ||
      !(options.rates.empty() || options.rates.size() >= vectors))
    throw std::invalid_argument("rates or choppers do not fit the operands");
  if (!std::isfinite(options.learning_rate) ||
      !std::ranges::all_of(options.rates, [](float rate) { return std::isfinite(rate); }))
    throw std::invalid_argument("learning rates must be finite");
}

void analog_array::begin_update(const_burst x, const_burst d, const update_options& options,
                                std::uint64_t first_vector) {
  check_operand(x, shape_.inputs, max_burst_);
  check_operand(d, shape_.outputs, max_burst_);
  if (x.vectors != d.vectors)
    throw std::invalid_argument("operands differ in their number of vectors");
  check_options(options, x.vectors);
  in_ = x;
  errors_ = d;
  options_ = options;
  first_vector_ = first_vector;
  if (options.largest_rate() == 0) {
    current_ = activity_kind::idle;
  } else if (updates_exactly()) {
    current_ = activity_kind::exact_update;
    if (!options.input_signs.empty())
      chop_inputs();
  } else {
    make_trains();
    const bool at_once = drawing_ns() < drawn_at_once_ns;
    current_ = at_once ? activity_kind::pulsed_update : activity_kind::train_drawing;
    if (at_once)
      trains_->draw(x, d, options, first_vector);
    else
      trains_->begin(x, d, options, first_vector);
  }
}

void analog_array::chop_inputs() {
  if (chopped_.size() < in_.elements())
    chopped_.resize(in_.elements());
  const mutable_burst chopped{chopped_.data(), in_.vectors, in_.length, in_.length};
  for (std::uint32_t v = 0; v < in_.vectors; ++v)
    std::ranges::transform(in_[v], options_.input_signs, chopped[v].begin(), std::multiplies<>());
  in_ = chopped;
}

void analog_array::begin_read_line(line_side side, std::uint32_t first_line, mutable_burst out,
                                   std::uint64_t first_vector, bool compared) {
  if (out.length != length_of(shape_, side))
    throw std::invalid_argument("operand does not fit the array");
  current_ = activity_kind::line_read;
  side_ = side;
  first_line_ = first_line;
  compared_ = compared;
  out_ = out;
  first_vector_ = first_vector;
  auto& reader = line_readers_[static_cast<std::size_t>(side)];
  if (!reader)
    reader = std::make_unique<line_reader>(line_read_, shape_, side, seed_, id_, isa_);
}

void analog_array::begin_write_line(line_side side, std::uint32_t first_line, const_burst counts, float rate,
                                    std::uint64_t first_vector) {
  if (counts.length != length_of(shape_, side))
    throw std::invalid_argument("operand does not fit the array");
  if (!std::isfinite(rate))
    throw std::invalid_argument("learning rates must be finite");
  current_ = activity_kind::line_write;
  side_ = side;
  first_line_ = first_line;
  in_ = counts;
  options_ = {.learning_rate = rate};
  first_vector_ = first_vector;
  auto& writer = line_writers_[static_cast<std::size_t>(side)];
  if (!writer)
    writer = std::make_unique<line_writer>(line_write_, shape_, side, granularity(), seed_, id_, isa_);
}

void analog_array::begin_rest(std::uint64_t event, double elapsed_s) {
  if (elapsed_s < 0)
    throw std::invalid_argument("time does not run backwards");
  rest_time_ = device_period_s_ > 0 ? static_cast<float>(elapsed_s / device_period_s_) : 1.0F;
  current_ = rests() ? activity_kind::rest : activity_kind::idle;
  first_vector_ = event;
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
  case activity_kind::line_read:
  case activity_kind::line_write:
    return 1;
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
  case activity_kind::line_read:
    return line_cell_ns * static_cast<double>(out_.elements());
  case activity_kind::line_write:
    return line_cell_ns * static_cast<double>(in_.elements());
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
  if (current_ == activity_kind::line_read)
    return run_line_read();
  if (current_ == activity_kind::line_write)
    return run_line_write();
  const std::uint32_t first = block * rows_per_block();
  const std::uint32_t last = std::min(first + rows_per_block(), shape_.outputs);
  if (current_ == activity_kind::exact_update)
    run_exact_update(first, last);
  if (current_ == activity_kind::pulsed_update)
    run_pulsed_update(first, last);
  if (current_ == activity_kind::rest)
    for (std::uint32_t i = first; i < last; ++i)
      devices_->relax(i, first_vector_, rest_time_);
}

void analog_array::run_line_read() {
  auto& reader = *line_readers_[static_cast<std::size_t>(side_)];
  line_activity_ = reader.read(weights(), first_line_, out_, first_vector_, compared_ ? &line_read_quality_ : nullptr);
}

void analog_array::run_line_write() {
  auto& writer = *line_writers_[static_cast<std::size_t>(side_)];
  line_activity_ = writer.write(*devices_, first_line_, in_, options_.learning_rate, first_vector_, pulse_sample_);
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
  if (probe_ && group == 0)
    run_probe();
}

void analog_array::run_probe() {
  const std::array<const float*, 1> in{in_.data};
  const std::array<float*, 1> exact{exact_.data()};
  multiply({weights().data(), shape_, mvm_->direction, nullptr, isa_}, in, exact);
  for (std::uint32_t k = 0; k < out_.length; ++k)
    mvm_->quality.add(exact_[k], out_.data[k]);
}

void analog_array::run_exact_update(std::uint32_t first_output, std::uint32_t last_output) {
  const auto signs = options_.output_signs;
  for (std::uint32_t v = 0; v < in_.vectors; ++v) {
    const float rate = options_.rate(v);
    if (rate == 0)
      continue;
    for (std::uint32_t i = first_output; i < last_output; ++i) {
      const float error = signs.empty() ? errors_[v][i] : signs[i] * errors_[v][i];
      devices_->add_exactly(i, in_[v], -rate * error, first_vector_ + v);
    }
  }
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
    pulse_sample_.add(found.list, first_output, last_output);
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
  if (current_ == activity_kind::line_read || current_ == activity_kind::line_write)
    activity = line_activity_;
  if (current_ == activity_kind::rest && drifts())
    devices_->drift(drift_per_mini_batch_ * rest_time_, first_vector_);
  current_ = activity_kind::idle;
  return activity;
}

void analog_array::set_weights(std::span<const float> weights) {
  if (weights.size() != shape_.cells())
    throw std::invalid_argument("weights do not fit the array");
  devices_->program(weights, programmings_++);
}

float analog_array::share_at_bounds() const {
  const auto counts = devices_->at_bounds();
  if (counts.devices == 0)
    return 0;
  return static_cast<float>(static_cast<double>(counts.at_lower + counts.at_upper) /
                            static_cast<double>(counts.devices));
}

signal_noise analog_array::take_mvm_quality(mvm_direction direction) {
  return std::exchange(state_of(direction).quality, {});
}

void analog_array::save(std::ostream& out) const {
  byte_writer writer(out);
  devices_->save(writer);
  writer.write(forward_->average.value);
  writer.write(backward_->average.value);
  writer.write(programmings_);
  writer.write(line_read_quality_);
  writer.write(forward_->quality);
  writer.write(backward_->quality);
  writer.write_span(pulse_sample_.counts());
}

void analog_array::restore(std::istream& in) {
  byte_reader reader(in);
  devices_->load(reader);
  reader.read(forward_->average.value);
  reader.read(backward_->average.value);
  reader.read(programmings_);
  reader.read(line_read_quality_);
  reader.read(forward_->quality);
  reader.read(backward_->quality);
  reader.read_span(pulse_sample_.state());
}

} // namespace tilework::physics
