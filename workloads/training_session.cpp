// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/sample_order.h>
#include <tilework/workloads/training_session.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tilework::workload {
namespace {

/// Of all steps but the last one of an epoch.
std::uint32_t vectors_per_step(const session_configuration& configuration) {
  return configuration.batch_size * configuration.mini_batches_in_flight;
}

constexpr double recent_loss_weight = 0.002;
/// Noise counters of read-outs, apart from those of transfers.
constexpr std::uint64_t weight_read_events = std::uint64_t{1} << 60U;

std::uint32_t remainder_of(std::uint64_t total, std::uint32_t burst) {
  return static_cast<std::uint32_t>(total % burst);
}

std::vector<stage_plan> plan_stages(const session_configuration& configuration, const network_map& map) {
  std::vector<stage_plan> plans;
  for (const auto& layer : map.layers)
    for (std::uint32_t p = 0; p < layer.pieces(); ++p)
      for (std::uint32_t k = 0; k < stages_per_piece(configuration.algorithm); ++k) {
        const auto& region = map.arrays[layer.first_array + p];
        auto id = region.id;
        id.role = static_cast<std::uint8_t>(k);
        plans.push_back(
            plan_stage(configuration.algorithm, k, region.inputs, region.outputs, configuration.batch_size, id.key()));
      }
  return plans;
}

} // namespace

double learning_rate_schedule::at(unsigned epoch) const {
  return step_epochs == 0 ? initial : initial * std::pow(factor, epoch / step_epochs);
}

training_session::training_session(const session_configuration& configuration, const dataset& data,
                                   const network_map& map, management managed, std::vector<role_traits> roles,
                                   operand_arena& arena)
    : configuration_(configuration),
      data_(data),
      map_(map),
      managed_(managed),
      roles_(std::move(roles)),
      arena_(arena),
      stages_(plan_stages(configuration_, map)),
      layout_(
          lay_out(arena, {configuration_.network, map, configuration_.algorithm, stages_,
                          std::max(vectors_per_step(configuration), configuration.evaluation_burst),
                          configuration.evaluated == evaluated_copies::all,
                          configuration.first_layer_gradient || configuration.input_range.learned(),
                          configuration.input_range, configuration.programming.method == programming_method::from_one,
                          configuration.average_from_epoch > 0})),
      programming_loop_(configuration_.programming, configuration_.network, map, configuration_.algorithm,
                        configuration.seed),
      lines_read_(stages_.size(), 0),
      pending_(stages_.size(), 0),
      warmed_role_(configuration_.algorithm.warm_start ? configuration_.algorithm.roles - 1 : 0) {
  roles_.resize(configuration_.algorithm.roles);
  const auto in = inputs();
  programming_ = emit_programming(in);
  if (configuration_.average_from_epoch > 0)
    weight_read_ = emit_weight_read(in);
  full_evaluation_ = emit_evaluation(in, configuration_.evaluation_burst);
  if (auto rest = remainder_of(data_.test.size(), configuration_.evaluation_burst))
    last_evaluation_ = emit_evaluation(in, rest);
  test_order_.resize(data_.test.size());
  std::iota(test_order_.begin(), test_order_.end(), 0U);
}

program_inputs training_session::inputs() const {
  return {configuration_.network,
          map_,
          layout_,
          managed_,
          configuration_.algorithm,
          stages_,
          roles_,
          configuration_.order,
          configuration_.batch_size,
          configuration_.evaluated == evaluated_copies::all,
          configuration_.first_layer_gradient || configuration_.input_range.learned(),
          configuration_.input_range,
          configuration_.micro_batch};
}

