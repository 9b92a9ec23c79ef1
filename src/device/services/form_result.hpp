#pragma once

/// What a submitted form came to.

#include "base/error.hpp"
#include "device/unit.hpp"
#include "dialect/web_form.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace countersign::device {

struct FormResult {
    std::string notice;
    std::optional<Error> error;
    std::vector<Error> warnings;

    static FormResult failed(Error error) { return {.notice = {}, .error = std::move(error), .warnings = {}}; }
    static FormResult done(std::string notice) { return {.notice = std::move(notice), .error = {}, .warnings = {}}; }
    static FormResult of(Result<Outcome> outcome, std::string notice) {
        if (!outcome) return failed(std::move(outcome).error());
        return {.notice = std::move(notice), .error = {}, .warnings = std::move(outcome->warnings)};
    }
    static FormResult of(Result<void> outcome, std::string notice) {
        if (!outcome) return failed(std::move(outcome).error());
        return done(std::move(notice));
    }
};

/// The family's words for something that happened, or ours.
std::string say(Unit const& unit, std::string_view message, std::string_view otherwise);
/// The family's words for an error, when it has any (services/words.hpp), before those of the catalogue.
std::string say(Unit const& unit, Error const& error);

}  // namespace countersign::device
