#pragma once

/// Names and objects of extensions as text. Internal to this folder.

#include "pki/openssl.hpp"

#include <string>

namespace countersign::pki {

/// "1.3.6.1.5.5.7.3.1"
std::string dotted(ASN1_OBJECT const* object);
/// OpenSSL's long name, or the dotted form.
std::string object_text(ASN1_OBJECT const* object);
/// UTF-8 of any of ASN.1's text types.
std::string utf8_text(ASN1_STRING const* string);

enum class AddressForm {
    single,  ///< 192.0.2.1
    range    ///< 192.0.2.0/24, as in name constraints
};
/// "dns:a.example.com", "directory:/CN=a" ...
std::string general_name_text(GENERAL_NAME const* name, AddressForm form = AddressForm::single);

}  // namespace countersign::pki