stage_events training_session::events_of_next(std::size_t stage, std::uint32_t vectors, bool ends_epoch) const {
  const auto& algorithm = configuration_.algorithm;
  const auto& period = stages_[stage].period;
  const bool waits = warmed_role_ > 0 && stage % stages_per_piece(algorithm) > 0;
  const std::uint32_t rounds = vectors_per_copy(vectors, algorithm.copies_of(0));
  stage_events events;
  events.pending = pending_[stage] != 0;
  if (period.every == 0 || waits)
    return events;
  if (period.in_mini_batches) {
    if ((position_.step + 1) % period.every == 0)
      events.first = rounds;
  } else if (const auto next = period.every - rounds_ % period.every; next <= rounds) {
    events.first = static_cast<std::uint32_t>(next);
    if (next + period.every <= rounds)
      events.every = static_cast<std::uint32_t>(period.every);
  }
  const bool at_end =
      events.first > 0 && (events.every > 0 ? (rounds - events.first) % events.every == 0 : events.first == rounds);
  events.deferred = at_end && !ends_epoch && algorithm.schedule == transfer_schedule::overlapped;
  return events;
}

step_shape training_session::shape_of_next(std::uint32_t vectors) const {
  const auto every = configuration_.refresh_every;
  const auto& range = configuration_.input_range;
  const auto& algorithm = configuration_.algorithm;
  const bool ends_epoch = position_.next_sample + vectors == order_.size();
  step_shape shape;
  shape.vectors = vectors;
  if (vectors > configuration_.batch_size)
    shape.mini_batch = configuration_.batch_size;
  shape.refreshes = every > 0 && (position_.step + 1) % every == 0;
  shape.estimates_ranges = range.enable && position_.step < range.init_from_data;
  shape.warmed_role = warmed_role_;
  if (algorithm.family == algorithm_family::mixed_precision)
    shape.takes_pulses = position_.step > 0 && position_.step % stages_.front().period.every == 0;
  else
    for (std::size_t s = 0; s < stages_.size(); ++s)
      shape.events.push_back(events_of_next(s, vectors, ends_epoch));
  return shape;
}

auto training_session::program_for(step_shape shape) -> const mini_batch_program& {
  auto& entry = mini_batches_[shape];
  if (entry.program.size() > 0)
    return entry;
  entry.program = emit_training_step(inputs(), shape);
  entry.deferred.resize(stages_.size());
  for (std::size_t s = 0; s < shape.events.size(); ++s)
    entry.deferred[s] = shape.events[s].deferred ? 1 : 0;
  entry.lines_read.resize(stages_.size());
  for (const auto& op : entry.program.operations())
    if (op.transfer == transfer_function::accumulate_line || op.transfer == transfer_function::take_lines)
      entry.lines_read[op.stage] += op.vectors;
  return entry;
}

auto training_session::mean_training_step() const -> mean_step {
  const auto& algorithm = configuration_.algorithm;
  const auto rounds = vectors_per_copy(configuration_.batch_size, algorithm.copies_of(0));
  mean_step mean;
  step_shape shape;
  shape.vectors = configuration_.batch_size;
  shape.takes_pulses = algorithm.family == algorithm_family::mixed_precision;
  for (const auto& stage : stages_) {
    const auto [every, in_mini_batches] = stage.period;
    shape.events.push_back({.first = every == 0 ? 0 : rounds});
    mean.events.push_back(every == 0 ? 0.0 : (in_mini_batches ? 1.0 : rounds) / static_cast<double>(every));
  }
  if (shape.takes_pulses)
    shape.events.clear();
  mean.program = emit_training_step(inputs(), shape);
  return mean;
}

void training_session::initialise() {
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const std::uint32_t inputs = configuration_.network.layers[l];
    const std::uint32_t outputs = configuration_.network.layers[l + 1];
    if (layout_.layers[l].output_scale != no_slot)
      arena_.view(layout_.layers[l].output_scale)[0][0] = 1;
    const auto& split = map_.layers[l];
    const auto& algorithm = configuration_.algorithm;
    const bool all = configuration_.evaluated == evaluated_copies::all;
    write_weights(layout_.layers[l].forward_weights, forward_weights(algorithm, split.input_splits));
    write_weights(layout_.layers[l].evaluation_weights, forward_weights(algorithm, split.input_splits, all));
    write_weights(layout_.layers[l].backward_weights, forward_weights(algorithm, split.output_splits));
    if (configuration_.network.bias)
      numerics::initial_weights(configuration_.network.initial_weights,
                                {configuration_.seed, static_cast<std::uint32_t>(l), inputs, outputs},
                                arena_.view(layout_.layers[l].bias)[0], std::uint64_t{inputs} * outputs);
  }
  for (const auto slot : layout_.range)
    numerics::write_range_block(configuration_.input_range, arena_.view(slot)[0]);
  for (const auto& piece : layout_.pieces)
    for (const auto slot : {piece.input_choppers, piece.output_choppers})
      if (slot != no_slot)
        std::ranges::fill(arena_.view(slot)[0], 1.0F);
  begin_epoch();
}

