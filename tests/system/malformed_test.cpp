// SPDX-License-Identifier: Apache-2.0
// Whatever is wrong with the input: exit code 2, one line that says where and what, nothing left behind.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <regex>

namespace tilework::test {
namespace {

constexpr std::string_view good_experiment = R"(name: small
dataset: {name: glyphs, train_samples: 60, test_samples: 20}
network: {layers: [784, 10], activation: sigmoid}
training:
  device: {model: SoftBounds, dw_min: 0.002}
  epochs: 1
  batch_size: 4
  learning_rate: 0.05
forward: {preset: IOParameters, out_noise: 0.05}
machine: machine.yaml
seed: 1
)";

constexpr std::string_view good_machine = R"(name: tiny
tile:
  array: {inputs: 1024, outputs: 256}
  cell: {g_min: 0.1 uS, g_max: 1 uS}
  dac: {bits: 7, slot: 1 ns}
  adc: {kind: sar, bits: 9, cycle: 1 ns}
  pulse: {width: 5 ns, period: 5 ns}
digital:
  vector_unit: {lanes: 32, clock: 1 GHz}
  buffer: {capacity: 1 MiB}
interconnect: {mesh: {columns: 2, rows: 1}}
technology: technology.yaml
)";

/// A folder with three good files of which one is then spoilt.
class three_files {
public:
  three_files() {
    write_file(experiment(), good_experiment);
    write_file(folder_ / "machine.yaml", good_machine);
    write_file(folder_ / "technology.yaml", read_file(source_folder() / "platforms/technologies/generic_14nm.yaml"));
  }

  [[nodiscard]] std::filesystem::path experiment() const { return folder_ / "experiment.yaml"; }
  [[nodiscard]] std::filesystem::path out() const { return folder_ / "run"; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

  /// Replaces the first `before` in a file; an empty `before` stands for the whole file.
  void replace(std::string_view name, std::string_view before, std::string_view after) const {
    auto text = read_file(folder_ / name);
    if (before.empty()) {
      text = after;
    } else {
      const auto place = text.find(before);
      ASSERT_NE(place, std::string::npos) << before;
      text.replace(place, before.size(), after);
    }
    write_file(folder_ / name, text);
  }

  /// "file:line:column" of the first `part` in a file.
  [[nodiscard]] std::string place_of(std::string_view name, std::string_view part) const {
    const auto text = read_file(folder_ / name);
    const auto place = text.find(part);
    EXPECT_NE(place, std::string::npos) << part;
    const auto line_begin = place == 0 ? std::string::npos : text.rfind('\n', place - 1);
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n');
    const auto column = line_begin == std::string::npos ? place + 1 : place - line_begin;
    return (folder_ / name).string() + ":" + std::to_string(line) + ":" + std::to_string(column);
  }

private:
  temporary_directory folder_;
};

void expect_refused(const program_result& result, const std::string& place, const std::string& cause) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_TRUE(result.err.starts_with(place + ": ")) << "expected to begin with " << place << ":\n" << result.err;
  EXPECT_NE(result.err.find(cause), std::string::npos) << "expected to contain " << cause << ":\n" << result.err;
}

TEST(malformed, the_good_files_are_good) {
  const three_files files;
  const auto checked = run_program({"check", files.experiment().string()});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  const auto ran = run_program({"run", files.experiment().string(), "--out", files.out().string()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

/// One file spoilt by one replacement.
struct malformed_case {
  std::string_view name;
  std::string_view file;
  std::string_view before;
  std::string_view after;
  std::string_view place; ///< text at which the message points; empty: the file as a whole, 0:0
  std::string_view cause; ///< part of the message
};

void PrintTo(const malformed_case& c, std::ostream* out) {
  *out << c.name;
}

class malformed_file : public testing::TestWithParam<malformed_case> {};

TEST_P(malformed_file, is_refused_by_check_and_run) {
  const auto& c = GetParam();
  const three_files files;
  files.replace(c.file, c.before, c.after);
  const auto place = c.place.empty() ? (files / c.file).string() + ":0:0" : files.place_of(c.file, c.place);
  const std::string cause(c.cause);
  expect_refused(run_program({"check", files.experiment().string()}), place, cause);
  expect_refused(run_program({"run", files.experiment().string(), "--out", files.out().string()}), place, cause);
  EXPECT_FALSE(std::filesystem::exists(files.out()));
}

constexpr std::string_view e = "experiment.yaml";
constexpr std::string_view m = "machine.yaml";
constexpr std::string_view t = "technology.yaml";
constexpr std::string_view tile_of_machine = R"(tile:
  array: {inputs: 1024, outputs: 256}
  cell: {g_min: 0.1 uS, g_max: 1 uS}
  dac: {bits: 7, slot: 1 ns}
  adc: {kind: sar, bits: 9, cycle: 1 ns}
  pulse: {width: 5 ns, period: 5 ns})";
constexpr std::string_view soft_bounds = "{model: SoftBounds, dw_min: 0.002}";

constexpr std::string_view with_one_role = R"(  device: {model: SoftBounds, dw_min: 0.002}
  epochs: 1
  batch_size: 4
  learning_rate: 0.05
forward: {preset: IOParameters, out_noise: 0.05}
machine: machine.yaml
)";
constexpr std::string_view with_two_roles = R"(  device: {model: SoftBounds, dw_min: 0.002}
  algorithm: TikiTaka
  epochs: 1
  batch_size: 4
  learning_rate: 0.05
forward: {preset: IOParameters, out_noise: 0.05}
machine: {interconnect: {mesh: {columns: 2, rows: 1}}, digital: {transfer_controller: {lanes: 32}}, technology: technology.yaml}
mapping: {place: [{layer: 0, role: slow, tile: 0}, {layer: 0, role: fsat, tile: 1}]}
)";

