// Names as people type them. The first line is a list of alternative names, the lines after it are the parts of a subject.

#include "fuzz/target.hpp"
#include "pki/certificate.hpp"

#include <iterator>
#include <string>
#include <vector>

using namespace countersign;
using fuzz::must_hold;

namespace {

pki::PrivateKey const& key() {
    static auto const made = pki::PrivateKey::generate(pki::KeyType::ec_p256);
    return made.value();
}

std::string text_of(std::vector<pki::AlternativeName> const& names) {
    constexpr std::string_view kinds[] = {"dns", "ip", "email", "uri"};
    std::string out;
    for (auto const& name : names) out += (out.empty() ? "" : ",") + std::string(kinds[static_cast<int>(name.kind)]) + ":" + name.value;
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto lines = split(fuzz::text_of(data, size), '\n');
    lines.resize(9);
    auto const names = pki::parse_alternative_names(lines[0]);
    if (names) {
        auto const again = pki::parse_alternative_names(text_of(*names));
        must_hold(again.has_value() && *again == *names, "a list of names is written as it was read");
    }
    pki::SubjectFields subject;
    std::string* const fields[] = {&subject.common_name, &subject.organization, &subject.unit,  &subject.country,
                                   &subject.state,       &subject.locality,     &subject.email, &subject.serial_number};
    for (std::size_t i = 0; i < std::size(fields); ++i) *fields[i] = lines[i + 1];
    auto const made = pki::CertificateRequest::create(key(), subject, names ? *names : std::vector<pki::AlternativeName>());
    if (!made) return 0;
    auto const read = pki::CertificateRequest::parse_der(made->to_der());
    must_hold(read.has_value(), "a request that we made is read");
    must_hold(read->common_name() == subject.common_name, "the common name stands there as it was given");
    must_hold(!names || read->alternative_names().size() == names->size(), "every name stands there");
    if (!names) return 0;
    auto const kept = read->alternative_names();
    for (std::size_t i = 0; i < names->size(); ++i) {
        bool const address = (*names)[i].kind == pki::AlternativeName::Kind::ip;  // written in its shortest form
        must_hold(kept[i].kind == (*names)[i].kind && (address || kept[i].value == (*names)[i].value),
                  "names stand there as they were given");
    }
    return 0;
}
