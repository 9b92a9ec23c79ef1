#pragma once

/// The forms of answers, one file each. Internal to this room.

#include "dialect/xapi_writer.hpp"

namespace countersign::dialect::xapi {

std::unique_ptr<Writer const> make_modern_writer(family::Family const& family);
std::unique_ptr<Writer const> make_classic_writer(family::Family const& family, Preferences const& preferences);
std::unique_ptr<Writer const> make_xml_writer(family::Family const& family);

/// The value that was refused is a number, and the setting wants another one.
bool is_out_of_range(family::Family const& family, Error const& error);

}  // namespace countersign::dialect::xapi