void training_session::write_weights(std::uint32_t slot, const std::vector<float>& weights) {
  if (slot != no_slot)
    std::ranges::copy(weights, arena_.view(slot)[0].begin());
}

void training_session::begin_epoch() {
  order_ = numerics::shuffled_order(configuration_.seed, position_.epoch, data_.train.size());
}

std::optional<step> training_session::next() {
  if (!programmed_) {
    programmed_ = true;
    if (programming_.size() > 0)
      return step{&programming_, {}};
  }
  if (stopping_)
    return std::nullopt;
  if (!programming_loop_.done())
    return programming_loop_.next(inputs());
  if (reads_left_ > 0)
    return next_weight_read();
  return evaluating_ ? next_evaluation_step() : next_training_step();
}

std::optional<step> training_session::next_training_step() {
  if (position_.epoch == configuration_.epochs)
    return std::nullopt;
  const std::uint64_t samples = order_.size();
  const auto vectors = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(vectors_per_step(configuration_), samples - position_.next_sample));
  step_context context;
  context.step = position_.step;
  context.first_vector = position_.epoch * samples + position_.next_sample;
  context.learning_rate = static_cast<float>(configuration_.learning_rate.at(position_.epoch));
  context.samples = std::span(order_).subspan(position_.next_sample, vectors);
  context.refreshes = configuration_.refresh_every > 0 ? position_.step / configuration_.refresh_every : 0;
  context.lines_read = lines_read_;
  current_ = &program_for(shape_of_next(vectors));
  return step{&current_->program, context};
}

std::optional<step> training_session::next_evaluation_step() {
  const std::uint64_t samples = test_order_.size();
  const auto vectors =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(configuration_.evaluation_burst, samples - next_test_sample_));
  step_context context;
  context.step = next_test_sample_ / configuration_.evaluation_burst;
  context.first_vector = position_.epoch * samples + next_test_sample_; // same draws however often one evaluates
  context.evaluation = true;
  context.samples = std::span(test_order_).subspan(next_test_sample_, vectors);
  return step{vectors == configuration_.evaluation_burst ? &full_evaluation_ : &last_evaluation_, context};
}

void training_session::finished(const step& done) {
  if (done.program == &programming_)
    return arena_.close_window();
  if (!programming_loop_.done())
    finish_programming_step();
  else if (reads_left_ > 0)
    finish_weight_read();
  else if (evaluating_)
    finish_evaluation_step(done);
  else
    finish_training_step(done);
}

step training_session::next_weight_read() const {
  step_context context;
  context.step = reads_done_;
  context.first_vector = weight_read_events + reads_done_ * std::ranges::max(configuration_.network.layers);
  return {&weight_read_, context};
}

void training_session::finish_weight_read() {
  --reads_left_;
  ++reads_done_;
  if (listener_ == nullptr)
    return;
  listener_->weights_read();
  if (!between_epochs())
    listener_->epoch_done(position_);
}

void training_session::finish_programming_step() {
  const auto done = recorded_.copies_done ? recorded_.copies_done() : programming_loop_.copies_done(layout_, arena_);
  programming_loop_.finished(done);
  if (listener_ == nullptr)
    return;
  listener_->copies_programmed(done);
  if (programming_loop_.done())
    listener_->programmed();
  else
    listener_->programming_step_done(programming_loop_.status());
}

