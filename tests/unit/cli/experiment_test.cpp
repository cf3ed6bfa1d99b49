// SPDX-License-Identifier: Apache-2.0
// Whole experiments that build on a training preset.
#include <tilework/cli/experiment.h>
#include <tilework/core/error.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tilework::cli {
namespace {

/// Reads an experiment for glyphs whose file says `text` besides network and machine.
experiment read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const auto file =
      std::filesystem::temp_directory_path() / ("tilework_experiment_" + std::to_string(getpid()) + ".yaml");
  const char* source = std::getenv("TILEWORK_SOURCE"); // NOLINT(concurrency-mt-unsafe): one thread
  std::ofstream(file) << text << "\nnetwork: {layers: [784, 10], activation: sigmoid}\nmachine: "
                      << (source == nullptr ? "." : source) << "/platforms/machines/mesh_2x2.yaml\n";
  const catalog::device_registry devices;
  auto e = read_experiment(file, overrides, devices);
  std::filesystem::remove(file);
  return e;
}

/// The same from a complete text.
experiment read_again(const std::string& text) {
  const auto file =
      std::filesystem::temp_directory_path() / ("tilework_resolved_" + std::to_string(getpid()) + ".yaml");
  std::ofstream(file) << text;
  const catalog::device_registry devices;
  auto e = read_experiment(file, {}, devices);
  std::filesystem::remove(file);
  return e;
}

TEST(experiment, a_preset_says_what_the_file_leaves_open) {
  const auto e = read("preset: AGADEcRam");
  const auto& a = e.algorithm.algorithm;
  EXPECT_EQ(a.name, "AGAD");
  EXPECT_EQ(a.in_chop_prob, 0.005F);
  EXPECT_EQ(a.tail_weightening, 50);
  EXPECT_EQ(a.auto_granularity, 750);
  EXPECT_TRUE(a.auto_scale);
  EXPECT_EQ(e.algorithm.devices.size(), 2U);
  EXPECT_EQ(e.arrays.device, e.algorithm.devices.back());
  EXPECT_EQ(e.arrays.forward.out_noise, 0.1F);
  EXPECT_EQ(e.arrays.backward.out_bound, 20);
  EXPECT_EQ(e.algorithm.transfer_update.desired_bl, 1);
  EXPECT_TRUE(e.notes.empty());
}

TEST(experiment, the_file_and_the_command_line_win_over_a_preset) {
  const auto e = read("preset: AGADEcRam\ntraining: {algorithm: {fast_lr: 0.5}, device: ReRamES, batch_size: 4}\n"
                      "forward: {out_noise: 0.02}",
                      {"training.algorithm.replicas=4", "training.update.desired_bl=10"});
  EXPECT_EQ(e.algorithm.algorithm.name, "AGAD");
  EXPECT_EQ(e.algorithm.algorithm.fast_lr, 0.5F);
  EXPECT_EQ(e.algorithm.algorithm.replicas, 4U);
  EXPECT_EQ(e.algorithm.algorithm.desired_bl, 10);
  EXPECT_EQ(e.algorithm.devices.front().model(), "ExpStep");
  EXPECT_EQ(e.arrays.forward.out_noise, 0.02F);
  EXPECT_EQ(e.arrays.forward.out_bound, 20);
}

TEST(experiment, presets_named_ttv2_say_what_they_run) {
  const auto e = read("preset: TTv2EcRam");
  EXPECT_EQ(e.algorithm.algorithm.name, "ChoppedTTv2");
  EXPECT_FALSE(e.algorithm.algorithm.has_choppers());
  EXPECT_EQ(e.algorithm.algorithm.desired_bl, 100);
  ASSERT_EQ(e.notes.size(), 1U);
  EXPECT_NE(e.notes.front().find("ChoppedTTv2 without choppers"), std::string::npos);
}

TEST(experiment, the_multi_tile_study_has_cells_with_their_symmetry_point_at_zero) {
  const auto e = read("preset: MultiTileAGAD\ntraining: {algorithm: {replicas: 8, replicate: fast_and_slow}}");
  EXPECT_EQ(e.algorithm.algorithm.kind, workload::transfer_kind::study_dynamic);
  EXPECT_EQ(e.algorithm.algorithm.copies_of(0), 8U);
  EXPECT_EQ(e.session.batch_size, 64U);
  EXPECT_EQ(e.session.learning_rate.initial, 0.1);
  EXPECT_EQ(e.algorithm.devices[0], e.algorithm.devices[1]);
  EXPECT_EQ(e.algorithm.devices[0].granularity(), 0.002F);
}

TEST(experiment, transfer_reads_are_never_managed) {
  const auto plain = read("preset: TikiTakaEcRam").algorithm.transfer_read;
  EXPECT_EQ(plain.out_noise, 0.1F);
  EXPECT_EQ(plain.out_bound, 20);
  EXPECT_EQ(plain.noise_management, physics::noise_management::none);
  EXPECT_EQ(plain.bound_management, physics::bound_management::none);
  const auto named =
      read("preset: TikiTakaEcRam\ntransfer_read: {preset: StandardIO, out_noise: 0.01}").algorithm.transfer_read;
  EXPECT_EQ(named.out_noise, 0.01F);
  EXPECT_EQ(named.out_bound, 10);
  EXPECT_EQ(named.noise_management, physics::noise_management::none);
  EXPECT_EQ(named.bound_management, physics::bound_management::none);
  EXPECT_THROW(read("preset: TikiTakaEcRam\ntransfer_read: {bound_management: ITERATIVE}"), input_error);
}

TEST(experiment, the_resolved_text_needs_no_preset) {
  for (const std::string preset : {"EcRam2", "TikiTakaReRamSB", "TTv2Capacitor", "ChoppedTTv2ReRamES", "AGADIdealized",
                                   "MixedPrecisionPCM", "MultiTileAGAD"}) {
    const auto e = read("preset: " + preset);
    const auto again = read_again(e.resolved_yaml);
    EXPECT_EQ(again.resolved_yaml, e.resolved_yaml) << preset;
    EXPECT_EQ(again.algorithm.devices, e.algorithm.devices) << preset;
    EXPECT_EQ(again.algorithm.transfer_read, e.algorithm.transfer_read) << preset;
    EXPECT_EQ(again.algorithm.transfer_update, e.algorithm.transfer_update) << preset;
  }
}

} // namespace
} // namespace tilework::cli
