#pragma once

/// Which family a system belongs to, by what it shows to anybody: the realm of its log-in and the title of its first page.
/// Nothing but a request without credentials is sent.

#include "manager/observe/wire.hpp"

namespace countersign::manager {

/// Over which protocols a stranger is asked.
enum class Over { https_only, https_and_http };

/// What an address shows to somebody who has no password. Nothing of it is proven.
struct Glance {
    family::FamilyPtr family;  ///< null: no family file fits
    bool https = false;        ///< something answers there
    bool http = false;
    std::optional<pki::Certificate> certificate;  ///< of the first port that speaks TLS
    std::optional<Error> silence;                 ///< of the first port that did not answer
};

/// Asks the web ports of all families, HTTPS first, until a family is recognised. Sends no credentials.
net::Task<Glance> glance_at(Wire wire, family::Families families, System system, std::string address, Over over);

/// MGR-002 when it answers and no family file fits; NET-001..004 when nothing answers.
net::Task<Result<family::FamilyPtr>> recognise_family(Wire wire, family::Families families, System system, std::string address);

/// realm="..." of a challenge; empty when there is none.
std::string realm_of(std::string_view challenge);

}  // namespace countersign::manager
