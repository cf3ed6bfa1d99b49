// SPDX-License-Identifier: Apache-2.0
/// \file A step as it would be observed: three operations on an array, its converters and a bus.
#pragma once

#include <tilework/core/step_timing.h>

#include <vector>

namespace tilework::test {

inline const std::vector<resource>& example_resources() {
  static const std::vector<resource> all{
      {"tile0.array", resource_kind::array}, {"tile0.adc", resource_kind::adc}, {"bus", resource_kind::network}};
  return all;
}

/// Products 0 and 1 of two arrays' layers share array, converters and bus; operation 2 follows product 1.
inline const step_program& example_program() {
  static const step_program program = [] {
    step_program p;
    operation product;
    product.kind = operation_kind::forward_mvm;
    product.outputs[0] = {0, 0, 4};
    p.append(product);
    product.layer = 1;
    product.outputs[0] = {1, 0, 4};
    p.append(product);
    operation loss;
    loss.kind = operation_kind::vector_op;
    loss.function = vector_function::loss_gradient;
    loss.inputs[0] = {1, 0, 4};
    loss.outputs[0] = {2, 0, 4};
    p.append(loss);
    return p;
  }();
  return program;
}

/// A product holds the array for 30, of which it drives it for 10; its converters begin 5 later and are done 37 later.
/// The bus comes next and takes 4. Product 1 waits for the converters, 2 longer than for the array; on the bus nothing
/// waits. Operation 2 takes 6 without a unit.
inline recorded_step example_step() {
  recorded_step s{.number = 7, .program = &example_program(), .begin = {1000}, .length = {83}};
  s.operations = {{{0}, {0}, {41}, 0}, {{0}, {32}, {73}, 1}, {{73}, {73}, {83}, 2}};
  s.bookings = {{0, 0, {0}, {0}, {30}, {10}},  {0, 1, {5}, {5}, {32}, {32}, true},  {0, 2, {37}, {37}, {4}, {4}},
                {1, 0, {1}, {32}, {30}, {10}}, {1, 1, {6}, {37}, {32}, {32}, true}, {1, 2, {69}, {69}, {4}, {4}}};
  return s;
}

} // namespace tilework::test
