#pragma once

/// The corporate directory: what a system asks of its phone book server and what that answers (protocols 1.9; REQ CLI-3). Both
/// sides: systems write searches and read answers, a manager that serves a directory the other way round.
///
/// Limits: those of xml.hpp, and 1,000 entries and catalogues in one answer; further ones are left out. Texts are cut at 256 bytes,
/// dial strings are left out when they are longer: a cut number would be somebody else's.

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::phonebook {

inline constexpr std::string_view k_soap_action = "http://www.tandberg.net/2004/06/PhoneBookSearch/Search";
/// Which function is meant: some servers look at the query, some at SOAPAction.
inline constexpr std::string_view k_query = "op=Search";
inline constexpr std::size_t k_max_items = 1'000;

enum class Scope { single_level, subtree };

struct Search {
    std::string mac_address;
    std::string text;  ///< empty: everything
    bool case_sensitive = false;
    int max_result = 50;  ///< 1 .. 1000
    std::string path;     ///< id of a catalogue; empty: the root
    std::string start_from;
    bool start_inclusive = false;  ///< `start_from` itself is wanted too
    Scope scope = Scope::subtree;
    bool operator==(Search const&) const = default;
};

struct Route {
    std::string call_type;
    std::string protocol;
    std::string dial_string;
    std::string restriction;
    std::string description;
    std::string system_type;
    bool operator==(Route const&) const = default;
};

struct Catalog {
    std::string name;
    std::string id;
    bool is_first = false;
    bool is_last = false;
    bool operator==(Catalog const&) const = default;
};

struct Entry {
    std::string name;
    std::string id;
    bool is_first = false;
    bool is_last = false;
    std::string base_dn;
    std::string system_type;
    std::vector<Route> routes;
    bool operator==(Entry const&) const = default;
};

struct Answer {
    std::string name;  ///< of the catalogue that was looked into
    std::string id;
    std::vector<Catalog> catalogs;
    std::vector<Entry> entries;
    bool operator==(Answer const&) const = default;
};

std::string write_search(Search const& search);
/// DEV-008 for broken XML and for what is no Search. A limit that is missing or outside its range becomes the default or the
/// nearest.
Result<Search> parse_search(std::string_view xml);
std::string write_answer(Answer const& answer);
/// DEV-008; DEV-054 when the server answers with a SOAP fault.
Result<Answer> parse_answer(std::string_view xml);

}  // namespace countersign::dialect::phonebook
