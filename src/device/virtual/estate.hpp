#pragma once

/// A list of systems that one program plays: read from a file, or made up for demonstrations and scale. Made-up lists are the
/// same at every start, so that the state of each system is found again.
///
///     [[system]]
///     family = "<family id>"
///     serial = "B1AC00A00001"
///     name = "meeting-room-1"
///     host_name = "meeting-room-1.estate.test"
///     address = "127.20.1.1"
///     feature_keys = ["Encryption"]           # optional, like mac, software, product_id, password, clock_offset (seconds)
///     settings = { "system.name" = "Room 1" } # other factory values: path or canonical name
///     faults = ["slow:500ms"]                 # what is wrong with it: device/virtual/fault.hpp

#include "device/unit.hpp"
#include "device/virtual/fault.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::device {

struct Estate {
    std::vector<UnitSpec> systems;
    std::map<std::string, std::vector<Fault>> faults;  ///< dialled from the start, by serial number
};

/// GEN-001, GEN-002, FAM-002; all problems at once (GEN-006). Serial numbers and addresses must be unique.
Result<Estate> parse_estate(std::string_view text, std::string_view file, family::Families const& families);
/// FIL-001, FIL-003 (64 MiB).
Result<Estate> load_estate(fs::path const& file, family::Families const& families);

/// Family ids with their weights: "a=60,b=40"; an empty text gives every family the same weight. GEN-001, FAM-002.
using Mix = std::vector<std::pair<std::string, unsigned>>;
Result<Mix> parse_mix(std::string_view text, family::Families const& families);

struct GenerateRequest {
    std::size_t count = 0;
    Mix mix;
    std::string base_address = "127.20.1.1";  ///< IPv4; the next systems follow, leaving out .0 and .255
    std::string domain = "estate.test";
};
/// GEN-001 for a base address that is none, or when the addresses run out of 127.0.0.0/8 or another first byte.
Result<Estate> generate_estate(GenerateRequest const& request);

/// Settings that systems have from the start, as if an administrator had made them at the place of delivery: name server and
/// time server, where the family has them and the list says nothing else.
void preset_network(Estate& estate, family::Families const& families, std::string const& dns, std::string const& ntp);

std::string to_toml(Estate const& estate);
std::string to_json(Estate const& estate);

}  // namespace countersign::device
