#include "manager/metrics/metrics.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace countersign::testing {
namespace {

TEST(Metrics, each_has_its_help_its_type_and_its_values) {
    manager::MetricsInput input;
    input.estate.systems = {{"c-series", 4, "reachable", 12}, {"", 0, "unreachable", 1}};
    input.estate.jobs = {{"queued", 3}};
    input.estate.certificates = 12;
    input.estate.certificates_end_in_30_days = 2;
    input.process = {
        .processor_seconds = 1.5, .resident_bytes = 4096, .open_files = 7, .most_open_files = 1024, .started_seconds = 1700000000};
    input.own_certificate_ends = UtcTime(std::chrono::seconds(1800000000));
    auto const text = manager::write_metrics(input);
    for (auto const* line :
         {"# TYPE countersign_systems gauge\n", "\ncountersign_systems{family=\"c-series\",level=\"4\",reachability=\"reachable\"} 12\n",
          "\ncountersign_systems{family=\"\",level=\"0\",reachability=\"unreachable\"} 1\n", "\ncountersign_jobs{state=\"queued\"} 3\n",
          "\ncountersign_served_certificates 12\n", "\ncountersign_served_certificates_ending{days=\"30\"} 2\n",
          "\ncountersign_own_certificate_end_seconds 1800000000\n", "# TYPE process_cpu_seconds_total counter\n",
          "\nprocess_cpu_seconds_total 1.5\n", "\nprocess_open_fds 7\n", "\nprocess_start_time_seconds 1700000000\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    EXPECT_TRUE(text.ends_with('\n'));
}

TEST(Metrics, labels_cannot_break_out_of_their_quotes) {
    manager::MetricsInput input;
    input.estate.systems = {{"a\"b\\c\nd", 1, "reachable", 1}};
    EXPECT_NE(manager::write_metrics(input).find("family=\"a\\\"b\\\\c\\nd\",level"), std::string::npos);
}

}  // namespace
}  // namespace countersign::testing
