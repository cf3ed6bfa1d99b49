// SPDX-License-Identifier: Apache-2.0
/// \file `mapping` of an experiment: which array is on which tile.
#pragma once

#include <tilework/cli/experiment.h>
#include <tilework/config/reader.h>
#include <tilework/workloads/mapping.h>

#include <string>

namespace tilework::cli {

workload::tile_supply supply_of(const platform::machine_configuration& machine);

/// Fills in placement and placer. \param network where the experiment says its network \param e its machine, network
/// and algorithm have been read
void read_mapping(config::reader r, const std::string& network, experiment& e);

} // namespace tilework::cli
