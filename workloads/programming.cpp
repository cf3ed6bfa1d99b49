// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/largest_magnitude.h>
#include <tilework/workloads/programming.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tilework::workload {
namespace {

/// Noise counters of programming, apart from those of training, transfers and devices.
constexpr std::uint64_t programming_events = std::uint64_t{1} << 60U;

} // namespace

programming_loop::programming_loop(const programming_configuration& configuration, const network_configuration& network,
                                   const network_map& map, const algorithm_configuration& algorithm, std::uint64_t seed)
    : configuration_(configuration), network_(network), map_(map), algorithm_(algorithm), seed_(seed) {
  if (configuration.method == programming_method::from_one)
    iterations_.assign(network.weight_layers(),
                       std::vector<std::uint32_t>(algorithm.copies_of(algorithm.initial_role()), 0));
  begin_layer(0);
}

void programming_loop::begin_layer(std::size_t layer) {
  layer_ = layer;
  iteration_ = 0;
  active_ = {0};
  read_variance_ = 0;
}

float programming_loop::averaging() const {
  return at_first() ? configuration_.first_averaging : configuration_.copy_averaging;
}

step programming_loop::next(const program_inputs& in) {
  const programming_shape shape{
      layer_, active_, configuration_.learning_rate / static_cast<float>(longest_train_of(algorithm_)), averaging()};
  auto& program = programs_[shape];
  if (program.size() == 0)
    program = emit_programming_iteration(in, shape);
  step_context context;
  context.step = iteration_;
  context.first_vector = programming_events + iteration_;
  context.seed = seed_;
  return {&program, context};
}

/// Variance that reads of every input split add to y.
double programming_loop::read_variance(const operand_layout& layout, operand_arena& arena) const {
  const auto x = arena.view(layout.layers[layer_].input)[0];
  const auto& split = map_.layers[layer_];
  double scales = 0; // squares
  for (std::uint32_t i = 0; i < split.input_splits; ++i) {
    const auto& region = map_.arrays[split.array(i, 0)];
    const double largest = numerics::largest_magnitude(x.subspan(region.first_input, region.inputs));
    scales += configuration_.managed_inputs ? largest * largest : 1.0;
  }
  return scales * configuration_.read_noise * configuration_.read_noise;
}

/// Variance without noise below which copies are done.
double programming_loop::target() const {
  if (!at_first())
    return double{configuration_.tolerance} * configuration_.tolerance;
  const numerics::initial_layer layer{seed_, static_cast<std::uint32_t>(layer_), network_.layers[layer_],
                                      network_.layers[layer_ + 1]};
  const double wanted =
      numerics::deviation_of(network_.initial_weights, layer) / algorithm_.gamma_of(algorithm_.initial_role());
  return wanted * wanted;
}

std::vector<std::uint32_t> programming_loop::copies_done(const operand_layout& layout, operand_arena& arena) {
  const double now = read_variance(layout, arena);
  read_variance_ = read_variance_ == 0 ? now : read_variance_ + averaging() * (now - read_variance_);
  const double reads = at_first() ? 1 : 2; // of a difference
  const double enough = target() + reads * read_variance_;
  const auto variances = arena.view(layout.programming[layer_].variances);
  std::vector<std::uint32_t> done;
  for (const auto copy : active_)
    if (variances[copy][0] < enough || iterations_[layer_][copy] + 1 >= configuration_.most_iterations)
      done.push_back(copy);
  return done;
}

void programming_loop::finished(std::span<const std::uint32_t> done) {
  ++iteration_;
  for (const auto copy : active_)
    ++iterations_[layer_][copy];
  const bool at_first_copy = at_first();
  std::erase_if(active_, [&](std::uint32_t copy) { return std::ranges::find(done, copy) != done.end(); });
  if (active_.empty())
    begin_next_copies(at_first_copy);
}

/// All other copies after the first one, then the next layer.
void programming_loop::begin_next_copies(bool first_is_done) {
  const auto copies = iterations_[layer_].size();
  if (first_is_done && copies > 1) {
    active_.resize(copies - 1);
    std::iota(active_.begin(), active_.end(), 1U);
    read_variance_ = 0;
  } else {
    begin_layer(layer_ + 1);
  }
}

programming_status programming_loop::status() const {
  return {layer_, iterations_.size(), iteration_, active_.size(), at_first()};
}

void programming_loop::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write(std::uint64_t{layer_});
  writer.write(iteration_);
  writer.write_vector(active_);
  writer.write(read_variance_);
  for (const auto& copies : iterations_)
    writer.write_vector(copies);
}

void programming_loop::restore(std::istream& in) {
  byte_reader reader(in);
  std::uint64_t layer = 0;
  reader.read(layer);
  layer_ = layer;
  reader.read(iteration_);
  reader.read_vector(active_);
  reader.read(read_variance_);
  for (auto& copies : iterations_)
    reader.read_vector(copies);
}

} // namespace tilework::workload
