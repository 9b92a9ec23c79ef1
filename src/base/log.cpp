#include "base/log.hpp"

#include "base/log_shown.hpp"
#include "base/text.hpp"
#include "base/utc_time.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>

namespace countersign::log {
namespace {

std::atomic<Format> g_format = Format::text;

spdlog::logger& logger() {
    static auto instance = [] {
        auto made = std::make_shared<spdlog::logger>("countersign", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
        made->flush_on(spdlog::level::info);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace

void configure(Level level, Format format) {
    logger().set_level(level_of(level));
    g_format = format;
    logger().set_pattern(format == Format::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
}

bool is_shown(Level level) { return logger().should_log(level_of(level)); }

Level parse_level(std::string_view text) {
    if (text == "debug") return Level::debug;
    if (text == "warning") return Level::warning;
    if (text == "error") return Level::error;
    return Level::info;
}

std::string redact(std::string_view name, std::string_view value) {
    constexpr std::array secret_names = {"password",      "passwd", "passphrase", "secret", "token",
                                         "authorization", "cookie", "private",    "privkey"};
    auto lowered = to_lower(name);
    for (auto const* secret : secret_names) {
        if (lowered.find(secret) != std::string::npos) return "[redacted]";
    }
    if (value.find("-----BEGIN") != std::string_view::npos) return "[PEM redacted]";
    auto text = to_lower(value);
    for (auto const* scheme : {"basic ", "digest ", "bearer "}) {
        if (text.starts_with(scheme)) return "[redacted]";
    }
    // "Proxy-Authorization: ...", "Set-Cookie: ...": a whole header line, or a whole request somebody passed by mistake.
    for (auto const* header : {"authorization:", "cookie:"}) {
        if (text.find(header) != std::string::npos) return "[redacted]";
    }
    constexpr std::size_t longest = 2000;
    return value.size() > longest ? std::string(value.substr(0, longest)) + "..." : std::string(value);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!logger().should_log(level_of(level))) return;
    std::string line;
    if (g_format == Format::json) {
        constexpr std::array names = {"debug", "info", "warning", "error"};
        auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        line = "{\"time\":\"" + to_string(now) + "\",\"level\":\"" + std::string(names[static_cast<std::size_t>(level)]) +
               "\",\"event\":" + quoted(event);
        for (auto const& field : fields) line += "," + quoted(field.name) + ":" + quoted(redact(field.name, field.value));
        line += "}";
    } else {
        line = event;
        for (auto const& field : fields) {
            auto value = redact(field.name, field.value);
            bool plain = !value.empty() && value.find_first_of(" \"\n\\=") == std::string::npos;
            line += " " + field.name + "=" + (plain ? value : quoted(value));
        }
    }
    logger().log(level_of(level), "{}", line);
}

void error(std::string_view event, Error const& why, std::initializer_list<Field> fields) {
    std::string text = why.message();
    for (auto const& cause : why.causes()) text += " because " + cause.message();
    for (auto const& field : fields) text += " [" + field.name + " " + redact(field.name, field.value) + "]";
    write(Level::error, event, {{"error", text}});
}

}  // namespace countersign::log
