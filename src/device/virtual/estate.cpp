#include "device/virtual/estate.hpp"

#include "base/text.hpp"
#include "base/toml.hpp"
#include "base/toml_guard.hpp"
#include "host/files.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <set>
#include <sstream>

namespace countersign::device {
namespace {

constexpr std::size_t k_file_limit = 64 * 1024 * 1024;

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

/// Reads one [[system]]; every problem is added with its line.
class SystemReader {
public:
    SystemReader(toml::table const& table, std::string_view file, std::vector<Error>& problems)
        : table_(table), place_(std::string(file) + " line " + std::to_string(table.source().begin.line)), problems_(problems) {}

    UnitSpec read() {
        UnitSpec spec;
        spec.family = text("family");
        spec.serial = text("serial");
        spec.name = text("name");
        spec.host_name = text("host_name");
        spec.address = text("address");
        spec.mac = text("mac");
        spec.software = text("software");
        spec.product_id = text("product_id");
        if (table_.contains("password")) spec.password = text("password");
        if (auto const* keys = table_["feature_keys"].as_array()) spec.feature_keys = texts(*keys);
        if (auto const* settings = table_["settings"].as_table())
            for (auto const& [path, value] : *settings) spec.settings.emplace(std::string(path.str()), value.value_or(std::string()));
        spec.clock_offset = std::chrono::seconds(table_["clock_offset"].value_or(std::int64_t{0}));
        for (auto const* needed : {"family", "serial", "address"})
            if (!table_.contains(needed)) add(Error(errors::gen::missing_field, {{"field", needed}}));
        if (!spec.address.empty() && !is_ip_address(spec.address)) add(invalid("address", spec.address + " is not an IP address"));
        if (!spec.host_name.empty() && !is_host_name(spec.host_name)) add(invalid("host_name", spec.host_name + " is not a host name"));
        check_keys();
        return spec;
    }
    std::vector<Fault> read_faults() {
        std::vector<Fault> out;
        auto const* items = table_["faults"].as_array();
        if (table_.contains("faults") && items == nullptr) add(invalid("faults", "must be a list of texts"));
        for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
            auto fault = parse_fault(items->get(i)->value_or(std::string()));
            if (fault)
                out.push_back(*fault);
            else
                add(std::move(fault).error());
        }
        return out;
    }
    void add(Error problem) { problems_.push_back(std::move(problem.at(place_))); }

private:
    std::string text(std::string_view key) {
        auto node = table_[key];
        if (node && !node.is_string()) add(invalid(key, "must be text"));
        return node.value_or(std::string());
    }
    std::vector<std::string> texts(toml::array const& array) {
        std::vector<std::string> out;
        for (auto const& item : array) {
            if (!item.is_string()) add(invalid("feature_keys", "must be a list of texts"));
            out.push_back(item.value_or(std::string()));
        }
        return out;
    }
    void check_keys() {
        static constexpr std::array<std::string_view, 13> known{"family",   "serial",       "name",       "host_name", "address",
                                                                "mac",      "software",     "product_id", "password",  "feature_keys",
                                                                "settings", "clock_offset", "faults"};
        for (auto const& [key, value] : table_)
            if (std::ranges::find(known, key.str()) == known.end()) add(invalid(key.str(), "is not known here"));
    }

    toml::table const& table_;
    std::string place_;
    std::vector<Error>& problems_;
};

Error all_of(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error several(errors::gen::several_problems);
    for (auto& problem : problems) several.because(std::move(problem));
    return several;
}

void check_unique(Estate const& estate, std::vector<Error>& problems) {
    std::set<std::string> serials;
    std::set<std::string> addresses;
    for (auto const& spec : estate.systems) {
        if (!serials.insert(to_lower(spec.serial)).second) problems.push_back(invalid("serial", spec.serial + " stands twice"));
        if (!addresses.insert(spec.address).second) problems.push_back(invalid("address", spec.address + " stands twice"));
    }
}

toml::table to_table(UnitSpec const& spec, std::vector<Fault> const& faults) {
    toml::table table{
        {"family", spec.family}, {"serial", spec.serial}, {"name", spec.name}, {"host_name", spec.host_name}, {"address", spec.address}};
    if (!spec.mac.empty()) table.insert("mac", spec.mac);
    if (!spec.software.empty()) table.insert("software", spec.software);
    if (!spec.product_id.empty()) table.insert("product_id", spec.product_id);
    if (spec.password) table.insert("password", *spec.password);
    if (spec.feature_keys) {
        toml::array keys;
        for (auto const& key : *spec.feature_keys) keys.push_back(key);
        table.insert("feature_keys", std::move(keys));
    }
    if (!spec.settings.empty()) {
        toml::table settings;
        for (auto const& [path, value] : spec.settings) settings.insert(path, value);
        table.insert("settings", std::move(settings));
    }
    if (!faults.empty()) {
        toml::array dialled;
        for (auto const& fault : faults) dialled.push_back(to_string(fault));
        table.insert("faults", std::move(dialled));
    }
    if (spec.clock_offset.count() != 0) table.insert("clock_offset", static_cast<std::int64_t>(spec.clock_offset.count()));
    return table;
}

toml::table to_document(Estate const& estate) {
    toml::array systems;
    for (auto const& spec : estate.systems) {
        auto const faults = estate.faults.find(spec.serial);
        systems.push_back(to_table(spec, faults == estate.faults.end() ? std::vector<Fault>() : faults->second));
    }
    return toml::table{{"system", std::move(systems)}};
}

template <class... Values>
std::string formatted(char const* pattern, Values... values) {
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), pattern, values...);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    return out.data();
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
    auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::uint32_t out = 0;
    for (auto part : parts) {
        auto byte = parse_number<std::uint8_t>(part);
        if (!byte) return std::nullopt;
        out = out << 8 | *byte;
    }
    return out;
}

