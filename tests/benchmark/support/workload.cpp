// SPDX-License-Identifier: Apache-2.0
#include "support/workload.h"

#include <tilework/core/error.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace tilework::physics {
namespace {

void fill_sparse(std::vector<float>& x, const noise_stream& random) {
  std::vector<float> keep(x.size());
  random.fill_uniforms(1, 0, keep);
  random.fill_uniforms(2, 0, x);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = keep[i] < .19F ? 1 - x[i] : 0;
}

void fill_normals(std::vector<float>& values, float deviation, const noise_stream& random, std::uint64_t vector) {
  random.fill_normals(vector, 0, values);
  for (auto& v : values)
    v *= deviation;
}

} // namespace

update_operands make_operands(operand_kind kind, array_shape shape) {
  const bool dense = kind == operand_kind::a || kind == operand_kind::b;
  const bool fast = kind == operand_kind::a || kind == operand_kind::c;
  update_operands o{std::vector<float>(std::size_t{distinct_vectors} * shape.inputs),
                    std::vector<float>(std::size_t{distinct_vectors} * shape.outputs), fast ? .1F : .01F};
  const noise_stream random(1, purpose::dataset, {});
  fill_normals(o.d, dense ? .1F : .01F, random, 0);
  if (dense)
    fill_normals(o.x, .5F, random, 1);
  else
    fill_sparse(o.x, random);
  return o;
}

std::vector<float> bulk_weights(array_shape shape) {
  std::vector<float> weights(shape.cells());
  fill_normals(weights, .1F, noise_stream(1, purpose::initial_weights, {}), 0);
  return weights;
}

instruction_set chosen_instruction_set() {
  const char* wanted = std::getenv("TILEWORK_ISA");
  if (wanted == nullptr)
    return best_instruction_set();
  for (const auto& [name, isa] : names_of(instruction_set{}))
    if (name == wanted && is_supported(isa))
      return isa;
  throw input_error("TILEWORK_ISA: this processor or program has no instruction set '" + std::string(wanted) + "'");
}

operation_activity finish(analog_array& array) {
  run_inline(array);
  return array.end();
}

update_sequence::update_sequence(update_operands operands, array_shape shape, std::uint32_t burst, bool keeps_sign)
    : operands_(std::move(operands)), shape_(shape), burst_(burst), keeps_sign_(keeps_sign) {
}

operation_activity update_sequence::advance(analog_array& array) {
  const std::size_t first = vector_ % distinct_vectors;
  const bool backwards = !keeps_sign_ && vector_ / distinct_vectors % 2 == 1;
  array.begin_update({operands_.x.data() + first * shape_.inputs, burst_, shape_.inputs, shape_.inputs},
                     {operands_.d.data() + first * shape_.outputs, burst_, shape_.outputs, shape_.outputs},
                     backwards ? -operands_.learning_rate : operands_.learning_rate, vector_);
  vector_ += burst_;
  return finish(array);
}

} // namespace tilework::physics
