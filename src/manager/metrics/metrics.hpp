#pragma once

/// The text that Prometheus reads (exposition format 0.0.4) and OpenMetrics readers take, too. Pure.

#include "base/utc_time.hpp"
#include "host/process_figures.hpp"
#include "manager/store/statistics_store.hpp"

#include <string>

namespace countersign::manager {

struct MetricsInput {
    Statistics estate;
    host::ProcessFigures process;
    UtcTime own_certificate_ends{};
};

inline constexpr std::string_view k_metrics_type = "text/plain; version=0.0.4; charset=utf-8";

/// Each metric with HELP and TYPE; label values are escaped.
std::string write_metrics(MetricsInput const& input);

}  // namespace countersign::manager
