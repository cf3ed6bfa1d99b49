// SPDX-License-Identifier: Apache-2.0
#include "support/devices.h"

#include <tilework/catalog/device_registry.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/presets/presets.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::test {

/// A model from outside: a device with steps of one size.
struct toy_step {
  static constexpr std::string_view name = "ToyStep";
  float size = 0.5F;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    v("size", &toy_step::size, field{.minimum = 0, .open_minimum = true, .doc = "one size"});
  }
  void validate() const {
    if (size > 1)
      throw input_error("size must be at most 1");
  }
  [[nodiscard]] float granularity() const { return size; }
  [[nodiscard]] float states() const { return 2 / size; }
  friend bool operator==(const toy_step&, const toy_step&) = default;
};

std::unique_ptr<physics::device_array> make_devices(const toy_step& toy, const physics::device_context& context) {
  physics::constant_step device;
  device.dw_min = toy.size;
  device.w_max = 1;
  device.w_min = -1;
  return make_devices(device, context);
}

} // namespace tilework::test

namespace tilework::catalog {
namespace {

using physics::device_spec;

device_spec read(const device_registry& registry, const config::document& document) {
  config::reader r(document);
  auto device = registry.read(r, "device");
  r.finish();
  return device;
}

device_spec read(const std::string& text) {
  return read(device_registry(), config::document::parse(text, "f.yaml"));
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

void expect_error(const std::string& text, const std::vector<std::string>& parts) {
  const auto error = error_of(text);
  for (const auto& part : parts)
    EXPECT_NE(error.find(part), std::string::npos) << text << "\n" << error << "\nlacks " << part;
}

std::vector<std::string> all_names() {
  const device_registry registry;
  std::vector<std::string> names;
  for (const auto& list : {registry.model_names(), registry.preset_names()})
    names.insert(names.end(), list.begin(), list.end());
  return names;
}

std::string text_of(const std::string& name) {
  return "device: " + name + "\n";
}

TEST(device_registry, every_name_makes_a_valid_device) {
  const auto names = all_names();
  EXPECT_EQ(names.size(), 13U + 23U);
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  for (const auto& name : names) {
    const auto device = read(text_of(name));
    EXPECT_NO_THROW(device.validate()) << name;
    EXPECT_EQ(device.make({.shape = {5, 3}, .seed = 1})->weights().size(), 15U) << name;
    EXPECT_EQ(device.make({.shape = {5, 3}, .seed = 1})->granularity(), device.granularity()) << name;
  }
}

TEST(device_registry, presets_are_the_parameters_that_their_texts_say) {
  for (const auto& preset : physics::device_preset_texts()) {
    const auto by_name = device_registry().named(preset.name);
    const auto document = config::document::parse(std::string(preset.text), "preset");
    config::reader r(document);
    EXPECT_EQ(device_registry().read(r), by_name) << preset.name;
    r.finish();
    EXPECT_EQ(read("device: {extends: " + std::string(preset.name) + "}\n"), by_name) << preset.name;
  }
  const auto es = device_registry().named("ReRamES");
  ASSERT_NE(es.get_if<physics::exp_step>(), nullptr);
  EXPECT_EQ(es.get_if<physics::exp_step>()->A_up, -1.18445F);
}

// Published, to the digits shown.
TEST(device_registry, steps_and_states_of_presets) {
  struct row {
    const char* name;
    double step;
    double step_digit;
    double states;
    double states_digit;
  };
  for (const auto& r : {row{"ReRamES", .0019914, 1e-7, 1004, 1}, row{"ReRamSB", .002, 1e-9, 1000, 1},
                        row{"Capacitor", .005, 1e-9, 400, 1}, row{"EcRam", .002, 1e-9, 1000, 1},
                        row{"EcRamMO", 2.8214e-4, 1e-10, 7089, 1}, row{"Idealized", 2e-4, 1e-10, 10'000, 1},
                        row{"GokmenVlasov", .0016, 1e-9, 1250, 1}, row{"PCM", .03235, 1e-5, 61.8, .1},
                        row{"ReRamArrayOM", .0949, 1e-8, 21.1, .1}, row{"ReRamArrayHfO2", .4622, 1e-7, 4.33, .01}}) {
    const auto device = device_registry().named(r.name);
    EXPECT_NEAR(device.granularity(), r.step, r.step_digit / 2) << r.name;
    EXPECT_NEAR(device.states(), r.states, r.states_digit / 2) << r.name;
  }
  for (const auto* cell : {"ReRamES", "ReRamSB", "Capacitor", "EcRam", "EcRamMO", "Idealized"})
    for (const auto* count : {"2", "4"}) {
      const auto device = device_registry().named(cell);
      const auto several = device_registry().named(std::string(cell) + count);
      EXPECT_FLOAT_EQ(several.granularity(), device.granularity());
      EXPECT_EQ(several.states(), device.states());
      ASSERT_NE(several.get_if<physics::vector_cell>(), nullptr);
      EXPECT_EQ(several.get_if<physics::vector_cell>()->devices,
                physics::device_list(static_cast<std::size_t>(std::stoi(count)), device));
      EXPECT_EQ(several.get_if<physics::vector_cell>()->update_policy, physics::update_policy::single_random);
    }
  EXPECT_FLOAT_EQ(device_registry().named("PCMUnitCell").granularity(), device_registry().named("PCM").granularity());
}

TEST(device_registry, unknown_names_are_located_and_get_a_suggestion) {
  expect_error("a: 1\ndevice: EcRm\n", {"f.yaml:2:9", "EcRm", "did you mean 'EcRam'"});
  expect_error("device: {extends: SoftBoundz}\n", {"f.yaml:1:19", "did you mean 'SoftBounds'"});
  expect_error("device:\n  model: ExpStp\n", {"f.yaml:2:10", "did you mean 'ExpStep'", "allowed: ConstantStep"});
  expect_error("device: {model: EcRam}\n", {"f.yaml:1:17", "unknown model 'EcRam'"}); // a preset is no model
  expect_error("device: {model: Vector, devices: [EcRam, Idealised]}\n", {"f.yaml:1:42", "did you mean 'Idealized'"});
  expect_error("device: {extends: EcRam, gamma_upp: 1}\n", {"f.yaml:1:26", "did you mean 'gamma_up'"});
  EXPECT_THROW(device_registry().named("EcRm"), input_error);
  EXPECT_THROW(device_registry().named(""), input_error);
  EXPECT_THROW(device_registry().named("/etc/hostname"), input_error); // named() reads no files
}

TEST(device_registry, contradictions_are_located) {
  expect_error("device: {model: ConstantStep, extends: EcRam}\n", {"f.yaml:1", "model", "extends"});
  expect_error("device: {extends: EcRam, w_min: 0.1}\n", {"f.yaml:1", "w_min"});
  expect_error("device: {extends: EcRam, dw_min: 0}\n", {"f.yaml:1:34", "dw_min"});
  expect_error("device: {extends: EcRam, dw_min_dtod: -1}\n", {"f.yaml:1:39", "dw_min_dtod"});
  expect_error("device: {model: Vector, devices: [EcRam, {model: Ideal}]}\n", {"f.yaml:1", "Ideal"});
  expect_error("device: {model: Vector}\n", {"f.yaml:1", "'devices' is missing"});
  expect_error("device: {model: OneSided, devices: [ReRamES], refresh_every: 1}\n", {"write_noise_std"});
  expect_error("device: {extends: PCMUnitCell, refresh_forward: {inp_bound: 2}}\n", {"inp_bound"});
}

TEST(device_registry, shorthand_and_default) {
  EXPECT_EQ(read("device: EcRam\n"), device_registry().named("EcRam"));
  EXPECT_EQ(read("device: {}\n"), device_spec());
  EXPECT_EQ(read("{}\n"), device_spec());
  EXPECT_EQ(read("device: {model: LinearStep}\n"), device_spec(physics::linear_step{}));
  EXPECT_EQ(read("device: LinearStep\n"), device_spec(physics::linear_step{}));
  EXPECT_EQ(read("device: Vector\n"), device_spec(physics::vector_cell{}));
  EXPECT_EQ(device_registry().named("OneSided"), device_spec(physics::one_sided_cell{}));
}

TEST(device_registry, extends_a_preset) {
  const auto device = read("device: {extends: EcRam, dw_min: 0.003, drift: {nu: 0.1}}\n");
  auto expected = *device_registry().named("EcRam").get_if<physics::linear_step>();
  expected.dw_min = .003F;
  expected.drift.nu = .1F;
  EXPECT_EQ(device, device_spec(expected));
}

class device_files : public testing::Test {
protected:
  device_files() : folder_(std::filesystem::path(testing::TempDir()) / ("device_files" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "devices");
  }
  ~device_files() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] device_spec load(const std::string& name) const {
    return read(device_registry(), config::document::load(folder_ / name));
  }
  std::filesystem::path folder_;
};

TEST_F(device_files, extends_a_file_that_extends_a_preset) {
  write("devices/mine.yaml", "extends: EcRam\ndw_min: 0.003\nup_down: 0.1\n");
  write("experiment.yaml", "device:\n  extends: devices/mine.yaml\n  up_down: 0.2\n");
  write("short.yaml", "device: devices/mine.yaml\n");
  write("list.yaml", "device:\n  model: Vector\n  devices: [EcRam, devices/mine.yaml, {extends: devices/mine.yaml, "
                     "dw_min: 0.004}]\n");
  auto expected = *device_registry().named("EcRam").get_if<physics::linear_step>();
  expected.dw_min = .003F;
  expected.up_down = .1F;
  EXPECT_EQ(load("short.yaml"), device_spec(expected));
  const auto list = load("list.yaml");
  const auto& devices = list.get_if<physics::vector_cell>()->devices;
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0], device_registry().named("EcRam"));
  EXPECT_EQ(devices[1], device_spec(expected));
  EXPECT_EQ(devices[2].get_if<physics::linear_step>()->dw_min, .004F);
  expected.up_down = .2F;
  EXPECT_EQ(load("experiment.yaml"), device_spec(expected));
}

TEST_F(device_files, errors_name_the_file) {
  write("bad.yaml", "model: ConstantStep\ndw_mim: 1\n");
  write("experiment.yaml", "device: {extends: bad.yaml}\n");
  try {
    static_cast<void>(load("experiment.yaml"));
    FAIL();
  } catch (const input_error& e) {
    EXPECT_NE(std::string(e.what()).find("bad.yaml:2:1"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("dw_min"), std::string::npos) << e.what();
  }
  write("cycle.yaml", "extends: cycle.yaml\n");
  write("experiment.yaml", "device: {extends: cycle.yaml}\n");
  EXPECT_THROW(static_cast<void>(load("experiment.yaml")), input_error);
}

TEST(device_registry, extends_in_list_elements) {
  const auto cell = read("device: {model: Vector, devices: [{extends: EcRam, dw_min: 0.004}, Idealized, "
                         "{model: SoftBounds, w_max: 0.7}]}\n");
  const auto& devices = cell.get_if<physics::vector_cell>()->devices;
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0], test::device("EcRam", "dw_min: 0.004"));
  EXPECT_EQ(devices[1], test::device("Idealized"));
  EXPECT_EQ(devices[2], test::device("SoftBounds", "w_max: 0.7"));
  // a list is replaced as a whole
  const auto other = read("device: {extends: EcRam2, devices: [Capacitor]}\n");
  EXPECT_EQ(other.get_if<physics::vector_cell>()->devices, physics::device_list{test::device("Capacitor")});
}

