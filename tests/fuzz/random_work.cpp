// SPDX-License-Identifier: Apache-2.0
#include "fuzz/random_work.h"

#include "support/striped.h"

#include <tilework/workloads/algorithm_fields.h>
#include <tilework/workloads/training_session.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace tilework::test {
namespace {

/// Any tile for any array.
void scatter(draws& d, std::vector<array_region>& arrays, std::uint32_t tiles) {
  std::vector<std::uint32_t> all(tiles);
  std::iota(all.begin(), all.end(), 0U);
  for (std::uint32_t k = 0; k < arrays.size(); ++k) {
    std::swap(all[k], all[k + d.below(tiles - k)]);
    arrays[k].tile = all[k];
  }
}

class random_training final : public random_work {
public:
  explicit random_training(std::uint64_t seed) {
    draws d(seed);
    tile = random_tile(d);
    choose_network(d);
    choose_algorithm(d);
    map_ = workload::map_network(settings_.network, {any_number, tile.inputs, tile.outputs}, {},
                                 settings_.algorithm.copies());
    machine = random_machine(d, tile, static_cast<std::uint32_t>(map_.arrays.size()) + d.below(4));
    if (machine.reduces() && d.chance())
      settings_.algorithm.reduction = workload::transfer_reduction::network;
    scatter(d, map_.arrays, machine.tiles());
    arrays = map_.arrays;
    parameters.assign(settings_.algorithm.roles, random_parameters(d, tile));
    max_burst = std::max(settings_.batch_size, settings_.evaluation_burst);
    const auto train = settings_.batch_size * 2 + d.below(3);
    data_ = {"striped", classes, striped(train, settings_.network.layers.front(), classes, 1),
             striped(4, settings_.network.layers.front(), classes, 2)};
    session_.emplace(settings_, data_, map_, workload::management{},
                     std::vector<workload::role_traits>(settings_.algorithm.roles), arena);
    arena.allocate();
    session_->initialise();
    for (const auto& plan : session_->stages())
      stages.push_back(plan.stage);
  }
  step_source& source() override { return *session_; }
  const sample_memory& samples() const override { return *session_; }
  bool packets_go_alone() const override { return false; }
  bool complete() const override { return session_->complete(); }

private:
  static constexpr std::uint32_t classes = 3;
  static constexpr std::uint32_t any_number = 1U << 16U; ///< of tiles

  void choose_network(draws& d) {
    auto& layers = settings_.network.layers;
    layers = {3 + d.below(10)};
    if (d.chance())
      layers.push_back(2 + d.below(8));
    layers.push_back(classes);
    settings_.network.activation_function = d.one_of(activation::sigmoid, activation::relu);
    settings_.network.bias = d.chance();
  }

  void choose_algorithm(draws& d) {
    using workload::algorithm_name;
    const auto name =
        d.one_of(algorithm_name::sgd, algorithm_name::tiki_taka, algorithm_name::buffered, algorithm_name::chopped,
                 algorithm_name::dynamic, algorithm_name::study_dynamic, algorithm_name::mixed_precision);
    auto& a = settings_.algorithm;
    a = workload::defaults_of(name);
    settings_.batch_size = 1 + d.below(5);
    if (a.family == workload::algorithm_family::transfer)
      a.replicas = 1 + d.below(std::min(3U, settings_.batch_size));
    a.replicate = d.one_of(workload::replication::slow, workload::replication::fast_and_slow);
    a.schedule = d.one_of(workload::transfer_schedule::after_batch, workload::transfer_schedule::overlapped);
    a.transfer_every = 1 + d.below(3);
    a.units_in_mbatch = a.family == workload::algorithm_family::mixed_precision || d.chance();
    a.granularity.assign(a.roles, 0.01F);
    a.seed = 11;
    settings_.order = d.one_of(workload::step_order::by_data, workload::step_order::serial);
    settings_.epochs = 1;
    settings_.learning_rate.initial = 0.2;
    settings_.evaluation_burst = 1 + d.below(4);
    settings_.seed = 11;
  }

