// SPDX-License-Identifier: Apache-2.0
/// \file What the SystemC kernel reports, in the terms of this program.
#pragma once

namespace tilework::cli {

/// From now on information is dropped, a warning throws run_error, and an error or fatal error throws sc_report instead
/// of printing or aborting. Nothing that the kernel complains about may pass for a result.
void make_systemc_warnings_fatal();

} // namespace tilework::cli