std::string ipv4(std::uint32_t address) {
    return formatted("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

/// Which family each system belongs to: spread evenly, so that any prefix of the list has about the mix that was asked for.
class Spread {
public:
    explicit Spread(Mix const& mix)
        : mix_(mix),
          credit_(mix.size(), 0),
          total_(std::accumulate(mix.begin(), mix.end(), 0U, [](unsigned sum, auto const& part) { return sum + part.second; })) {}
    std::string const& next() {
        std::size_t best = 0;
        for (std::size_t i = 0; i < mix_.size(); ++i) {
            credit_[i] += mix_[i].second;
            if (credit_[i] > credit_[best]) best = i;
        }
        credit_[best] -= total_;
        return mix_[best].first;
    }

private:
    Mix const& mix_;
    std::vector<long> credit_;
    long total_;
};

}  // namespace

Result<Estate> parse_estate(std::string_view text, std::string_view file, family::Families const& families) {
    std::vector<Error> problems;
    Estate estate;
    if (auto const line = find_fatal_toml(text))
        return fail(invalid(std::string(file) + " line " + std::to_string(*line), "a character that TOML does not allow here"));
    try {
        auto document = toml::parse(text, file);
        auto const* systems = document["system"].as_array();
        if (systems == nullptr) return fail(Error(errors::gen::missing_field, {{"field", "[[system]]"}}).at(file));
        for (auto const& item : *systems) {
            auto const* table = item.as_table();
            if (table == nullptr) return fail(invalid("system", "must be a list of tables").at(file));
            SystemReader reader(*table, file, problems);
            auto spec = reader.read();
            if (auto family = families.get(spec.family); !family && !spec.family.empty()) reader.add(std::move(family).error());
            if (auto faults = reader.read_faults(); !faults.empty()) estate.faults.emplace(spec.serial, std::move(faults));
            estate.systems.push_back(std::move(spec));
        }
    } catch (toml::parse_error const& error) {
        return fail(invalid(std::string(file) + " line " + std::to_string(error.source().begin.line), error.description()));
    }
    check_unique(estate, problems);
    if (!problems.empty()) return fail(all_of(std::move(problems)));
    return estate;
}

Result<Estate> load_estate(fs::path const& file, family::Families const& families) {
    CS_TRY(auto text, host::read_file(file, k_file_limit));
    return parse_estate(text, file.string(), families);
}

Result<Mix> parse_mix(std::string_view text, family::Families const& families) {
    Mix mix;
    if (trim(text).empty()) {
        for (auto const& family : families.all()) mix.emplace_back(family->id, 1);
        return mix;
    }
    for (auto part : split(text, ',')) {
        auto equals = part.find('=');
        auto id = trim(part.substr(0, equals));
        auto weight = equals == std::string_view::npos ? std::optional<unsigned>(1) : parse_number<unsigned>(trim(part.substr(equals + 1)));
        if (!weight || *weight == 0 || *weight > 1'000'000)
            return fail(invalid("mix", std::string(part) + " is not of the form family=weight"));
        CS_CHECK(families.get(id));
        mix.emplace_back(id, *weight);
    }
    return mix;
}

Result<Estate> generate_estate(GenerateRequest const& request) {
    auto address = parse_ipv4(request.base_address);
    if (!address) return fail(invalid("base address", request.base_address + " is not an IPv4 address"));
    if (request.mix.empty()) return fail(invalid("mix", "at least one family is needed"));
    Estate estate;
    estate.systems.reserve(request.count);
    Spread spread(request.mix);
    std::map<std::string, unsigned> numbers;
    auto network = *address >> 24;
    for (std::size_t i = 0; i < request.count; ++i) {
        while ((*address & 255) == 0 || (*address & 255) == 255) ++*address;
        if (*address >> 24 != network) return fail(invalid("count", "the addresses do not suffice"));
        UnitSpec spec;
        spec.family = spread.next();
        spec.name = spec.family + formatted("-%04u", ++numbers[spec.family]);
        spec.host_name = request.domain.empty() ? "" : spec.name + "." + request.domain;
        spec.serial = formatted("CS%08zu", i + 1);
        spec.address = ipv4((*address)++);
        estate.systems.push_back(std::move(spec));
    }
    return estate;
}

void preset_network(Estate& estate, family::Families const& families, std::string const& dns, std::string const& ntp) {
    for (auto& spec : estate.systems) {
        auto family = families.get(spec.family);
        if (!family) continue;
        auto preset = [&spec, &family](std::string const& canonical, std::string const& value) {
            auto const* setting = (*family)->find_canonical(canonical);
            if (setting != nullptr && !spec.settings.contains(setting->path)) spec.settings.try_emplace(canonical, value);
        };
        if (!dns.empty()) preset("name.dns.server.1", dns);
        if (ntp.empty()) continue;
        preset("time.ntp.mode", "on");
        preset("time.ntp.address", ntp);
    }
}

std::string to_toml(Estate const& estate) {
    std::ostringstream out;
    out << to_document(estate) << '\n';
    return out.str();
}

std::string to_json(Estate const& estate) {
    std::ostringstream out;
    auto document = to_document(estate);
    out << toml::json_formatter(document) << '\n';
    return out.str();
}

}  // namespace countersign::device
