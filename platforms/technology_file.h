// SPDX-License-Identifier: Apache-2.0
/// \file Technology files: YAML -> prices.
///
///     name: example
///     energy:
///       - {covers: [adc_conversion], value: {formula: adc_survey, node: 14 nm}, source: ..., confidence: medium}
///       - {name: hop, covers: [flit_hop, router_arbitration], per: flit_hop, value: {per_flit_bit: 81 fJ}, source:
///       ...}
///       - {covers: [alu_add, alu_compare], per: each, value: {fp16: 0.4 pJ, fp32: 0.9 pJ}, source: ...}
///     area:
///       - {of: adc, value: {formula: adc_survey, node: 14 nm}, source: ...}
///     leakage:
///       - {of: [adc, sram], value: {per_area: 2 uW/mm2}, source: ...}
///
/// Figures may also come from tables of Accelergy (accelergy_tables.h); `times` converts, such as a word to a byte:
///
///     accelergy:
///       ert: ERT.yaml
///       art: ART.yaml
///       energy: [{component: system.adc, action: convert, covers: adc_conversion, confidence: medium}]
///       area: [{component: system.adc, of: adc}]
///
/// A value is a quantity, a formula (core/technology.h; `factor` multiplies it), a value per bit of a flit, per area,
/// or per number format of the digital units, or {scaled: 1 pJ, from: 32 nm, to: 22 nm, rule: constant_voltage}.
/// `source` is mandatory; node, condition, confidence (high, medium, low; default low), basis (published, derived,
/// secondary, recalled; default published), name and includes are not. What is secondary, recalled or scaled has
/// confidence low. A price that covers several actions says which of them it is charged `per`; `per: each` stands for
/// one price per action. `of` names one kind of component or several with equal values.
#pragma once

#include <tilework/config/reader.h>
#include <tilework/core/technology.h>

#include <filesystem>

namespace tilework::platform {

/// Where a figure comes from: source, node, condition, basis, confidence and includes of the map that states it.
/// \param known_source what stands where the map names no source; empty: it must
provenance read_provenance(config::reader& r, const std::string& known_source = {});

/// \throws input_error "file:line:column: ..."
technology read_technology(const std::filesystem::path& file);

/// `first`, overridden by a file's prices. \param place of what names the file, for the message that it is missing
technology merged_with_file(technology first, const std::filesystem::path& file,
                            const std::string& place = "--technology");

/// The files under a machine's key "technology", one or a list; later files override earlier ones.
technology read_technologies(config::reader& machine);

} // namespace tilework::platform
