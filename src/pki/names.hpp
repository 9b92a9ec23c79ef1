#pragma once

/// Distinguished names and subject alternative names between OpenSSL's objects and our values. Internal to this room.

#include "base/result.hpp"
#include "pki/certificate.hpp"
#include "pki/openssl.hpp"

#include <span>
#include <string>
#include <vector>

namespace countersign::pki {

class DerWriter;

/// "/C=GB/O=Codian/CN=mcu". A '/' or '\' inside a value gets a '\' before it, control characters and bytes that are
/// not UTF-8 are written \xNN, so that no value can pass for two (the text is shown and logged).
std::string name_text(X509_NAME const* name);
/// The first value of the attribute (NID_commonName ...), or empty. Control characters are written \xNN.
std::string first_value(X509_NAME const* name, int nid);
/// The UTF-8 bytes as they are, with anything in them. For comparing, never for showing.
std::string raw_value(ASN1_STRING const* string);

/// CRT-019 naming the first field that cannot stand in a certificate.
Result<X509NamePtr> make_name(SubjectFields const& subject);
/// Names that came from outside: no attribute with control characters. CRT-019.
Result<void> check_name(X509_NAME const* name);

/// CRT-019 when the value does not have the form of its kind.
Result<void> check_alternative_name(AlternativeName const& name);
Result<GeneralNamesPtr> make_general_names(std::vector<AlternativeName> const& names);
/// GeneralNames in DER. The names are checked already.
void write_general_names(DerWriter& out, std::span<AlternativeName const> names);
/// Kinds other than those of AlternativeName are left out.
std::vector<AlternativeName> alternative_names_of(GENERAL_NAMES const* names);

}  // namespace countersign::pki