constexpr std::array cases{
    // keys and values
    malformed_case{"unknown_key", e, "epochs: 1", "epoch: 1", "epoch: 1", "did you mean 'epochs'?"},
    malformed_case{"unknown_key_at_top_level", e, "seed: 1", "sead: 1", "sead: 1", "did you mean 'seed'?"},
    malformed_case{"unknown_machine_key", m, "period: 5 ns", "perid: 5 ns", "perid: 5", "did you mean 'period'?"},
    malformed_case{"unit_of_another_quantity", m, "slot: 1 ns", "slot: 1 nm", "1 nm", "expected a time"},
    malformed_case{"number_without_unit", m, "slot: 1 ns", "slot: 1", "1}", "expected a time"},
    malformed_case{"out_of_range", m, "bits: 7", "bits: 70", "70", "from 2 to 16"},
    malformed_case{"negative_probability_like_value", e, "out_noise: 0.05", "out_noise: -0.05", "-0.05", "at least 0"},
    malformed_case{"not_a_number", e, "epochs: 1", "epochs: many", "many", "integer"},
    malformed_case{"fraction_for_an_integer", e, "batch_size: 4", "batch_size: 1.5", "1.5", "integer"},
    malformed_case{"number_too_large_for_its_type", e, "seed: 1", "seed: 99999999999999999999", "9999", "integer"},
    malformed_case{"nan", e, "learning_rate: 0.05", "learning_rate: .nan", ".nan", "expected a number"},
    malformed_case{"zero_learning_rate", e, "learning_rate: 0.05", "learning_rate: 0", "0\nforward", "greater than 0"},
    malformed_case{"zero_epochs", e, "epochs: 1", "epochs: 0", "0\n  batch", "from 1"},
    malformed_case{"list_for_a_map", e, "training:\n", "training: [1, 2]\nother:\n", "[1, 2]", "expected a map"},
    malformed_case{"map_for_a_list", e, "layers: [784, 10]", "layers: {a: 784}", "{a: 784}", "expected a list"},
    malformed_case{"map_for_a_number", e, "epochs: 1", "epochs: {a: 1}", "{a: 1}", "got a map"},
    malformed_case{"negative_time", m, "slot: 1 ns", "slot: -1 ns", "-1 ns", "greater than 0"},
    malformed_case{"time_beyond_the_clock", m, "slot: 1 ns", "slot: 100 s", "100 s", "at most 1 ms"},
    malformed_case{"zero_clock", m, "clock: 1 GHz", "clock: 0 Hz", "0 Hz", "from 1 kHz"},
    malformed_case{"pulse_longer_than_its_period", m, "period: 5 ns", "period: 4 ns", "4 ns",
                   "at least the pulse width"},
    malformed_case{"swapped_conductances", m, "g_min: 0.1 uS", "g_min: 2 uS", "2 uS", "below g_max"},
    malformed_case{"unknown_adc_kind", m, "kind: sar", "kind: saar", "saar", "did you mean 'sar'?"},
    malformed_case{"two_values_for_one_quantity", m, "cycle: 1 ns", "cycle: 1 ns, conversion_time: 10 ns", "10 ns",
                   "two values for one quantity"},
    malformed_case{"unknown_matrix_unit", m, tile_of_machine, "matrix_unit: {kind: systolc}", "systolc",
                   "did you mean 'systolic'?"},
    malformed_case{"matrix_unit_without_kind", m, tile_of_machine, "matrix_unit: {rows: 4}", "{rows: 4}",
                   "kind is missing"},
    malformed_case{"matrix_unit_without_rows", m, tile_of_machine, "matrix_unit: {kind: systolic, rows: 0}", "0}\n",
                   "from 1 to"},
    malformed_case{"lanes_of_a_systolic_array", m, tile_of_machine, "matrix_unit: {kind: systolic, lanes: 4}",
                   "lanes: 4}", "unknown key 'lanes'"},
    malformed_case{"weights_beyond_their_memory", m, tile_of_machine,
                   "matrix_unit: {kind: simd, weight_memory: {capacity: 15679 B}}", "{kind: simd",
                   "the weights on unit 0 need 15680 bytes"},
    malformed_case{"operands_beyond_their_buffer", m, tile_of_machine,
                   "matrix_unit: {kind: simd, operand_buffer: 1 KiB}", "{kind: simd", "matrix_unit.operand_buffer is"},
    malformed_case{"tile_and_matrix_unit", m, "digital:", "matrix_unit: {kind: simd}\ndigital:", "{kind: simd",
                   "not both"},
    malformed_case{"two_interconnects", m, "rows: 1}", "rows: 1}, bus: {nodes: 2}", "{nodes: 2}", "two values"},
    malformed_case{"unknown_network_model", m, "rows: 1}", "rows: 1, model: routr}", "routr", "did you mean 'router'?"},
    malformed_case{"buffers_of_a_calendar", m, "rows: 1}", "rows: 1, buffer_depth: 4}", "4}", "model: router"},
    malformed_case{"credits_at_once", m, "rows: 1}", "rows: 1, model: router, credit_latency: 0 cycles}", "0 cycles",
                   "from 1"},
    malformed_case{"routers_without_time", m, "rows: 1}",
                   "rows: 1, model: router, router_latency: 0 cycles, link_latency: 0 cycles}", "0 cycles, link",
                   "must not both be 0"},
    malformed_case{"bus_over_chips", m, "interconnect:", "chips: 2\ninterconnect: {bus: {nodes: 2}}\nnothing:",
                   "{nodes: 2}", "only networks of routers go over several chips"},
    malformed_case{"chip_link_of_one_chip", m, "rows: 1}", "rows: 1}, chip_link: {latency: 1 cycle}", "chip_link: {",
                   "unknown key 'chip_link'"},
    malformed_case{"tree_without_branches", m, "mesh: {columns: 2, rows: 1}", "tree: {fan_out: 1}", "1}", "from 2"},
    malformed_case{"resolution_against_bits", e, "out_noise: 0.05", "inp_res: 0.1", "0.1", "machine.tile.dac.bits"},
    // devices, presets, data sets
    malformed_case{"unknown_device", e, "model: SoftBounds", "model: SoftBound", "SoftBound",
                   "did you mean 'SoftBounds'"},
    malformed_case{"unknown_device_parameter", e, "dw_min: 0.002", "dw_mn: 0.002", "dw_mn", "did you mean 'dw_min'?"},
    malformed_case{"unknown_pulse_type", e, "  epochs: 1", "  update: {pulse_type: MEAN_COUNTS}\n  epochs: 1",
                   "MEAN_COUNTS", "did you mean 'MEAN_COUNT'?"},
    malformed_case{"unknown_update_parameter", e, "  epochs: 1", "  update: {x_res_implict: 0.1}\n  epochs: 1",
                   "x_res_implict", "did you mean 'x_res_implicit'?"},
    malformed_case{"no_pulse_slots", e, "  epochs: 1", "  update: {desired_bl: 0}\n  epochs: 1", "0}\n  epochs",
                   "from 1 to 65535"},
    malformed_case{"zero_gradient_scale", e, "  epochs: 1", "  update: {um_grad_scale: 0}\n  epochs: 1", "0}\n  epochs",
                   "greater than 0"},
    malformed_case{"resolution_without_number", e, "  epochs: 1", "  update: {d_res_implicit: fine}\n  epochs: 1",
                   "fine", "number"},
    malformed_case{"rounding_that_is_no_flag", e, "  epochs: 1", "  update: {sto_round: 0.5}\n  epochs: 1",
                   "0.5}\n  epochs", "true or false"},
    malformed_case{"zero_step_device", e, "dw_min: 0.002", "dw_min: 0", "0}\n  epochs", "greater than 0"},
    malformed_case{"model_and_extends", e, "dw_min: 0.002", "extends: EcRam", "EcRam}", "two values for one quantity"},
    malformed_case{"unknown_preset", e, "preset: IOParameters", "preset: IOParams", "IOParams", "PresetIO"},
    malformed_case{"base_that_is_nothing", e, "preset: IOParameters", "extends: nowhere", "nowhere",
                   "nor is there a file"},
    malformed_case{"preset_and_extends", e, "out_noise: 0.05", "extends: PresetIO", "preset: IO", "'extends' names"},
    malformed_case{"shift_management", e, "out_noise: 0.05", "bound_management: SHIFT", "{preset", "SHIFT is a name"},
    malformed_case{"unknown_way_of_input", e, "out_noise: 0.05", "mv_type: BIT_WIES", "BIT_WIES",
                   "did you mean 'BIT_WISE'?"},
    malformed_case{"cut_beyond_the_code", e, "out_noise: 0.05", "mv_type: SPLIT_MODE, split_mode_bit_shift: 6",
                   "{preset", "from 1 to 5"},
    malformed_case{"cut_at_nothing", e, "out_noise: 0.05", "split_mode_bit_shift: 0", "0}\nmachine", "from 1 to"},
    malformed_case{"word_for_a_list", e, "out_noise: 0.05", "v_offset: 0.1", "0.1}", "expected a list"},
    malformed_case{"word_in_a_list", e, "out_noise: 0.05", "out_noise_values: [0.1, much]", "much", "each a number"},
    malformed_case{"list_shorter_than_the_lines", e, "out_noise: 0.05", "v_offset: [0.1, 0.2]", "{preset",
                   "v_offset has 2 values for an array with 10 read lines"},
    malformed_case{"negative_read_asymmetry", e, "out_noise: 0.05", "w_read_asymmetry_dtod: -1", "-1}", "at least 0"},
    malformed_case{"unknown_input_range_key", e, "out_noise: 0.05", "input_range: {enabled: true}", "enabled",
                   "did you mean 'enable'?"},
    malformed_case{"input_range_of_zero", e, "out_noise: 0.05", "input_range: {init_value: 0}", "0}}",
                   "at least 1e-06"},
    malformed_case{"input_range_and_management", e, "out_noise: 0.05",
                   "noise_management: ABS_MAX, input_range: {enable: true}", "ABS_MAX", "NONE or CONSTANT"},
    malformed_case{"output_clipping_of_input_ranges", e, "out_noise: 0.05",
                   "input_range: {enable: true, manage_output_clipping: true}", "true}}", "not available"},
    // training algorithms
    malformed_case{"more_replicas_than_samples", e, "  epochs: 1",
                   "  algorithm: {name: AGAD, replicas: 5}\n  epochs: 1", "5}\n", "5 copies for a mini-batch of 4"},
    malformed_case{"transfer_never", e, "  epochs: 1", "  algorithm: {name: TTv2, transfer_every: 0}\n  epochs: 1",
                   "0}\n  epochs", "greater than 0"},
    malformed_case{"transfer_never_in_words", e, "  epochs: 1",
                   "  algorithm: TTv2\n  transfer: {every: 0 vectors}\n  epochs: 1", "0 vec", "at least 1"},
    malformed_case{"parameter_of_another_algorithm", e, "  epochs: 1", "  algorithm: {momentum: 0}\n  epochs: 1",
                   "0}\n  epochs", "is not a parameter of SGD but of TTv2"},
    malformed_case{"preset_with_the_wrong_cell", e, "training:\n  device: {model: SoftBounds, dw_min: 0.002}",
                   "preset: AGADEcRam\ntraining:\n  device: PCMUnitCell", "PCMUnitCell", "cannot use OneSided cells"},
    malformed_case{"unknown_training_preset", e, "name: small", "preset: AGADEcRam2", "AGADEcRam2",
                   "did you mean 'AGADEcRam'?"},
    malformed_case{"list_of_training_presets", e, "name: small", "preset: [EcRam]", "[EcRam]", "expected a word"},
    malformed_case{"managed_transfer_reads", e, "name: small",
                   "preset: TTv2EcRam\ntransfer_read: {noise_management: ABS_MAX}", "ABS_MAX", "leave it NONE"},
    malformed_case{"transfer_reads_without_transfer", e, "name: small", "transfer_read: {out_noise: 0}",
                   "transfer_read", "unknown key 'transfer_read'"},
    malformed_case{"unknown_algorithm", e, "  epochs: 1", "  algorithm: {name: SGDD}\n  epochs: 1", "SGDD", "SGD"},
    malformed_case{"unknown_data_set", e, "name: glyphs", "name: glyph", "{name: glyph", "did you mean 'glyphs'?"},
    malformed_case{"network_against_data_set", e, "[784, 10]", "[700, 10]", "{layers", "784 features"},
    malformed_case{"one_layer_size_only", e, "[784, 10]", "[784]", "[784]", "at least two"},
    malformed_case{"layer_of_no_neurons", e, "[784, 10]", "[784, 0, 10]", "0, 10]", "from 1 to"},
    // unit cells and their devices
    malformed_case{"cell_without_devices", e, soft_bounds, "{model: Vector}", "{model: Vector}",
                   "'devices' is missing"},
    malformed_case{"cell_with_no_device", e, soft_bounds, "{model: Vector, devices: []}", "{model: Vector",
                   "devices must not be empty"},
    malformed_case{"reference_with_no_device", e, soft_bounds, "{model: Reference, devices: []}", "{model: Reference",
                   "devices must not be empty"},
    malformed_case{"pair_of_two_devices", e, soft_bounds, "{model: OneSided, devices: [PCM, PCM]}", "{model: OneSided",
                   "exactly one device"},
    malformed_case{"cell_in_a_cell", e, soft_bounds, "{model: Vector, devices: [PCM, ReRamES4]}", "{model: Vector",
                   "a unit cell cannot hold Vector"},
    malformed_case{"ideal_device_in_a_cell", e, soft_bounds, "{model: Reference, devices: [Ideal]}",
                   "{model: Reference", "a unit cell cannot hold Ideal"},
    malformed_case{"device_for_a_list", e, soft_bounds, "{model: Vector, devices: PCM}", "PCM", "expected a list"},
    malformed_case{"number_for_a_device", e, soft_bounds, "{model: Vector, devices: [PCM, 7]}", "7]",
                   "unknown preset '7'"},
    malformed_case{"list_for_a_device", e, soft_bounds, "{model: Vector, devices: [PCM, [PCM]]}", "[PCM]]",
                   "expected a list of maps"},
    malformed_case{"unknown_device_in_a_cell", e, soft_bounds, "{model: Vector, devices: [PCM, ReRamEs]}", "ReRamEs",
                   "did you mean 'ReRamES'?"},
    malformed_case{"unknown_parameter_in_a_cell", e, soft_bounds,
                   "{model: Vector, devices: [PCM, {extends: PCM, dw_mn: 0.1}]}", "dw_mn", "did you mean 'dw_min'?"},
    malformed_case{"bad_window_in_a_cell", e, soft_bounds, "{model: Vector, devices: [{extends: PCM, w_min: 0.1}]}",
                   "{extends: PCM", "w_min must be <= 0"},
    malformed_case{"unknown_policy", e, soft_bounds, "{extends: ReRamES2, update_policy: SINGLE_RANDM}", "SINGLE_RANDM",
                   "did you mean 'SINGLE_RANDOM'?"},
    malformed_case{"too_few_factors", e, soft_bounds, "{extends: ReRamES2, gamma_vec: [1]}", "{extends",
                   "one factor per device"},
    malformed_case{"first_device_of_none", e, soft_bounds, "{extends: ReRamES2, first_update_idx: 2}", "{extends",
                   "below the number of devices"},
    // refresh
    malformed_case{"negative_refresh_interval", e, soft_bounds, "{extends: PCMUnitCell, refresh_every: -1}", "-1}",
                   "from 0"},
    malformed_case{"word_for_a_refresh_interval", e, soft_bounds, "{extends: PCMUnitCell, refresh_every: often}",
                   "often", "integer"},
    malformed_case{"refresh_within_a_mini_batch", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_every: 6, units_in_mbatch: false}", "{extends",
                   "a multiple of batch_size (4)"},
    malformed_case{"unknown_key_of_the_refresh", e, soft_bounds, "{extends: PCMUnitCell, refresh_evry: 2}",
                   "refresh_evry", "did you mean 'refresh_every'?"},
    malformed_case{"unknown_key_of_the_reads", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_forward: {out_noisy: 0.1}}", "out_noisy",
                   "did you mean 'out_noise'?"},
    malformed_case{"unknown_preset_of_the_reads", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_forward: {preset: PresetIo}}", "PresetIo", "'PresetIO'"},
    malformed_case{"resolution_of_the_reads_against_bits", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_forward: {inp_res: 0.1}}", "0.1", "machine.tile.dac.bits"},
    malformed_case{"unknown_key_of_the_writes", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_update: {desired_b: 3}}",
                   "desired_b:", "did you mean 'desired_bl'?"},
    malformed_case{"writes_without_pulses", e, soft_bounds,
                   "{extends: PCMUnitCell, refresh_update: {pulse_type: NONE}}", "{extends",
                   "refresh_update needs pulses"},
    malformed_case{"refresh_with_write_noise", e, soft_bounds,
                   "{model: OneSided, refresh_every: 1, devices: [{model: ExpStep, write_noise_std: 1}]}",
                   "{model: OneSided", "write noise cannot be refreshed"},
    malformed_case{"exact_update_of_pairs", e, "device: {model: SoftBounds, dw_min: 0.002}",
                   "device: PCMUnitCell\n  update: {pulse_type: NONE_WITH_DEVICE}", "device: PCM",
                   "one-sided cells need pulses"},
    // what devices do by themselves
    malformed_case{"negative_lifetime", e, "dw_min: 0.002", "lifetime: -1", "-1}", "at least 0"},
    malformed_case{"negative_diffusion", e, "dw_min: 0.002", "diffusion: -0.1", "-0.1}", "at least 0"},
    malformed_case{"unknown_key_of_the_drift", e, "dw_min: 0.002", "drift: {nu_dtd: 0.1}", "nu_dtd",
                   "did you mean 'nu_dtod'?"},
    malformed_case{"number_for_a_drift_law", e, "dw_min: 0.002", "drift: 0.1", "0.1}", "expected a map"},
    malformed_case{"negative_drift_exponent", e, "dw_min: 0.002", "drift: {nu: -0.1}", "-0.1}", "at least 0"},
    malformed_case{"drift_without_a_time", e, "dw_min: 0.002", "drift: {t_0: 0}", "0}}", "greater than 0"},
    malformed_case{"negative_drift_time", e, "epochs: 1", "epochs: 1\n  drift_per_mini_batch: -1", "-1", "at least 0"},
    malformed_case{"faults_above_1", m, "  pulse:", "  faults: {open_inputs: 1.5}\n  pulse:", "1.5", "from 0 to 1"},
    malformed_case{"negative_faults", m, "  pulse:", "  faults: {dead_tiles: -0.1}\n  pulse:", "-0.1", "from 0 to 1"},
    malformed_case{"unknown_fault", m,
                   "  pulse:", "  faults: {open_input: 0.1}\n  pulse:", "open_input:", "did you mean 'open_inputs'?"},
    // does not fit together
    malformed_case{"too_few_tiles", e, "[784, 10]", "[784, 600, 10]", "{layers",
                   "needs 4 arrays but the machine has 2 tiles"},
    malformed_case{"one_tile_for_two_arrays", e, "seed: 1", "seed: 1\nmapping: {tiles: [0, 0]}", "{tiles",
                   "one tile per array"},
    malformed_case{"tile_that_does_not_exist", e, "seed: 1", "seed: 1\nmapping: {tiles: [7]}", "{tiles",
                   "allowed: 0 to 1"},
    malformed_case{"tiles_and_place", e, "seed: 1", "seed: 1\nmapping: {tiles: [0], place: [{layer: 0, tile: 0}]}",
                   "[{layer", "two values for one quantity"},
    malformed_case{"tiles_and_placer", e, "seed: 1", "seed: 1\nmapping: {tiles: [0], placer: nearest}", "nearest",
                   "two values for one quantity"},
    malformed_case{"unknown_placer", e, "seed: 1", "seed: 1\nmapping: {placer: neares}", "neares}",
                   "did you mean 'nearest'?"},
    malformed_case{"place_without_layer", e, "seed: 1", "seed: 1\nmapping: {place: [{tile: 0}]}", "{tile: 0", "layer"},
    malformed_case{"place_without_tile", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 0}]}", "{layer: 0",
                   "expected tile or tiles"},
    malformed_case{"place_of_an_unknown_layer", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 1, tile: 0}]}",
                   "1, tile", "from 0 to 0"},
    malformed_case{"place_of_a_role_that_sgd_has_not", e, "seed: 1",
                   "seed: 1\nmapping: {place: [{layer: 0, role: fast, tile: 0}]}", "fast", "leave role out"},
    malformed_case{"place_of_an_unknown_role", e, with_one_role, with_two_roles, "fsat",
                   "expected fast, slow or a number"},
    malformed_case{"place_of_an_unknown_replica", e, "seed: 1",
                   "seed: 1\nmapping: {place: [{layer: 0, replica: 1, tile: 0}]}", "1, tile", "from 0 to 0"},
    malformed_case{"place_of_an_unknown_piece", e, "seed: 1",
                   "seed: 1\nmapping: {place: [{layer: 0, split: [0, 1], tile: 0}]}", "[0, 1]",
                   "1 input and 1 output pieces"},
    malformed_case{"place_of_half_a_piece", e, "seed: 1",
                   "seed: 1\nmapping: {place: [{layer: 0, split: [0], tile: 0}]}", "[0]", "expected [input piece"},
    malformed_case{"unknown_key_of_a_place", e, "seed: 1",
                   "seed: 1\nmapping: {place: [{layer: 0, tile: 0, replicas: 0}]}", "replicas",
                   "did you mean 'replica'?"},
    malformed_case{"place_outside_the_machine", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 0, tile: 2}]}", "2}]",
                   "from 0 to 1"},
    malformed_case{"places_outside_the_machine", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 0, tiles: [2]}]}",
                   "2]}]", "from 0 to 1"},
    malformed_case{"two_tiles_for_one_array", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 0, tiles: [0, 1]}]}",
                   "[0, 1]", "names 2 tiles for 1 arrays"},
    malformed_case{"place_twice", e, "seed: 1", "seed: 1\nmapping: {place: [{layer: 0, tile: 0}, {layer: 0, tile: 1}]}",
                   "{layer: 0, tile: 1", "has its tile from"},
    malformed_case{"place_on_a_dead_tile", e, "machine.yaml\nseed: 1",
                   "{interconnect: {mesh: {columns: 2, rows: 1}}, tile: {faults: {dead: [1]}}, technology: "
                   "technology.yaml}\nmapping: {place: [{layer: 0, tile: 1}]}",
                   "1}]}\n", "tile 1 is dead"},
    malformed_case{"tiles_with_a_dead_one", e, "machine.yaml\nseed: 1",
                   "{interconnect: {mesh: {columns: 2, rows: 1}}, tile: {faults: {dead: [1]}}, technology: "
                   "technology.yaml}\nmapping: {tiles: [1]}",
                   "{tiles", "which is dead"},
    malformed_case{
        "too_few_working_tiles", e, "machine.yaml\nseed: 1",
        "{interconnect: {mesh: {columns: 2, rows: 1}}, tile: {faults: {dead: [0, 1]}}, technology: technology.yaml}",
        "{layers", "2 tiles, 2 of them dead"},
    malformed_case{"too_few_tiles_for_a_place", e, "[784, 10], activation: sigmoid}",
                   "[784, 600, 10]}\nmapping: {place: [{layer: 0, tiles: [0]}]}", "{layers",
                   "needs 4 arrays but the machine has 2 tiles"},
    malformed_case{"dead_tile_outside_the_machine", m, "  pulse:", "  faults: {dead: [2]}\n  pulse:", "2]",
                   "from 0 to 1"},
    malformed_case{"dead_tile_twice", m, "  pulse:", "  faults: {dead: [1, 1]}\n  pulse:", "[1, 1]", "twice"},
    malformed_case{"buffer_too_small", m, "capacity: 1 MiB", "capacity: 1 KiB", "{capacity", "bytes of buffer"},
    // YAML
    malformed_case{"duplicate_key", e, "seed: 1", "seed: 1\nseed: 2", "seed: 2", "duplicate key 'seed'"},
    malformed_case{"syntax_error", e, "[784, 10]", "[784, 10", "}\ntraining", ""},
    malformed_case{"tab_indentation", e, "  epochs: 1", "\tepochs: 1", "epochs: 1", "indented with a tab"},
    malformed_case{"empty_experiment", e, "", "", "", "holds no keys"},
    malformed_case{"experiment_is_a_list", e, "", "- 1\n- 2\n", "- 1", "expected a map"},
    malformed_case{"experiment_is_a_word", e, "", "hello\n", "hello", "expected a map"},
    malformed_case{"two_documents", e, "seed: 1", "seed: 1\n---\nseed: 2", "---", "one YAML document"},
    malformed_case{"anchor", e, "seed: 1", "seed: &one 1", "&one", "anchors"},
    malformed_case{"binary_rubbish", e, "", "\x01\x02\xff\xfe{[", "\x01", ""},
    // other files
    malformed_case{"missing_machine", e, "machine: machine.yaml", "machine: nowhere.yaml", "nowhere.yaml",
                   "cannot open"},
    malformed_case{"missing_parent", e, "name: small", "extends: nowhere.yaml", "nowhere.yaml", "cannot open"},
    malformed_case{"extends_itself", e, "name: small", "extends: experiment.yaml", "", "extends itself"},
    malformed_case{"missing_technology", m, "technology: technology.yaml", "technology: nowhere.yaml", "nowhere.yaml",
                   "cannot open"},
    malformed_case{"no_technology", m, "technology: technology.yaml", "technology: []", "[]",
                   "at least one technology"},
    // prices
    malformed_case{"price_without_source", t, "    source: Horowitz, ISSCC 2014, one floating-point multiplication\n",
                   "", "name: output scaling", "source is missing"},
    malformed_case{"price_of_an_unknown_action", t, "covers: dac_conversion", "covers: dac_conversions",
                   "dac_conversions", "did you mean 'dac_conversion'?"},
    malformed_case{"negative_price", t, "value: 37.5 fJ", "value: -37.5 fJ", "-37.5 fJ", "at least 0"},
    malformed_case{"price_that_is_no_number", t, "value: 37.5 fJ", "value: nan fJ", "nan fJ", "an energy"},
    malformed_case{"price_of_another_unit", t, "value: 37.5 fJ", "value: 37.5 ns", "37.5 ns", "an energy"},
    malformed_case{"doubly_covered_action", t, "area:\n",
                   "  - {name: again, covers: cell_read, value: 1 fJ, source: test}\narea:\n", "{name: again",
                   "cell_read is covered twice"},
    malformed_case{"second_area", t, "area:\n", "area:\n  - {of: row_driver, value: 1 um2, source: test}\n",
                   "of: row_driver\n", "the area of row_driver is given twice"},
    malformed_case{"several_actions_without_per", t, "    per: each\n", "", "[update_pulse, program_pulse]",
                   "per: each"},
    malformed_case{"number_format_without_price", m, "lanes: 32", "lanes: 32, number_format: fp8", "fp8", "fp16"},
};

