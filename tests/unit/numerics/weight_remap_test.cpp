// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/numerics/weight_remap.h>

#include <gtest/gtest.h>

#include <vector>

namespace tilework::numerics {
namespace {

struct layer {
  std::vector<float> w{.1F, -.5F, .9F, .2F, .3F, -.4F};
  std::vector<float> scales{2, 3};

  explicit layer(const weight_remap_parameters& p) {
    const auto before = products();
    remap_weights(p, {w.data(), 2, 3, 3}, scales);
    const auto after = products();
    for (std::size_t c = 0; c < w.size(); ++c)
      EXPECT_NEAR(after[c], before[c], 1e-6F); // what the layer computes does not change
  }
  [[nodiscard]] std::vector<float> products() const {
    std::vector<float> p(w);
    for (std::size_t c = 0; c < p.size(); ++c)
      p[c] *= scales[c / 3];
    return p;
  }
};

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(weight_remap, every_output_uses_the_full_range) {
  const layer l({.type = remap_type::channelwise_symmetric});
  expect_near(l.w, {.1111F, -.5556F, 1, .5F, .75F, -1}, 5e-5F);
  expect_near(l.scales, {1.8F, 1.2F}, 1e-6F);
}

TEST(weight_remap, the_layer_uses_the_full_range) {
  const layer l({.type = remap_type::layerwise_symmetric, .remapped_wmax = .5F});
  expect_near(l.w, {.1F / 1.8F, -.5F / 1.8F, .5F, .2F / 1.8F, .3F / 1.8F, -.4F / 1.8F}, 1e-6F);
  expect_near(l.scales, {3.6F, 5.4F}, 1e-6F);
}

TEST(weight_remap, scales_keep_a_range) {
  // Unlimited they would be 1.8 and 1.2. The limit refers to the scales before.
  const layer low({.type = remap_type::channelwise_symmetric, .max_scale_range = .75F});
  expect_near(low.scales, {1.5F, 1.2F}, 1e-6F);
  expect_near(low.w, {.4F / 3, -2.0F / 3, 1.2F, .5F, .75F, -1}, 1e-6F);
  const layer wide({.type = remap_type::channelwise_symmetric, .max_scale_range = .75F, .max_scale_ref = 2.2F});
  expect_near(wide.scales, {1.65F, 1.2F}, 1e-6F);
}

TEST(weight_remap, zeros_keep_their_scale) {
  std::vector<float> w{0, 0, .5F, .25F};
  std::vector<float> scales{2, 3};
  remap_weights({.type = remap_type::channelwise_symmetric, .remapped_wmax = 2}, {w.data(), 2, 2, 2}, scales);
  expect_near(w, {0, 0, 2, 1}, 1e-6F);
  expect_near(scales, {2, .75F}, 1e-6F);
  w.assign(4, 0);
  remap_weights({.type = remap_type::layerwise_symmetric}, {w.data(), 2, 2, 2}, scales);
  expect_near(scales, {2, .75F}, 1e-6F);
}

TEST(weight_remap, none_does_nothing) {
  const layer l({});
  expect_near(l.scales, {2, 3}, 0);
}

TEST(weight_remap, contradictions_are_refused) {
  EXPECT_THROW((weight_remap_parameters{.remapped_wmax = 0}.validate()), input_error);
  EXPECT_THROW((weight_remap_parameters{.remapped_wmax = 2, .max_scale_range = 5}.validate()), input_error);
  std::vector<float> w(4);
  std::vector<float> scales(1);
  EXPECT_THROW(remap_weights({}, {w.data(), 2, 2, 2}, scales), std::invalid_argument);
}

} // namespace
} // namespace tilework::numerics