double training_session::sum_of_losses(std::uint32_t vectors) const {
  const auto losses = arena_.view(layout_.loss);
  double sum = 0;
  for (std::uint32_t v = 0; v < vectors; ++v)
    sum += static_cast<double>(losses[v][0]);
  return sum;
}

bool training_session::evaluation_due() const {
  return configuration_.evaluate_every != 0 &&
         (position_.epoch % configuration_.evaluate_every == 0 || position_.epoch == configuration_.epochs);
}

void training_session::finish_training_step(const step& done) {
  const auto vectors = static_cast<std::uint32_t>(done.context.samples.size());
  vectors_of_last_step_ = vectors;
  const double loss = sum_of_losses(vectors);
  const double mean = loss / vectors;
  position_.loss_sum += loss;
  position_.recent_loss +=
      (position_.step == 0 ? 1.0 : std::min(1.0, recent_loss_weight * vectors)) * (mean - position_.recent_loss);
  position_.next_sample += vectors;
  ++position_.step;
  finish_transfers(vectors);
  const bool epoch_over = position_.next_sample == order_.size();
  if (epoch_over) {
    epoch_loss_ =
        recorded_.epoch_loss ? recorded_.epoch_loss() : position_.loss_sum / static_cast<double>(order_.size());
    position_.loss_sum = 0;
    advance_warm_start();
    position_.next_sample = 0;
    ++position_.epoch;
    begin_epoch();
    evaluating_ = evaluation_due();
    reads_left_ = averages() ? configuration_.weight_reads : 0;
  }
  if (listener_ == nullptr)
    return;
  listener_->step_done(position_);
  if (epoch_over)
    listener_->epoch_trained(position_);
  if (epoch_over && !between_epochs())
    listener_->epoch_done(position_);
}

void training_session::finish_transfers(std::uint32_t vectors) {
  rounds_ += vectors_per_copy(vectors, configuration_.algorithm.copies_of(0));
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    lines_read_[s] += current_->lines_read[s];
    pending_[s] = current_->deferred[s];
  }
}

/// The loss of the epochs of this turn has stopped falling: the next tile's turn.
void training_session::advance_warm_start() {
  if (warmed_role_ == 0)
    return;
  constexpr double least_gain = 0.01; // of the loss, in an epoch
  const bool falls = best_loss_ == 0 || best_loss_ - epoch_loss_ > least_gain;
  if (falls) {
    best_loss_ = epoch_loss_;
    return;
  }
  best_loss_ = 0;
  --warmed_role_;
}

void training_session::finish_evaluation_step(const step& done) {
  const auto vectors = static_cast<std::uint32_t>(done.context.samples.size());
  test_loss_sum_ += sum_of_losses(vectors);
  const auto predictions = arena_.view(layout_.prediction);
  const auto labels = arena_.view(layout_.label);
  for (std::uint32_t v = 0; v < vectors; ++v)
    correct_ += predictions[v][0] == labels[v][0] ? 1U : 0U;
  next_test_sample_ += vectors;
  if (next_test_sample_ < test_order_.size())
    return;

  const auto samples = static_cast<double>(test_order_.size());
  const evaluation_result result{position_.epoch, epoch_loss_, test_loss_sum_ / samples,
                                 static_cast<double>(correct_) / samples};
  next_test_sample_ = 0;
  correct_ = 0;
  test_loss_sum_ = 0;
  evaluating_ = false;
  if (listener_ == nullptr)
    return;
  listener_->evaluated(result);
  listener_->epoch_done(position_);
}

std::uint32_t training_session::bytes_per_sample() const {
  constexpr std::uint32_t label_bytes = 1;
  return (data_.features() * data_.bits_per_feature() + 7) / 8 + label_bytes;
}

void training_session::load(const step_context& context, mutable_burst x, mutable_burst labels) const {
  const auto& half = context.evaluation ? data_.test : data_.train;
  for (std::uint32_t v = 0; v < context.samples.size(); ++v) {
    half.read(context.samples[v], x[v]);
    labels[v][0] = static_cast<float>(half.label(context.samples[v]));
  }
}