INSTANTIATE_TEST_SUITE_P(cases, malformed_file, testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

/// One fault in an experiment that transfers between arrays, on a machine that can.
class malformed_transfers : public testing::TestWithParam<malformed_case> {
protected:
  static void make_transferring(const three_files& files) {
    files.replace("experiment.yaml", "  device:", "  algorithm: {name: TTv2, replicas: 2}\n  device:");
    files.replace("machine.yaml",
                  "  buffer:", "  transfer_controller: {lanes: 32, clock: 1 GHz, buffer: 8 MiB}\n  buffer:");
    files.replace("machine.yaml", "columns: 2", "columns: 3");
  }
};

TEST_P(malformed_transfers, are_refused_by_check_and_run) {
  const auto& c = GetParam();
  const three_files files;
  make_transferring(files);
  ASSERT_EQ(run_program({"check", files.experiment().string()}).exit_code, 0);
  files.replace(c.file, c.before, c.after);
  const auto place = files.place_of(c.file, c.place);
  const std::string cause(c.cause);
  expect_refused(run_program({"check", files.experiment().string()}), place, cause);
  expect_refused(run_program({"run", files.experiment().string(), "--out", files.out().string()}), place, cause);
  EXPECT_FALSE(std::filesystem::exists(files.out()));
}

constexpr std::string_view two_copies = "{name: TTv2, replicas: 2}";
constexpr std::string_view controller = "  transfer_controller: {lanes: 32, clock: 1 GHz, buffer: 8 MiB}\n";

constexpr std::array transfer_cases{
    malformed_case{"more_copies_than_vectors", e, two_copies, "{name: TTv2, replicas: 5}", "5}\n  device",
                   "5 copies for a mini-batch of 4"},
    malformed_case{"no_controller", m, controller, "", "vector_unit", "needs a transfer controller"},
    malformed_case{"hidden_matrices_beyond_the_controllers_buffer", m, "buffer: 8 MiB", "buffer: 30 KiB",
                   "{lanes: 32, clock: 1 GHz, buffer", "bytes"},
    malformed_case{"no_transfers", e, two_copies, "{name: TTv2, transfer_every: 0}", "0}\n  device", "greater than 0"},
    malformed_case{"period_of_no_mini_batch", e, "  epochs", "  transfer: {every: 0 mini_batch}\n  epochs", "0 mini",
                   "1"},
    malformed_case{"period_of_no_vector", e, "  epochs", "  transfer: {every: 0 vector}\n  epochs", "0 vec", "1"},
    malformed_case{"period_in_epochs", e, "  epochs", "  transfer: {every: 1 epoch}\n  epochs", "1 epoch",
                   "mini_batch"},
    malformed_case{"one_sided_cells", e, soft_bounds, "PCMUnitCell", "PCMUnitCell", "cannot use OneSided cells"},
    malformed_case{"device_without_pulses", e, soft_bounds, "Ideal", "Ideal", "needs a device with pulses"},
    malformed_case{"too_few_tiles_for_all_copies", e, two_copies, "{name: TTv2, replicas: 3}", "{layers",
                   "needs 4 arrays but the machine has 3 tiles"},
    malformed_case{"unknown_preset", e, "name: small", "name: small\npreset: TTv2EcRan", "TTv2EcRan",
                   "did you mean 'TTv2EcRam'?"},
    malformed_case{"parameter_of_another_algorithm", e, two_copies, "{name: TTv2, in_chop_prob: 0.1}", "0.1}",
                   "is not a parameter of TTv2"},
};

INSTANTIATE_TEST_SUITE_P(cases, malformed_transfers, testing::ValuesIn(transfer_cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(transfers, copies_that_do_not_divide_the_mini_batch_have_unequal_parts) {
  const three_files files;
  files.replace("experiment.yaml", "  device:", "  algorithm: {name: TTv2, replicas: 3}\n  device:");
  files.replace("machine.yaml",
                "  buffer:", "  transfer_controller: {lanes: 32, clock: 1 GHz, buffer: 8 MiB}\n  buffer:");
  files.replace("machine.yaml", "columns: 2, rows: 1", "columns: 2, rows: 2");
  const auto ran = run_program({"run", files.experiment().string(), "--out", files.out().string()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  // 15 mini-batches of 4: two copies see two vectors each, the third none.
  EXPECT_EQ(summary_in(files.out()).at("operations").at("forward_mvm"), 15 * 2 + 1);
}

TEST(malformed, an_action_without_price_is_located_where_the_technology_is_named) {
  const three_files files;
  files.replace("technology.yaml", "covers: dac_conversion", "covers: sample");
  files.replace("technology.yaml", "    covers: sample\n    value: 1 fJ",
                "    covers: dac_conversion\n    value: 1 fJ");
  ASSERT_EQ(run_program({"check", files.experiment().string()}).exit_code, 0) << "swapped names are still complete";
  const auto text = read_file(files / "technology.yaml");
  const auto entry = text.find("  - name: sample-and-hold");
  write_file(files / "technology.yaml", text.substr(0, entry) + text.substr(text.find("  - name: output scaling")));
  for (const std::string file : {"experiment.yaml", "machine.yaml"})
    expect_refused(run_program({"check", (files / file).string()}), files.place_of("machine.yaml", "technology.yaml"),
                   "no price for: energy of row_driver.dac_conversion");
}

TEST(malformed, a_cycle_of_extends_is_refused) {
  const three_files files;
  files.replace("experiment.yaml", "name: small", "extends: b.yaml");
  write_file(files / "b.yaml", "extends: experiment.yaml\n");
  expect_refused(run_program({"check", files.experiment().string()}), files.experiment().string() + ":0:0",
                 "extends itself, directly or through other files");
}

TEST(malformed, missing_files_are_refused) {
  for (const std::string command : {"check", "run"})
    expect_refused(run_program({command, "/nowhere/at/all.yaml"}), "/nowhere/at/all.yaml:0:0", "cannot open");
  const three_files files;
  const auto folder = files.experiment().parent_path();
  expect_refused(run_program({"check", folder.string()}), folder.string() + ":0:0", "directory");
  files.replace("experiment.yaml", "machine: machine.yaml", "machine: " + folder.string());
  expect_refused(run_program({"check", files.experiment().string()}), folder.string() + ":0:0", "directory");
}

class malformed_override : public testing::TestWithParam<std::array<std::string_view, 3>> {};

TEST_P(malformed_override, is_refused) {
  const auto& [text, place, cause] = GetParam();
  const three_files files;
  const auto result =
      run_program({"run", files.experiment().string(), "--out", files.out().string(), "--set", std::string(text)});
  expect_refused(result, "--set " + std::string(place), std::string(cause));
  EXPECT_FALSE(std::filesystem::exists(files.out()));
}

using override_case = std::array<std::string_view, 3>;
INSTANTIATE_TEST_SUITE_P(
    cases, malformed_override,
    testing::Values(
        override_case{"training.epoch=3", "training.epoch", "did you mean 'epochs'?"},
        override_case{"nonsense", "nonsense", "expected key.path=value"},
        override_case{"=3", "=3", "expected key.path=value"},
        override_case{"training..epochs=3", "training..epochs", "empty name"},
        override_case{"training.epochs.more=3", "training.epochs.more", "single value"},
        override_case{"network.layers.9=3", "network.layers.9", "from 0 to 1"},
        override_case{"training.epochs=x", "training.epochs", "integer"},
        override_case{"training=3", "training", "expected a map"},
        override_case{"machine=nowhere.yaml", "machine", "cannot open"},
        override_case{"machine.tile.adc.bits=99", "machine.tile.adc.bits", "from 2 to 16"},
        override_case{"training.epochs=[", "training.epochs", ""},
        override_case{"training.programming=from_on", "training.programming", "did you mean 'from_one'?"},
        override_case{"training.programming={method: absolute, tolerance: 0.1}", "training.programming",
                      "method: from_one"},
        override_case{"training.programming={method: from_one, first_averaging: 0}", "training.programming",
                      "greater than 0"},
        override_case{"training.programming={method: from_one, tolerances: 0.1}", "training.programming",
                      "did you mean 'tolerance'?"},
        override_case{"training={device: PCMUnitCell, programming: from_one}", "training",
                      "cannot program OneSided cells"},
        override_case{"training={programming: from_one, copy_mismatch_std: 0.1}", "training", "programmed from one"},
        override_case{"evaluate.weight_reads=0", "evaluate.weight_reads", "from 1"},
        override_case{"mapping.tiles=[0, 0]", "mapping.tiles", "one tile per array"},
        override_case{"dataset={name: glyphs, train_samples: 2000000}", "dataset", "at most 1000000 samples"},
        override_case{"dataset={name: glyphs, train_samples: -1}", "dataset", "from 0"}));

/// MNIST-format files, good ones to begin with.
class idx_files : public testing::Test {
protected:
  static constexpr std::uint32_t images = 20;

  static std::string word(std::uint32_t value) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      bytes += static_cast<char>((value >> shift) & 0xFFU);
    return bytes;
  }
  static std::string image_file() {
    return word(2051) + word(images) + word(28) + word(28) + std::string(images * 784, '\x40');
  }
  static std::string label_file() { return word(2049) + word(images) + std::string(images, '\x03'); }

  void SetUp() override {
    for (const std::string half : {"train", "t10k"}) {
      write_file(data_ / (half + "-images-idx3-ubyte"), image_file());
      write_file(data_ / (half + "-labels-idx1-ubyte"), label_file());
    }
  }
  [[nodiscard]] program_result run(const std::string& folder) const {
    auto arguments = small_run(data_ / "run", {"--set", "dataset=mnist", "--data", folder}, "[784, 10]");
    return run_program(arguments);
  }
  void expect_file_refused(const std::string& name, const std::string& cause) const {
    expect_refused(run(data_.path().string()), (data_ / name).string() + ":0:0", cause);
    EXPECT_FALSE(std::filesystem::exists(data_ / "run"));
  }

  temporary_directory data_;
  static constexpr const char* train_images = "train-images-idx3-ubyte";
  static constexpr const char* train_labels = "train-labels-idx1-ubyte";
};

TEST_F(idx_files, good_ones_are_good) {
  const auto result = run(data_.path().string());
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(idx_files, bad_images_are_refused) {
  write_file(data_ / train_images, image_file().substr(0, 5000));
  expect_file_refused(train_images, "truncated");
  write_file(data_ / train_images, image_file().substr(0, 6));
  expect_file_refused(train_images, "truncated");
  write_file(data_ / train_images, "");
  expect_file_refused(train_images, "truncated");
  write_file(data_ / train_images, image_file() + "x");
  expect_file_refused(train_images, "trailing");
  write_file(data_ / train_images, word(2052) + image_file().substr(4));
  expect_file_refused(train_images, "wrong magic number 2052");
  // A header that announces more than any memory must be refused for what it is, not by running out.
  write_file(data_ / train_images, word(2051) + word(0xFFFFFFFF) + word(28) + word(28));
  write_file(data_ / train_labels, word(2049) + word(0xFFFFFFFF));
  expect_file_refused(train_images, "truncated");
}

TEST_F(idx_files, bad_labels_are_refused) {
  write_file(data_ / train_labels, word(2049) + word(images) + std::string(images, '\x0b'));
  expect_file_refused(train_labels, "label");
  write_file(data_ / train_labels, word(2049) + word(images - 1) + std::string(images - 1, '\x03'));
  expect_file_refused(train_labels, "do not belong together");
}

TEST_F(idx_files, corrupt_gzip_is_refused) {
  std::filesystem::remove(data_ / train_images);
  const std::string zipped = std::string(train_images) + ".gz";
  write_file(data_ / zipped, "this is no gzip file");
  expect_file_refused(zipped, "corrupt");
  write_file(data_ / zipped, "");
  expect_file_refused(zipped, "corrupt");
}

TEST_F(idx_files, missing_files_and_folders_are_refused) {
  expect_refused(run("/nowhere"), "/nowhere:0:0", "no such directory");
  std::filesystem::remove(data_ / train_labels);
  const auto result = run(data_.path().string());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_NE(result.err.find(train_labels), std::string::npos) << result.err;
  const auto without_data = run_program(small_run(data_ / "run", {"--set", "dataset=mnist"}, "[784, 10]"));
  expect_refused(without_data, "--set dataset", "--data DIR");
}

} // namespace
} // namespace tilework::test
