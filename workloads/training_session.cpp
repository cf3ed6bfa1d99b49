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

constexpr double recent_loss_weight = 0.002;

std::uint32_t remainder_of(std::uint64_t total, std::uint32_t burst) {
  return static_cast<std::uint32_t>(total % burst);
}

} // namespace

double learning_rate_schedule::at(unsigned epoch) const {
  return step_epochs == 0 ? initial : initial * std::pow(factor, epoch / step_epochs);
}

training_session::training_session(const session_configuration& configuration, const dataset& data,
                                   const network_map& map, management managed, operand_arena& arena)
    : configuration_(configuration),
      data_(data),
      map_(map),
      arena_(arena),
      layout_(lay_out(arena, configuration.network, map,
                      std::max(configuration.batch_size, configuration.evaluation_burst), configuration.input_range)) {
  const program_inputs in{configuration_.network, map_, layout_, managed, configuration_.input_range};
  programming_ = emit_programming(in);
  full_step_ = emit_mini_batch(in, configuration_.batch_size);
  full_evaluation_ = emit_evaluation(in, configuration_.evaluation_burst);
  if (auto rest = remainder_of(data_.train.size(), configuration_.batch_size))
    last_step_ = emit_mini_batch(in, rest);
  if (auto rest = remainder_of(data_.test.size(), configuration_.evaluation_burst))
    last_evaluation_ = emit_evaluation(in, rest);
  test_order_.resize(data_.test.size());
  std::iota(test_order_.begin(), test_order_.end(), 0U);
}

step_variant training_session::variant_of(std::uint64_t mini_batch) const {
  const auto every = configuration_.refresh_every;
  const auto& range = configuration_.input_range;
  return {every > 0 && (mini_batch + 1) % every == 0, range.enable && mini_batch < range.init_from_data};
}

auto training_session::emit_mini_batch(const program_inputs& in, std::uint32_t vectors) const -> mini_batch_programs {
  mini_batch_programs programs;
  const bool estimates = configuration_.input_range.enable && configuration_.input_range.init_from_data > 0;
  for (const bool refreshes : {false, true})
    for (const bool estimating : {false, true})
      if (const step_variant v{refreshes, estimating};
          (!refreshes || configuration_.refresh_every > 0) && (!estimating || estimates))
        programs[index_of(v)] = emit_training_step(in, vectors, v);
  return programs;
}

void training_session::initialise() {
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const std::uint32_t inputs = configuration_.network.layers[l];
    const std::uint32_t outputs = configuration_.network.layers[l + 1];
    if (configuration_.network.bias)
      numerics::kaiming_uniform(configuration_.seed, static_cast<std::uint32_t>(l), inputs,
                                arena_.view(layout_.layers[l].bias)[0], std::uint64_t{inputs} * outputs);
  }
  for (const auto slot : layout_.range)
    numerics::write_range_block(configuration_.input_range, arena_.view(slot)[0]);
  begin_epoch();
}

void training_session::begin_epoch() {
  order_ = numerics::shuffled_order(configuration_.seed, position_.epoch, data_.train.size());
}

std::optional<step> training_session::next() {
  if (!programmed_) {
    programmed_ = true;
    return step{&programming_, {}};
  }
  if (stopping_)
    return std::nullopt;
  return evaluating_ ? next_evaluation_step() : next_training_step();
}

std::optional<step> training_session::next_training_step() {
  if (position_.epoch == configuration_.epochs)
    return std::nullopt;
  const std::uint64_t samples = order_.size();
  const auto vectors =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(configuration_.batch_size, samples - position_.next_sample));
  step_context context;
  context.step = position_.step;
  context.first_vector = position_.epoch * samples + position_.next_sample;
  context.learning_rate = static_cast<float>(configuration_.learning_rate.at(position_.epoch));
  context.samples = std::span(order_).subspan(position_.next_sample, vectors);
  context.refreshes = configuration_.refresh_every > 0 ? position_.step / configuration_.refresh_every : 0;
  return step{&program_for(vectors), context};
}

const step_program& training_session::program_for(std::uint32_t vectors) const {
  const auto& programs = vectors == configuration_.batch_size ? full_step_ : last_step_;
  return programs[index_of(variant_of(position_.step))];
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
  if (evaluating_)
    finish_evaluation_step(done);
  else
    finish_training_step(done);
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
  const double loss = sum_of_losses(vectors);
  const double mean = loss / vectors;
  position_.loss_sum += loss;
  position_.recent_loss +=
      (position_.step == 0 ? 1.0 : std::min(1.0, recent_loss_weight * vectors)) * (mean - position_.recent_loss);
  position_.next_sample += vectors;
  ++position_.step;
  const bool epoch_over = position_.next_sample == order_.size();
  if (epoch_over) {
    epoch_loss_ = position_.loss_sum / static_cast<double>(order_.size());
    position_.loss_sum = 0;
    position_.next_sample = 0;
    ++position_.epoch;
    begin_epoch();
    evaluating_ = evaluation_due();
  }
  if (listener_ == nullptr)
    return;
  listener_->step_done(position_);
  if (epoch_over && !evaluating_)
    listener_->epoch_done(position_);
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
  const std::uint32_t inputs = configuration_.network.layers[region.id.layer];
  for (std::uint32_t o = 0; o < region.outputs; ++o)
    numerics::kaiming_uniform(configuration_.seed, region.id.layer, inputs, weights[o],
                              std::uint64_t{region.first_output + o} * inputs + region.first_input);
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
  for_each_bias([&](std::span<const float> bias) { writer.write_span(bias); });
  for_each_input_range([&](float range) { writer.write(range); });
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
  for (const auto& slots : layout_.layers)
    reader.read_span(arena_.view(slots.bias)[0]);
  for (const auto slot : layout_.range)
    reader.read(arena_.view(slot)[0][0]);
  if (programmed_)
    arena_.close_window();
  begin_epoch();
}

} // namespace tilework::workload
