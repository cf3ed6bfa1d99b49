// SPDX-License-Identifier: Apache-2.0
/// \file Log-softmax with negative log-likelihood, which is the same function as cross-entropy on logits.
#pragma once

#include <cstdint>
#include <span>

namespace tilework::numerics {

struct loss_result {
  float loss = 0;               ///< -log softmax(z)[label], natural logarithm, not scaled
  std::uint32_t prediction = 0; ///< class of the largest logit; the lowest such class on ties
};

/// Loss of one vector of logits c z, and gradient with respect to z: scale * c * (softmax(c z) - onehot(label)).
/// Small probabilities do not cancel: both stay accurate relative to themselves as p(label) -> 1.
/// \param label class, 0 <= label < z.size(); else std::invalid_argument
/// \param scale 1/B makes the loss of a mini-batch the mean over its B samples
/// \param gradient as long as z; may be z
/// \param logit_scale c, > 0: sharpens the softmax over outputs of a small range
loss_result negative_log_likelihood(std::span<const float> z, std::uint32_t label, float scale,
                                    std::span<float> gradient, float logit_scale = 1);

} // namespace tilework::numerics