/// Elements of a layer are numbered, so initial weights do not depend on its split.
void training_session::load_weights(std::uint32_t array, mutable_burst weights) const {
  const auto& region = map_.arrays[array];
  const numerics::initial_layer layer{configuration_.seed, region.id.layer,
                                      configuration_.network.layers[region.id.layer],
                                      configuration_.network.layers[region.id.layer + 1U]};
  const float gamma = configuration_.algorithm.gamma_of(region.id.role);
  for (std::uint32_t o = 0; o < region.outputs; ++o) {
    const std::uint64_t first = std::uint64_t{region.first_output + o} * layer.inputs + region.first_input;
    numerics::initial_weights(configuration_.network.initial_weights, layer, weights[o], first);
    if (region.id.copy > 0 && configuration_.copy_mismatch_std > 0)
      numerics::add_mismatch(layer, region.id.copy, configuration_.copy_mismatch_std, weights[o], first);
    if (gamma != 1)
      for (auto& w : weights[o])
        w /= gamma;
  }
}

bool training_session::starts_fabricated(std::uint32_t array) const {
  return configuration_.programming.method == programming_method::from_one &&
         map_.arrays[array].id.role == configuration_.algorithm.initial_role();
}

void training_session::load_fabricated_weights(std::uint32_t array, mutable_burst weights) const {
  const auto& region = map_.arrays[array];
  const numerics::initial_layer layer{configuration_.seed, region.id.layer,
                                      configuration_.network.layers[region.id.layer],
                                      configuration_.network.layers[region.id.layer + 1U]};
  for (std::uint32_t o = 0; o < region.outputs; ++o)
    numerics::fabricated_weights(layer, region.id.copy, configuration_.programming.fabricated_std, weights[o],
                                 std::uint64_t{region.first_output + o} * layer.inputs + region.first_input);
}

template <typename F>
void training_session::for_each_state(F&& f) const {
  const auto visit = [&](std::uint32_t slot) {
    if (slot == no_slot)
      return;
    const auto state = arena_.view(slot); // without gaps: it is the whole slot
    f(std::span<float>(state.data, state.elements()));
  };
  for (const auto& layer : layout_.layers) {
    visit(layer.bias);
    visit(layer.output_scale);
  }
  for (const auto slot : layout_.range)
    visit(slot);
  for (const auto& piece : layout_.pieces)
    for (const auto slot : {piece.means, piece.rates, piece.input_choppers, piece.output_choppers, piece.chi})
      visit(slot);
  for (const auto& stage : layout_.stages) {
    visit(stage.hidden);
    visit(stage.references);
  }
  for (const auto& programming : layout_.programming)
    visit(programming.variances);
}

void training_session::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write(position_);
  writer.write(programmed_);
  writer.write(evaluating_);
  writer.write(next_test_sample_);
  writer.write(correct_);
  writer.write(test_loss_sum_);
  writer.write(epoch_loss_);
  writer.write(rounds_);
  writer.write_vector(lines_read_);
  writer.write_vector(pending_);
  writer.write(warmed_role_);
  writer.write(best_loss_);
  writer.write(reads_left_);
  writer.write(reads_done_);
  programming_loop_.save(out);
  for_each_state([&](std::span<const float> state) { writer.write_span(state); });
}

void training_session::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read(position_);
  reader.read(programmed_);
  reader.read(evaluating_);
  reader.read(next_test_sample_);
  reader.read(correct_);
  reader.read(test_loss_sum_);
  reader.read(epoch_loss_);
  reader.read(rounds_);
  reader.read_vector(lines_read_);
  reader.read_vector(pending_);
  reader.read(warmed_role_);
  reader.read(best_loss_);
  reader.read(reads_left_);
  reader.read(reads_done_);
  programming_loop_.restore(in);
  for_each_state([&](std::span<float> state) { reader.read_span(state); });
  if (programmed_)
    arena_.close_window();
  begin_epoch();
}

} // namespace tilework::workload
