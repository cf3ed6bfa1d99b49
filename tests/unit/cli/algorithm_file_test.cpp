// SPDX-License-Identifier: Apache-2.0
// The part `training` of an experiment file: what each algorithm takes, and how what is wrong is explained.
#include <tilework/cli/algorithm_file.h>
#include <tilework/core/error.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tilework::cli {
namespace {

using workload::algorithm_family;
using workload::transfer_kind;

struct read_result {
  training_algorithm training;
  std::string resolved;
};

read_result read(const std::string& text, std::uint32_t batch_size = 8, physics::update_parameters update = {},
                 bool network_reduces = false) {
  const catalog::device_registry devices;
  const catalog::io_reader read_io = catalog::read_plain_io;
  const catalog::curve_listener on_curve = catalog::ignore_curve;
  const auto document = config::document::parse(text, "f.yaml");
  config::reader r(document);
  auto training = read_algorithm(r, {.devices = devices,
                                     .read_io = read_io,
                                     .on_curve = on_curve,
                                     .update = update,
                                     .batch_size = batch_size,
                                     .seed = 7,
                                     .network_reduces = network_reduces});
  r.finish();
  return {std::move(training), document.resolved_yaml()};
}

workload::algorithm_configuration algorithm_of(const std::string& text) {
  return read(text).training.algorithm;
}

/// The message for a wrong text.
std::string error_of(const std::string& text, std::uint32_t batch_size = 8, physics::update_parameters update = {}) {
  try {
    read(text, batch_size, update);
  } catch (const input_error& error) {
    return error.what();
  }
  return "no error";
}

void expect_error(const std::string& text, std::string_view place, std::string_view part) {
  const auto message = error_of(text);
  EXPECT_TRUE(message.starts_with(std::string(place) + ": ")) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(algorithm_file, nothing_is_plain_sgd_with_one_device) {
  const auto [training, resolved] = read("device: EcRam\n");
  EXPECT_EQ(training.algorithm.name, "SGD");
  EXPECT_EQ(training.algorithm.family, algorithm_family::sgd);
  EXPECT_EQ(training.devices.size(), 1U);
  EXPECT_EQ(training.algorithm.granularity, std::vector<float>{0.002F});
  EXPECT_EQ(resolved.substr(0, resolved.find("device:")), "algorithm:\n  name: SGD\n");
}

TEST(algorithm_file, every_class_has_its_own_defaults) {
  const auto tt = algorithm_of("algorithm: TikiTaka\n");
  EXPECT_EQ(tt.kind, transfer_kind::tiki_taka);
  EXPECT_TRUE(tt.units_in_mbatch);
  EXPECT_TRUE(tt.scale_fast_lr);
  EXPECT_EQ(tt.fast_lr, 1);
  EXPECT_EQ(tt.transfer_desired_bl, 31);
  EXPECT_EQ(tt.seed, 7U);
  EXPECT_EQ(tt.gamma_of(0), 0);
  const auto ttv2 = algorithm_of("algorithm: TTv2\n");
  EXPECT_EQ(ttv2.kind, transfer_kind::buffered);
  EXPECT_EQ(ttv2.momentum, 0.1F);
  EXPECT_TRUE(ttv2.units_in_mbatch);
  EXPECT_EQ(ttv2.transfer_desired_bl, 1);
  const auto chopped = algorithm_of("algorithm: ChoppedTTv2\n");
  EXPECT_EQ(chopped.kind, transfer_kind::chopped);
  EXPECT_EQ(chopped.momentum, 0);
  EXPECT_FALSE(chopped.units_in_mbatch);
  EXPECT_FALSE(chopped.scale_fast_lr);
  EXPECT_TRUE(chopped.in_chop_random);
  EXPECT_EQ(chopped.in_chop_prob, 0.1F);
  EXPECT_FALSE(chopped.auto_scale);
  const auto agad = algorithm_of("algorithm: AGAD\n");
  EXPECT_EQ(agad.kind, transfer_kind::dynamic);
  EXPECT_FALSE(agad.in_chop_random);
  EXPECT_EQ(agad.tail_weightening, 5);
  EXPECT_EQ(agad.buffer_cap, 0);
  const auto study = algorithm_of("algorithm: MultiTileAGAD\n");
  EXPECT_EQ(study.kind, transfer_kind::study_dynamic);
  EXPECT_TRUE(study.units_in_mbatch);
  EXPECT_TRUE(study.auto_scale);
  const auto mixed = algorithm_of("algorithm: MixedPrecision\n");
  EXPECT_EQ(mixed.family, algorithm_family::mixed_precision);
  EXPECT_EQ(mixed.n_rows_per_transfer, -1);
  EXPECT_EQ(mixed.roles, 1U);
  const auto residual = algorithm_of("algorithm: Residual\n");
  EXPECT_EQ(residual.family, algorithm_family::transfer);
  EXPECT_EQ(residual.gamma, (std::vector<float>{0.5F, 1}));
  EXPECT_EQ(residual.transfer_every_vec, (std::vector<double>{2, 0}));
  EXPECT_EQ(residual.transfer_lr_vec, (std::vector<float>{0.1F * 1.2F, 0.1F}));
  EXPECT_TRUE(residual.warm_start);
}

TEST(algorithm_file, parameters_have_the_names_of_aihwkit) {
  const auto a = algorithm_of("algorithm: {name: AGAD, replicas: 4, replicate: fast_and_slow, transfer_every: 3, "
                              "units_in_mbatch: true, in_chop_prob: 0.005, fast_lr: 0.25, auto_scale: true, "
                              "auto_granularity: 750, tail_weightening: 50, transfer_columns: false}\n");
  EXPECT_EQ(a.replicas, 4U);
  EXPECT_EQ(a.copies_of(0), 4U);
  EXPECT_EQ(a.transfer_every, 3);
  EXPECT_TRUE(a.units_in_mbatch);
  EXPECT_EQ(a.in_chop_prob, 0.005F);
  EXPECT_EQ(a.fast_lr, 0.25F);
  EXPECT_TRUE(a.auto_scale);
  EXPECT_EQ(a.auto_granularity, 750);
  EXPECT_EQ(a.tail_weightening, 50);
  EXPECT_FALSE(a.transfer_columns);
  const auto mixed =
      algorithm_of("algorithm: {name: MixedPrecision, granularity: 0.01, n_x_bins: 5, random_row: true}");
  EXPECT_EQ(mixed.mixed_granularity, 0.01F);
  EXPECT_EQ(mixed.n_x_bins, 5);
  EXPECT_TRUE(mixed.random_row);
}

TEST(algorithm_file, transfer_says_the_same_in_words) {
  const auto [training, resolved] =
      read("algorithm: TTv2\n"
           "transfer: {every: 5 vectors, columns_per_event: 2, schedule: overlapped, update: {desired_bl: 3}}\n");
  const auto& a = training.algorithm;
  EXPECT_EQ(a.transfer_every, 5);
  EXPECT_FALSE(a.units_in_mbatch);
  EXPECT_EQ(a.n_reads_per_transfer, 2U);
  EXPECT_EQ(a.schedule, workload::transfer_schedule::overlapped);
  EXPECT_EQ(a.transfer_desired_bl, 3);
  EXPECT_EQ(training.transfer_update.desired_bl, 3);
  EXPECT_FALSE(training.transfer_update.update_management);
  EXPECT_EQ(resolved.find("transfer_every"), std::string::npos) << resolved;
  EXPECT_NE(resolved.find("every: 5 vector"), std::string::npos) << resolved;
  EXPECT_EQ(algorithm_of("algorithm: AGAD\ntransfer: {every: auto, columns_per_event: 1}\n").transfer_every, -1);
  EXPECT_EQ(algorithm_of("algorithm: MixedPrecision\ntransfer: {every: 2 mini_batches}\n").transfer_every, 2);
}

TEST(algorithm_file, the_resolved_text_reads_to_itself) {
  for (const std::string text :
       {"algorithm: SGD\n", "algorithm: {name: TikiTaka, gamma: 0.5}\ndevice: [EcRam, EcRam, ReRamES]\n",
        "algorithm: {name: TikiTaka, gamma_vec: [0.25, 1]}\n", "algorithm: TTv2\ntransfer: {every: 2 vectors}\n",
        "algorithm: ChoppedTTv2\ndevice: {fast: EcRam, slow: ReRamES}\n", "algorithm: MixedPrecision\n",
        "algorithm: AGAD\ntransfer: {every: auto}\n", "algorithm: MultiTileAGAD\n", "algorithm: Residual\n"}) {
    const auto once = read(text).resolved;
    EXPECT_EQ(read(once).resolved, once) << text;
  }
}

TEST(algorithm_file, devices_are_named_per_role) {
  const auto pair = read("algorithm: AGAD\ndevice: {fast: EcRam, slow: {extends: EcRam, dw_min: 0.004}}\n").training;
  EXPECT_EQ(pair.algorithm.granularity, (std::vector<float>{0.002F, 0.004F}));
  EXPECT_NEAR(pair.algorithm.states, 1000, 0.01); // of the fast device
  const auto chain = read("algorithm: {name: TikiTaka, gamma: 0.5}\ndevice: [EcRam, ReRamES, Capacitor]\n").training;
  EXPECT_EQ(chain.algorithm.roles, 3U);
  EXPECT_EQ(chain.devices.size(), 3U);
  EXPECT_EQ(chain.devices[2].granularity(), 0.005F);
  EXPECT_EQ(chain.algorithm.gamma, (std::vector<float>{0.25F, 0.5F, 1}));
  const auto same = read("algorithm: TTv2\ndevice: EcRam\n").training;
  EXPECT_EQ(same.devices.size(), 2U);
  EXPECT_EQ(same.devices[0], same.devices[1]);
}

TEST(algorithm_file, unknown_names_and_foreign_parameters_are_explained) {
  expect_error("algorithm: {name: AGADD}\n", "f.yaml:1:19", "did you mean 'AGAD'?");
  expect_error("algorithm: {name: AGAD, in_chop_prop: 0.1}\n", "f.yaml:1:25", "did you mean 'in_chop_prob'?");
  expect_error("algorithm:\n  name: TikiTaka\n  in_chop_prob: 0.1\n", "f.yaml:3:17",
               "is not a parameter of TikiTaka but of ChoppedTTv2, AGAD, MultiTileAGAD");
  for (const std::string name : {"SGD", "MixedPrecision"})
    expect_error("algorithm:\n  name: " + name + "\n  replicas: 2\n", "f.yaml:3:13", "is not a parameter of " + name);
  expect_error("algorithm: {name: AGAD, n_reads_per_transfer: 1}\n", "f.yaml:1:47", "but of TikiTaka, TTv2, Residual");
  expect_error("transfer: {every: 1 vector}\n", "f.yaml:1:1", "unknown key 'transfer'");
}

TEST(algorithm_file, two_spellings_of_one_quantity_are_refused) {
  expect_error("algorithm: {name: TTv2, transfer_every: 2}\ntransfer: {every: 2 vectors}\n", "f.yaml:2:19",
               "already given as 'transfer_every' at f.yaml:1:41");
  expect_error("algorithm: {name: TTv2, units_in_mbatch: true}\ntransfer: {every: 2 vectors}\n", "f.yaml:2:19",
               "'units_in_mbatch'");
  expect_error("algorithm: {name: TTv2, n_reads_per_transfer: 2}\ntransfer: {columns_per_event: 2}\n", "f.yaml:2:31",
               "'n_reads_per_transfer'");
  expect_error("algorithm: {name: TTv2, transfer_update: {desired_bl: 2}}\ntransfer: {update: {desired_bl: 2}}\n",
               "f.yaml:2:20", "'transfer_update'");
  expect_error("algorithm: {name: TikiTaka, gamma: 0.5, gamma_vec: [0.5, 1]}\n", "f.yaml:1:52", "two values");
}

TEST(algorithm_file, periods_are_not_zero) {
  expect_error("algorithm: {name: TikiTaka, transfer_every: 0}\n", "f.yaml:1:45", "greater than 0");
  expect_error("algorithm: {name: TikiTaka, transfer_every: -1}\n", "f.yaml:1:45", "greater than 0");
  expect_error("algorithm: {name: AGAD, transfer_every: 0.4}\n", "f.yaml:1:41", "less than half a vector");
  expect_error("algorithm: {name: TTv2, transfer_every_vec: [1, 0, 0]}\ndevice: [EcRam, EcRam, EcRam]\n", "f.yaml:1:45",
               "period of zero");
  expect_error("algorithm: {name: MixedPrecision, transfer_every: 1.5}\n", "f.yaml:1:51", "use an integer");
  expect_error("algorithm: TTv2\ntransfer: {every: 0 vectors}\n", "f.yaml:2:19", "at least 1");
  expect_error("algorithm: TTv2\ntransfer: {every: auto}\n", "f.yaml:2:19", "mini_batch");
  expect_error("algorithm: AGAD\ntransfer: {columns_per_event: 2}\n", "f.yaml:2:31", "one line per transfer");
  EXPECT_EQ(algorithm_of("algorithm: {name: AGAD, transfer_every: -0.2}\n").transfer_every, -0.2);
  EXPECT_EQ(algorithm_of("algorithm: {name: TTv2, transfer_every_vec: [4, 0]}\n").transfer_every_vec.front(), 4);
}

TEST(algorithm_file, choppers_have_limits) {
  expect_error("algorithm: {name: AGAD, in_chop_prob: 0}\n", "f.yaml:1:39", "greater than 0");
  expect_error("algorithm: {name: MultiTileAGAD, in_chop_prob: 0}\n", "f.yaml:1:48", "greater than 0");
  expect_error("algorithm: {name: AGAD, auto_momentum: 1}\n", "f.yaml:1:40", "between 0 and 1");
  expect_error("algorithm: {name: ChoppedTTv2, auto_momentum: 0}\n", "f.yaml:1:47", "between 0 and 1");
  expect_error("algorithm: {name: ChoppedTTv2, gamma: 0.5}\n", "f.yaml:1:39", "chopped fast array");
  EXPECT_EQ(algorithm_of("algorithm: {name: ChoppedTTv2, in_chop_prob: 0, gamma: 0.5}\n").gamma_of(0), 0.5F);
}

TEST(algorithm_file, reads_are_added_on_their_way_where_the_network_can) {
  using workload::transfer_reduction;
  const std::string text = "algorithm: {name: AGAD, replicas: 4, replicate: fast_and_slow}\n"
                           "transfer: {reduction: network}\n";
  expect_error(text, "f.yaml:2:23", "does not add packets");
  const auto a = read(text, 8, {}, true).training.algorithm;
  EXPECT_EQ(a.reduction, transfer_reduction::network);
  EXPECT_TRUE(a.reduces(0));
  EXPECT_FALSE(algorithm_of("algorithm: {name: AGAD, replicas: 4, replicate: fast_and_slow}\n").reduces(0));
  EXPECT_FALSE(read("algorithm: {name: AGAD, replicas: 4}\ntransfer: {reduction: network}\n", 8, {}, true)
                   .training.algorithm.reduces(0))
      << "there is one fast copy";
}

TEST(algorithm_file, replicas_fit_the_mini_batch) {
  expect_error("algorithm: {name: AGAD, replicas: 9}\n", "f.yaml:1:35", "9 copies for a mini-batch of 8");
  expect_error("algorithm: {name: AGAD, replicas: 0}\n", "f.yaml:1:35", "from 1");
  EXPECT_EQ(algorithm_of("algorithm: {name: AGAD, replicas: 3}\n").replicas, 3U); // parts of 3, 3 and 2
}

TEST(algorithm_file, devices_fit_the_algorithm) {
  expect_error("algorithm: TikiTaka\ndevice: [EcRam]\n", "f.yaml:2:9",
               "2 to 16 devices, fastest first; the list has 1");
  expect_error("algorithm: AGAD\ndevice: [EcRam, EcRam, EcRam]\n", "f.yaml:2:9", "two devices");
  expect_error("algorithm: AGAD\ndevice: {fast: EcRam}\n", "f.yaml:2:9", "'slow' is missing");
  expect_error("algorithm: AGAD\ndevice: {fast: EcRam, slow: PCMUnitCell}\n", "f.yaml:2:29", "OneSided");
  expect_error("algorithm: TikiTaka\ndevice: PCMUnitCell\n", "f.yaml:2:9", "OneSided");
  expect_error("algorithm: TikiTaka\ndevice: [EcRam, Ideal]\n", "f.yaml:2:17", "needs a device with pulses");
  expect_error("algorithm: MixedPrecision\ndevice: Ideal\n", "f.yaml:2:9", "needs a device with pulses");
  expect_error("algorithm: AGAD\ndevice: {fast: EcRam, slow: EcRam, model: SoftBounds}\n", "f.yaml:2:36",
               "unknown key");
  EXPECT_EQ(read("algorithm: MixedPrecision\ndevice: PCMUnitCell\n").training.devices.size(), 1U);
}

TEST(algorithm_file, lists_have_one_value_per_device) {
  expect_error("algorithm: {name: TikiTaka, gamma_vec: [1, 1, 1]}\n", "f.yaml:1:40", "3 values for 2 devices");
  expect_error("algorithm: {name: TikiTaka, gamma_vec: [1, 0]}\n", "f.yaml:1:40", "cannot be 0");
  expect_error("algorithm: {name: TTv2, transfer_lr_vec: [1, 1, 1]}\n", "f.yaml:1:42", "3 values for 2 devices");
}

TEST(algorithm_file, transfers_need_pulses) {
  expect_error("algorithm: AGAD\ntransfer: {update: {pulse_type: NONE}}\n", "f.yaml:2:33", "writes with pulses");
  physics::update_parameters exact;
  exact.pulse_type = physics::pulse_type::none_with_device;
  EXPECT_EQ(error_of("algorithm: SGD\n", 8, exact), "no error");
  for (const std::string name : {"TikiTaka", "MixedPrecision"})
    EXPECT_NE(error_of("algorithm: " + name + "\n", 8, exact).find("writes with pulses"), std::string::npos);
}

} // namespace
} // namespace tilework::cli
