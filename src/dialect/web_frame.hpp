#pragma once

/// What stands around the forms and tables of a page: files of the look, who is logged in, what a connection in clear means, the question
/// of a change on trial, notes beside forms, chains of certificates. And the page that asks for a log-in. All values come from the agent;
/// the script of the pages adds comfort and knows no rule (docs/device-pages.md).

#include "family/family.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace countersign::dialect::web {

/// One certificate in words.
struct ChainLink {
    std::string kind;  ///< "Certificate of this system", "Issuing authority", "Root"
    std::string name;  ///< for people: the common name, else the subject
    std::string subject;
    std::string issuer;
    std::string from;         ///< as tables write dates
    std::string until;        ///< as tables write dates
    std::string names;        ///< alternative names of a leaf, separated by ", "
    std::string fingerprint;  ///< SHA-256, hexadecimal
};

/// Leaf first.
struct Chain {
    std::string title;
    std::vector<ChainLink> links;
    std::string end;  ///< what stands above the last: "ends in a root that this system trusts"
};

/// A form of hidden fields with one button.
struct Post {
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;
};

/// A change is on trial: "Are you still here?" (commit-confirm).
struct TrialQuestion {
    std::string until;
    long long seconds_left = 0;
    std::string who;       ///< "admin over https"
    std::string not_here;  ///< why it cannot be confirmed over this connection; empty: it can
    std::string go_on_at;  ///< URL of the system after the change, when that is not this one
    Post confirm;          ///< without a target: the family's pages offer none
    Post cancel;
};

/// Addresses of what every page loads; empty: it is not there.
struct Files {
    std::string style;
    std::string script;
    std::string icon;
};

struct Frame {
    Files files;
    std::string user;       ///< logged in by the form; empty: by the browser itself
    std::string log_out;    ///< where the log-out is posted
    std::string check;      ///< where the script has a form checked before it is sent
    std::string in_clear;   ///< what this connection without TLS means; empty: it has TLS
    std::string secure_at;  ///< URL of the same system over HTTPS, when that is open
    std::string away_to;    ///< URL of the system after its restart
    std::optional<TrialQuestion> trial;
    std::vector<Chain> chains;
    std::map<std::string, std::vector<std::string>, std::less<>> notes;  ///< id of a form -> what to know before it is sent
    std::map<std::string, std::string, std::less<>> known;               ///< "FORM#ROLE" -> what the system would suggest
    std::map<std::string, std::string, std::less<>> known_names;         ///< identity -> its host name
};

/// Nothing of the system but its family: nobody looks around before the log-in.
struct LogIn {
    Files files;
    std::string target;  ///< where it is posted
    std::string to;      ///< path to go to afterwards
    std::string user;    ///< what was typed before, or what the family expects
    std::string notice;
    std::string problem;
};

/// A whole HTML document: user, password, where to. Works without a script.
std::string render_log_in(family::Family const& family, LogIn const& values);

}  // namespace countersign::dialect::web
