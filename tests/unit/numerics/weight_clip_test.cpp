// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/numerics/weight_clip.h>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tilework::numerics {
namespace {

std::vector<float> clipped(const weight_clip_parameters& p) {
  std::vector<float> w{.1F, -.5F, .9F, .2F, .3F, -.4F};
  clip_weights(p, {w.data(), 2, 3, 3});
  return w;
}

TEST(weight_clip, mean_of_the_largest_weights_of_the_outputs) {
  EXPECT_EQ(clipped({.type = clip_type::average_channel_max}), (std::vector<float>{.1F, -.5F, .65F, .2F, .3F, -.4F}));
}

TEST(weight_clip, deviations_of_the_layer) {
  const auto w = clipped({.type = clip_type::layer_gaussian, .sigma = 1});
  EXPECT_NEAR(w[2], .5099F, 5e-5F);
  EXPECT_EQ(w[1], -.5F); // within the bound, which is symmetric about 0
  EXPECT_EQ(clipped({.type = clip_type::layer_gaussian, .fixed_value = .2F, .sigma = 1}),
            (std::vector<float>{.1F, -.2F, .2F, .2F, .2F, -.2F}));
  EXPECT_EQ(clipped({.type = clip_type::layer_gaussian, .fixed_value = .8F, .sigma = 1})[2], w[2]);
}

TEST(weight_clip, fixed_value_and_none) {
  EXPECT_EQ(clipped({.type = clip_type::fixed_value, .fixed_value = .35F}),
            (std::vector<float>{.1F, -.35F, .35F, .2F, .3F, -.35F}));
  EXPECT_EQ(clipped({}), (std::vector<float>{.1F, -.5F, .9F, .2F, .3F, -.4F}));
}

TEST(weight_clip, rows_may_be_apart_in_memory) {
  std::vector<float> w{.1F, -.5F, 9, .2F, .3F, 9};
  clip_weights({.type = clip_type::fixed_value, .fixed_value = .25F}, {w.data(), 2, 2, 3});
  EXPECT_EQ(w, (std::vector<float>{.1F, -.25F, 9, .2F, .25F, 9}));
}

TEST(weight_clip, nothing_to_learn_from_one_weight_or_none) {
  float w = 3;
  EXPECT_TRUE(std::isinf(clip_bound({.type = clip_type::layer_gaussian}, {&w, 1, 1, 1})));
  EXPECT_TRUE(std::isinf(clip_bound({.type = clip_type::average_channel_max}, {&w, 0, 1, 1})));
}

TEST(weight_clip, fixed_value_must_be_given) {
  EXPECT_THROW(weight_clip_parameters{.type = clip_type::fixed_value}.validate(), input_error);
  EXPECT_NO_THROW(weight_clip_parameters{.type = clip_type::layer_gaussian}.validate());
}

} // namespace
} // namespace tilework::numerics
