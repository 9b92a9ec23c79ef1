#pragma once

/// Structured logging: an event id and fields, one line each, over spdlog. `error`: we failed someone; `warning`:
/// degraded or refused input; `info`: lifecycle; `debug`: for us. Values pass a redactor: PEM blocks, Authorization
/// headers and anything named like a secret never reach the sink, whoever passed them by mistake.

#include "base/error.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace countersign::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

/// One named value of a record.
struct Field {
    std::string name;
    std::string value;
    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    template <class T>
        requires std::is_arithmetic_v<T>
    Field(std::string_view n, T v) : name(n), value(std::to_string(v)) {}
};

/// To standard error, once, before threads start. Later calls change level and format only.
void configure(Level level, Format format);
/// "debug", "info", "warning", "error"; anything else gives info.
Level parse_level(std::string_view text);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }
void error(std::string_view event, Error const& why, std::initializer_list<Field> fields = {});

/// What the sinks would show of a value. Exposed for its tests.
std::string redact(std::string_view name, std::string_view value);

}  // namespace countersign::log
