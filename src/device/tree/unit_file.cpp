#include "device/tree/unit_file.hpp"

#include "base/toml.hpp"
#include "base/toml_guard.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <sstream>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::size_t k_limit = 1024 * 1024;

FeedbackSlot read_slot(toml::table const& table) {
    FeedbackSlot slot;
    slot.slot = table["slot"].value_or(1);
    slot.url = table["url"].value_or(std::string());
    slot.source = table["source"].value_or(std::string());
    slot.format = table["format"].value_or(std::string());
    if (auto const* expressions = table["expressions"].as_array())
        for (auto const& item : *expressions)
            if (auto text = item.value<std::string>()) slot.expressions.push_back(*text);
    return slot;
}

toml::table write_slot(FeedbackSlot const& slot) {
    toml::array expressions;
    for (auto const& expression : slot.expressions) expressions.push_back(expression);
    return toml::table{
        {"slot", slot.slot}, {"url", slot.url}, {"source", slot.source}, {"format", slot.format}, {"expressions", std::move(expressions)}};
}

}  // namespace

Result<UnitFile> UnitFile::parse(std::string_view text, std::string_view file) {
    auto const broken = [file](std::size_t line, std::string_view detail) {
        return fail(errors::gen::invalid_input, {{"field", std::string(file) + " line " + std::to_string(line)}, {"detail", detail}});
    };
    if (auto const line = find_fatal_toml(text)) return broken(*line, "a character that TOML does not allow");
    try {
        auto document = toml::parse(text, file);
        UnitFile out;
        out.boots = document["boots"].value_or(std::uint64_t{0});
        out.sealed_password = document["password"].value_or(std::string());
        if (auto const* settings = document["settings"].as_table())
            for (auto const& [path, value] : *settings)
                if (auto held = value.value<std::string>()) out.settings.emplace(std::string(path.str()), *held);
        if (auto const* accounts = document["accounts"].as_table())
            for (auto const& [user, value] : *accounts)
                if (auto held = value.value<std::string>()) out.sealed_accounts.emplace(std::string(user.str()), *held);
        if (auto const* keys = document["feature_keys"].as_array()) {
            out.feature_keys.emplace();
            for (auto const& item : *keys)
                if (auto key = item.value<std::string>()) out.feature_keys->push_back(*key);
        }
        if (auto const* slots = document["feedback"].as_array())
            for (auto const& slot : *slots)
                if (auto const* table = slot.as_table()) out.feedback.push_back(read_slot(*table));
        return out;
    } catch (toml::parse_error const& error) {
        return broken(error.source().begin.line, error.description());
    }
}

Result<void> UnitFile::missing(fs::path const& file) {
    return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", "it is gone"}});
}

Result<UnitFile> UnitFile::load(fs::path const& file) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return UnitFile{};
    CS_TRY(auto text, host::read_file(file, k_limit));
    return parse(text, file.string());
}

std::string UnitFile::to_text() const {
    toml::table held;
    for (auto const& [path, value] : settings) held.insert(path, value);
    toml::array slots;
    for (auto const& slot : feedback) slots.push_back(write_slot(slot));
    toml::table document{{"boots", static_cast<std::int64_t>(boots)}, {"settings", std::move(held)}, {"feedback", std::move(slots)}};
    toml::table accounts;
    for (auto const& [user, sealed] : sealed_accounts) accounts.insert(user, sealed);
    if (!accounts.empty()) document.insert("accounts", std::move(accounts));
    if (feature_keys) {
        toml::array keys;
        for (auto const& key : *feature_keys) keys.push_back(key);
        document.insert("feature_keys", std::move(keys));
    }
    if (!sealed_password.empty()) document.insert("password", sealed_password);
    std::ostringstream out;
    out << document << '\n';
    return out.str();
}

Result<void> UnitFile::save(fs::path const& file, host::Durability durability) const {
    return host::write_file(file, to_text(), host::Privacy::owner_only, durability);
}

}  // namespace countersign::device