  workload::session_configuration settings_;
  workload::dataset data_;
  workload::network_map map_;
  std::optional<workload::training_session> session_;
};

/// One program a few times.
class random_program final : public random_work, step_source, sample_memory {
public:
  explicit random_program(std::uint64_t seed) : weights_(seed) {
    draws d(seed);
    tile = random_tile(d);
    const auto count = 1 + d.below(4);
    machine = random_machine(d, tile, count + d.below(4));
    for (std::uint32_t a = 0; a < count; ++a)
      arrays.push_back({.id = {.layer = static_cast<std::uint16_t>(a)},
                        .inputs = 1 + d.below(tile.inputs),
                        .outputs = 1 + d.below(tile.outputs)});
    scatter(d, arrays, machine.tiles());
    parameters.assign(1, random_parameters(d, tile));
    max_burst = 1 + d.below(4);
    add_slots();
    arena.allocate();
    for (auto& element : arena.storage())
      element = weight();
    add_operations(d, 3 + d.below(18));
    steps_ = 1 + d.below(3);
  }
  step_source& source() override { return *this; }
  const sample_memory& samples() const override { return *this; }
  bool packets_go_alone() const override { return true; }
  bool complete() const override { return done_ == steps_; }

  std::optional<step> next() override {
    if (complete())
      return std::nullopt;
    return step{&program_, {.step = done_, .first_vector = done_ * max_burst, .learning_rate = 0.1F}};
  }
  void finished(const step& /*done*/) override { ++done_; }
  [[nodiscard]] std::uint32_t bytes_per_sample() const override { return 0; }
  void load(const step_context& /*context*/, mutable_burst /*x*/, mutable_burst /*labels*/) const override {}
  void load_weights(std::uint32_t array, mutable_burst weights) const override {
    draws d(array);
    for (std::uint32_t v = 0; v < weights.vectors; ++v)
      for (auto& w : weights[v])
        w = static_cast<float>(d.below(100)) / 100 - 0.5F;
  }

private:
  static constexpr std::uint32_t per_side = 3;
  struct array_slots {
    std::uint32_t weights = 0;
    std::array<std::uint32_t, per_side> inputs{};
    std::array<std::uint32_t, per_side> outputs{};
  };

  float weight() { return static_cast<float>(weights_.below(200)) / 100 - 1; }

  void add_slots() {
    for (const auto& a : arrays) {
      auto& s = slots_.emplace_back();
      s.weights = arena.add(a.outputs, a.inputs, residence::memory);
      for (auto& slot : s.inputs)
        slot = arena.add(max_burst, a.inputs);
      for (auto& slot : s.outputs)
        slot = arena.add(max_burst, a.outputs);
    }
  }

  void add_operations(draws& d, std::uint32_t count) {
    for (std::uint32_t a = 0; a < arrays.size(); ++a) {
      operation program{.kind = operation_kind::program, .phase = phase::program, .array = a};
      program.vectors = arrays[a].outputs;
      program.inputs[0] = {slots_[a].weights, 0, arrays[a].inputs};
      program_.append(program);
    }
    for (std::uint32_t k = 0; k < count; ++k)
      program_.append(random_operation(d));
  }

  operation random_operation(draws& d) {
    const auto a = d.below(static_cast<std::uint32_t>(arrays.size()));
    const auto& s = slots_[a];
    const operand_ref x{s.inputs.at(d.below(per_side)), 0, arrays[a].inputs};
    const operand_ref y{s.outputs.at(d.below(per_side)), 0, arrays[a].outputs};
    operation op{.array = a, .vectors = max_burst};
    switch (d.below(4)) {
    case 0:
      op.kind = operation_kind::forward_mvm;
      op.phase = phase::forward;
      op.inputs[0] = x;
      op.outputs[0] = y;
      return op;
    case 1:
      op.kind = operation_kind::backward_mvm;
      op.phase = phase::backward;
      op.inputs[0] = y;
      op.outputs[0] = x;
      return op;
    case 2:
      op.kind = operation_kind::outer_product_update;
      op.phase = phase::update;
      op.inputs[0] = x;
      op.inputs[1] = y;
      return op;
    default:
      return random_difference(d, s.inputs, arrays[a].inputs);
    }
  }

  /// c = a - b: between operations of one array, or none.
  operation random_difference(draws& d, const std::array<std::uint32_t, per_side>& slots, std::uint32_t length) const {
    const auto first = d.below(per_side);
    operation op{.kind = operation_kind::vector_op, .phase = phase::forward, .vectors = max_burst};
    op.function = vector_function::difference;
    op.inputs[0] = {slots.at(first), 0, length};
    op.inputs[1] = {slots.at((first + 1) % per_side), 0, length};
    op.outputs[0] = {slots.at((first + 2) % per_side), 0, length};
    return op;
  }

  draws weights_;
  std::vector<array_slots> slots_;
  step_program program_;
  std::uint64_t steps_ = 1;
  std::uint64_t done_ = 0;
};

} // namespace

std::unique_ptr<random_work> make_work(std::uint64_t seed) {
  if (seed % 2 == 0)
    return std::make_unique<random_training>(seed);
  return std::make_unique<random_program>(seed);
}

} // namespace tilework::test
