#include "manager/metrics/metrics.hpp"

#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace countersign::manager {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

class Writer {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    void metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        out_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
    }
    void value(double number, Labels labels = {}) {
        std::array<char, 32> text{};
        auto const written = std::to_chars(text.data(), text.data() + text.size(), number);
        line(std::string(text.data(), written.ptr), labels);
    }
    void value(std::int64_t number, Labels labels = {}) { line(std::to_string(number), labels); }
    void counts(std::string_view label, Statistics::Counts const& counts) {
        for (auto const& [name, count] : counts) value(count, {{label, name}});
    }
    std::string take() { return std::move(out_); }

private:
    void line(std::string const& number, Labels labels) {
        out_ += name_;
        char separator = '{';
        for (auto const& [label, text] : labels) {
            out_ += separator + std::string(label) + "=\"" + escaped(text) + "\"";
            separator = ',';
        }
        if (separator == ',') out_ += '}';
        out_ += ' ' + number + '\n';
    }

    std::string name_;
    std::string out_;
};

}  // namespace

std::string write_metrics(MetricsInput const& input) {
    Writer out;
    auto const& estate = input.estate;
    out.metric("countersign_systems", "gauge", "Systems by family, security level and reachability");
    for (auto const& one : estate.systems)
        out.value(one.count, {{"family", one.family}, {"level", std::to_string(one.level)}, {"reachability", one.reachability}});
    out.metric("countersign_jobs", "gauge", "Jobs by state; finished ones as far as they are kept");
    out.counts("state", estate.jobs);
    out.metric("countersign_open_tickets", "gauge", "Open tickets by severity");
    out.counts("severity", estate.open_tickets);
    out.metric("countersign_campaigns", "gauge", "Campaigns by state");
    out.counts("state", estate.campaigns);
    out.metric("countersign_served_certificates", "gauge", "Systems that served a certificate when they were last seen");
    out.value(estate.certificates);
    out.metric("countersign_served_certificates_ending", "gauge",
               "Of these, how many end within so many days; 0: they have ended. Each number holds the ones before");
    out.value(estate.certificates_ended, {{"days", "0"}});
    out.value(estate.certificates_end_in_7_days, {{"days", "7"}});
    out.value(estate.certificates_end_in_30_days, {{"days", "30"}});
    out.metric("countersign_own_certificate_end_seconds", "gauge",
               "When the certificate of the manager's HTTPS port ends, in seconds since 1970");
    out.value(std::int64_t{std::chrono::floor<std::chrono::seconds>(input.own_certificate_ends.time_since_epoch()).count()});
    out.metric("process_cpu_seconds_total", "counter", "Processor time of this program, in seconds");
    out.value(input.process.processor_seconds);
    out.metric("process_resident_memory_bytes", "gauge", "Resident memory of this program, in bytes");
    out.value(input.process.resident_bytes);
    out.metric("process_open_fds", "gauge", "Open files and sockets of this program");
    out.value(input.process.open_files);
    out.metric("process_max_fds", "gauge", "Most files and sockets that this program may open");
    out.value(input.process.most_open_files);
    out.metric("process_start_time_seconds", "gauge", "When this program began, in seconds since 1970");
    out.value(input.process.started_seconds);
    return out.take();
}

}  // namespace countersign::manager
