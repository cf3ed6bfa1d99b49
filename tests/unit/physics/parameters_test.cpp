// SPDX-License-Identifier: Apache-2.0
#include "support/io_presets.h"

#include <tilework/core/error.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/linear_step.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>

namespace tilework::physics {
namespace {

/// Visits fields exactly as a reader of files does: every member must belong to T itself, and defaults must be valid.
template <typename T>
std::set<std::string> check_fields(const T& defaults) {
  std::set<std::string> names;
  T::fields([&]<typename M>(std::string_view name, M T::*member, const field& meta) {
    EXPECT_TRUE(names.insert(std::string(name)).second) << name << " occurs twice";
    EXPECT_FALSE(meta.doc.empty()) << name;
    if constexpr (std::is_arithmetic_v<M> && !std::is_same_v<M, bool>) {
      EXPECT_GE(static_cast<double>(defaults.*member), meta.minimum) << name;
      EXPECT_LE(static_cast<double>(defaults.*member), meta.maximum) << name;
      EXPECT_TRUE(!meta.open_minimum || static_cast<double>(defaults.*member) > meta.minimum) << name;
    }
    if constexpr (std::is_enum_v<M>) {
      const auto known = names_of(M{});
      EXPECT_TRUE(std::ranges::any_of(known, [&](const auto& k) { return k.second == defaults.*member; })) << name;
    }
  });
  return names;
}

TEST(io_parameters, fields_are_complete) {
  const auto names = check_fields(io_parameters{});
  EXPECT_EQ(names.size(), 38U);
  EXPECT_TRUE(names.contains("out_noise"));
  EXPECT_TRUE(names.contains("bound_management"));
}

TEST(io_parameters, presets) {
  using test::io_preset;
  EXPECT_EQ(io_preset("IOParameters"), io_parameters{});
  io_parameters training;
  training.inp_res = 126;
  training.out_res = 510;
  training.out_bound = 20;
  training.out_noise = .1F;
  EXPECT_EQ(io_preset("PresetIO"), training);
  auto transfer = training;
  transfer.noise_management = noise_management::none;
  transfer.bound_management = bound_management::none;
  EXPECT_EQ(io_preset("TransferReadIO"), transfer);
  io_parameters standard;
  standard.inp_res = standard.out_res = 254;
  standard.out_bound = 10;
  standard.out_noise = .04F;
  EXPECT_EQ(io_preset("StandardIO"), standard);
  auto aware = standard;
  aware.w_noise = .0175F;
  aware.w_noise_type = weight_noise::pcm_read;
  aware.ir_drop = 1;
  aware.bound_management = bound_management::none;
  aware.noise_management = noise_management::constant;
  aware.nm_thres = 1;
  EXPECT_EQ(io_preset("StandardHWATrainingIO"), aware);
  for (const auto& preset : io_preset_texts())
    EXPECT_NO_THROW(io_preset(std::string(preset.name)).validate()) << preset.name;
  EXPECT_EQ(io_preset_texts().size(), 5U);
  EXPECT_THROW(io_preset("PresetIo"), input_error);
}

TEST(io_parameters, contradictions_are_named) {
  io_parameters p;
  p.inp_bound = 2;
  try {
    p.validate();
    FAIL();
  } catch (const input_error& e) {
    EXPECT_NE(std::string(e.what()).find("inp_bound"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("noise_management"), std::string::npos);
  }
  p.noise_management = noise_management::none;
  EXPECT_NO_THROW(p.validate());
  p.out_bound = 0;
  EXPECT_THROW(p.validate(), input_error);
  p.out_res = -1;
  EXPECT_NO_THROW(p.validate());
}

TEST(update_parameters, fields_and_pulse_types) {
  EXPECT_EQ(check_fields(update_parameters{}).size(), 10U);
  for (const auto& [name, type] : names_of(pulse_type{})) {
    array_parameters p;
    p.update.pulse_type = type;
    EXPECT_NO_THROW(analog_array({3, 2}, p, 1, {}, 1)) << name;
  }
}

TEST(device_spec, window_must_contain_zero) {
  constant_step p;
  p.w_min = 0.1F;
  EXPECT_THROW(device_spec(p).validate(), input_error);
  linear_step q;
  q.reverse_up = true;
  q.mult_noise = false;
  EXPECT_THROW(device_spec(q).validate(), input_error);
}

} // namespace
} // namespace tilework::physics
