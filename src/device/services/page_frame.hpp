#pragma once

/// What stands around a unit's page for the one who looks at it (dialect/web_frame.hpp): filled from what the unit knows.

#include "device/unit.hpp"

#include <string>

namespace countersign::device {

/// Who looks, and over what.
struct PageView {
    family::Service const* service = nullptr;
    std::string host;  ///< as the browser called the system, without the port
    std::string user;
    bool by_form = false;  ///< logged in by the form, and can log out
};

/// Fills `values.frame`, of a page that may not be one of the family's.
void fill_frame(Unit& unit, family::Page const& page, PageView const& view, dialect::web::PageValues& values);

/// A chain in words; `kind_of_leaf`: "Certificate of this system". The root is added where the chain lacks it: one that this system trusts,
/// else one of those that come with it.
dialect::web::Chain chain_in_words(Unit const& unit, std::vector<pki::Certificate> chain, std::string title, std::string_view kind_of_leaf,
                                   std::vector<pki::Certificate> const& brought = {});
dialect::web::ChainLink link_in_words(pki::Certificate const& certificate, std::string_view kind);

}  // namespace countersign::device
