// SPDX-License-Identifier: Apache-2.0
/// \file Hand-made requests and operands for tests of single modules.
#pragma once

#include <tilework/tlm/payload_pool.h>
#include <tilework/tlm/time.h>

#include <deque>
#include <initializer_list>
#include <random>
#include <vector>

namespace tilework::test {

constexpr femtoseconds ns(std::int64_t n) {
  return {n * 1'000'000};
}

inline femtoseconds kernel_now() {
  return transaction::to_femtoseconds(sc_core::sc_time_stamp());
}

/// n x length floats.
struct operand {
  operand(std::uint32_t n, std::uint32_t elements, float value = 0)
      : vectors(n), length(elements), values(std::size_t{n} * elements, value) {}
  operand(std::uint32_t n, std::uint32_t elements, std::vector<float> all)
      : vectors(n), length(elements), values(std::move(all)) {}
  static operand random(std::uint32_t n, std::uint32_t elements, unsigned seed) {
    operand o(n, elements);
    std::mt19937 engine(seed);
    for (auto& v : o.values)
      v = static_cast<float>(engine() % 2001) / 1000.0F - 1.0F;
    return o;
  }
  [[nodiscard]] mutable_burst view() { return {values.data(), vectors, length, length}; }

  std::uint32_t vectors;
  std::uint32_t length;
  std::vector<float> values;
};

/// Payloads with their operations; both live as long as this object.
class request_maker {
public:
  transaction::transaction make(operation op, std::initializer_list<operand*> in, std::initializer_list<operand*> out) {
    auto t = pool_.acquire();
    auto& request = t.request();
    std::size_t k = 0;
    for (auto* o : in) {
      op.inputs[k].length = o->length;
      request.in[k++] = o->view();
    }
    k = 0;
    for (auto* o : out) {
      op.outputs[k].length = o->length;
      request.out[k++] = o->view();
    }
    request.op = &operations_.emplace_back(op);
    request.context = &context;
    request.operation_id = operations_.size();
    return t;
  }
  step_context context;

private:
  transaction::payload_pool pool_;
  std::deque<operation> operations_;
};

} // namespace tilework::test