TEST(device_registry, refresh_of_pairs) {
  const auto spec = read("device: {extends: PCMUnitCell, refresh_forward: {out_noise: 0.2}}\n");
  const auto* cell = spec.get_if<physics::one_sided_cell>();
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(cell->devices, physics::device_list{test::device("PCM")});
  EXPECT_EQ(cell->refresh_every, 1);
  EXPECT_EQ(cell->refresh_forward.out_noise, .2F);
  EXPECT_EQ(cell->refresh_forward.out_bound, 20); // of PresetIO
  EXPECT_EQ(cell->refresh_update.desired_bl, 31);
  const auto plain = read("device: {model: OneSided, devices: [PCM]}\n");
  EXPECT_EQ(plain.get_if<physics::one_sided_cell>()->refresh_forward, physics::io_parameters{});
}

TEST(device_registry, the_reader_of_products_is_the_callers) {
  int calls = 0;
  const auto document = config::document::parse("device: PCMUnitCell\n", "f.yaml");
  config::reader r(document);
  const auto device = device_registry().read(r, "device", [&](config::reader at) {
    ++calls;
    auto io = read_plain_io(std::move(at));
    io.out_noise = .5F;
    return io;
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(device.get_if<physics::one_sided_cell>()->refresh_forward.out_noise, .5F);
}

TEST(device_registry, resolved_configuration_reproduces_itself) {
  std::vector<std::string> texts{
      "device: {extends: EcRam, dw_min: 0.0031, drift: {nu: 0.07, t_0: 3}}\n",
      "device: {model: Vector, devices: [{extends: ReRamES, dw_min: 0.1}, Idealized], gamma_vec: [0.3, 0.7], "
      "update_policy: SINGLE_SEQUENTIAL, first_update_idx: 1}\n",
      "device: {extends: PCMUnitCell, refresh_forward: {preset: StandardIO}, refresh_update: {desired_bl: 7}}\n",
      "device: {model: PiecewiseStep, piecewise_up: [1.5, 1, 0.5], piecewise_down: [0.5, 1, 2]}\n"};
  for (const auto& name : all_names())
    texts.push_back(text_of(name));
  const device_registry registry;
  for (const auto& text : texts) {
    const auto first = config::document::parse(text, "first.yaml");
    const auto device = read(registry, first);
    const auto second = config::document::parse(first.resolved_yaml(), "second.yaml");
    EXPECT_EQ(read(registry, second), device) << first.resolved_yaml();
    EXPECT_EQ(second.resolved_yaml(), first.resolved_yaml());
  }
}

TEST(device_registry, resolved_configuration_names_the_model_and_every_parameter) {
  const auto document = config::document::parse("device: EcRam\n", "f.yaml");
  const auto device = read(device_registry(), document);
  const auto text = document.resolved_yaml();
  EXPECT_NE(text.find("model: LinearStep"), std::string::npos) << text;
  EXPECT_EQ(text.find("extends"), std::string::npos) << text;
  for (const auto& row : device_registry().parameters(device))
    EXPECT_NE(text.find(row.name.substr(row.name.rfind('.') + 1) + ":"), std::string::npos) << row.name;
}

TEST(device_registry, parameters_for_people) {
  for (const auto& name : all_names()) {
    std::set<std::string> names;
    const auto device = read(text_of(name));
    for (const auto& row : device_registry().parameters(device)) {
      EXPECT_TRUE(names.insert(row.name).second) << name << ": " << row.name << " occurs twice";
      EXPECT_FALSE(row.meta.doc.empty()) << name << ": " << row.name;
      EXPECT_FALSE(row.value.empty()) << name << ": " << row.name;
    }
    EXPECT_GE(names.size(), name == "Reference" ? 1U : 3U) << name;
  }
  const auto value = [](const char* device, const std::string& parameter) {
    for (const auto& row : device_registry().parameters(device_registry().named(device)))
      if (row.name == parameter)
        return row.value;
    return std::string("no such parameter");
  };
  EXPECT_EQ(value("EcRam", "dw_min"), "0.002");
  EXPECT_EQ(value("EcRam", "mult_noise"), "true");
  EXPECT_EQ(value("EcRam", "drift.nu"), "0");
  EXPECT_EQ(value("EcRam2", "devices"), "[LinearStep, LinearStep]");
  EXPECT_EQ(value("EcRam2", "update_policy"), "SINGLE_RANDOM");
  EXPECT_EQ(value("PCMUnitCell", "refresh_forward.out_bound"), "20");
  EXPECT_EQ(value("SoftBoundsPmax", "w_max"), "no such parameter"); // it follows from others
}

TEST(device_registry, models_from_outside) {
  device_registry registry;
  registry.add_model<test::toy_step>();
  const std::array<embedded_text, 1> presets{{{"HalfToy", "model: ToyStep\nsize: 0.25\n"}}};
  registry.add_presets(presets);
  const auto parse = [&](const std::string& text) { return read(registry, config::document::parse(text, "f.yaml")); };
  EXPECT_EQ(parse("device: ToyStep\n"), device_spec(test::toy_step{}));
  EXPECT_EQ(parse("device: HalfToy\n"), device_spec(test::toy_step{.25F}));
  EXPECT_EQ(registry.named("HalfToy").granularity(), .25F);
  const auto cell = parse("device: {model: Vector, devices: [{model: ToyStep, size: 0.125}, HalfToy, EcRam]}\n");
  EXPECT_EQ(cell.get_if<physics::vector_cell>()->devices[0], device_spec(test::toy_step{.125F}));
  EXPECT_EQ(cell.make({.shape = {2, 2}, .seed = 1})->parts().size(), 3U);
  EXPECT_THROW(parse("device: {model: ToyStep, size: 2}\n"), input_error);
  EXPECT_THROW(parse("device: {model: ToyStep, size: 0}\n"), input_error);
  const auto rows = registry.parameters(parse("device: HalfToy\n"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].value, "0.25");
  EXPECT_EQ(registry.model_names().back(), "ToyStep");
  EXPECT_EQ(registry.preset_names().back(), "HalfToy");
  // names are taken once
  EXPECT_THROW(registry.add_model<test::toy_step>(), std::invalid_argument);
  EXPECT_THROW(registry.add_presets(presets), std::invalid_argument);
  EXPECT_THROW(device_registry().named("ToyStep"), input_error); // other registries do not know it
  EXPECT_THROW(device_registry().parameters(test::toy_step{}), input_error);
}

} // namespace
} // namespace tilework::catalog
