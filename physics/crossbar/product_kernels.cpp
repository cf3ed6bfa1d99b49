// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/product_kernels.h>

#include <algorithm>
#include <array>

namespace tilework::physics {

const product_kernels& kernels_baseline();
const product_kernels& kernels_x86_64_v3();
const product_kernels& kernels_x86_64_v4();

namespace {

#if defined(__x86_64__)
constexpr std::string_view baseline_name = "x86-64";
#elif defined(__aarch64__)
constexpr std::string_view baseline_name = "aarch64";
#else
constexpr std::string_view baseline_name = "generic";
#endif

constexpr std::array<std::pair<std::string_view, instruction_set>, 3> names{
    {{baseline_name, instruction_set::baseline},
     {"x86-64-v3", instruction_set::x86_64_v3},
     {"x86-64-v4", instruction_set::x86_64_v4}}};

} // namespace

std::span<const std::pair<std::string_view, instruction_set>> names_of(instruction_set) {
  return names;
}

std::string_view name_of(instruction_set isa) {
  return names.at(static_cast<std::size_t>(isa)).first;
}

bool is_supported(instruction_set isa) {
#if defined(__x86_64__)
  const bool v3 =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("bmi2") != 0;
  switch (isa) {
  case instruction_set::baseline:
    return true;
  case instruction_set::x86_64_v3:
    return v3;
  case instruction_set::x86_64_v4:
    return v3 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0;
  }
#endif
  return isa == instruction_set::baseline;
}

instruction_set best_instruction_set() {
  constexpr std::array order{instruction_set::x86_64_v4, instruction_set::x86_64_v3};
  const auto* const found = std::ranges::find_if(order, is_supported);
  return found == order.end() ? instruction_set::baseline : *found;
}

const product_kernels& kernels_of(instruction_set isa) {
#if defined(__x86_64__)
  if (isa == instruction_set::x86_64_v3)
    return kernels_x86_64_v3();
  if (isa == instruction_set::x86_64_v4)
    return kernels_x86_64_v4();
#endif
  static_cast<void>(isa);
  return kernels_baseline();
}

} // namespace tilework::physics
