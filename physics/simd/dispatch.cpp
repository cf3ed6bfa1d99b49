// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/simd/dispatch.h>

#include <hwy/targets.h>

namespace tilework::physics {
namespace {

/// Bits of Highway's targets; better ones have lower bits.
std::int64_t allowed_targets(instruction_set isa) {
  switch (isa) {
  case instruction_set::x86_64_v4:
    return -1;
  case instruction_set::x86_64_v3:
    return ~(HWY_AVX2 - 1);
  case instruction_set::baseline:
    break;
  }
#if HWY_ARCH_X86
  return ~(HWY_SSE4 - 1);
#else
  return -1;
#endif
}

} // namespace

std::size_t dispatch_index(instruction_set isa) {
  // Asked once: slow where the processor is a virtual one.
  static const std::int64_t supported = hwy::SupportedTargets();
  hwy::ChosenTarget target;
  target.Update(supported & allowed_targets(isa));
  return target.GetIndex();
}

} // namespace tilework::physics
