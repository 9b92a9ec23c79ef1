// Files that were made to hurt: huge, endless, deep or expensive ones. Bounds are tested by counting work and by what is
// refused, never by the clock.

#include "pki/contents.hpp"
#include "pki/format/derivation.hpp"
#include "pki/format/package.hpp"
#include "pki/format/private_key.hpp"
#include "pki/pkcs12.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::SizeIs;

SecretText secret(std::string_view text) { return SecretText(std::string(text)); }

template <class T>
ErrorId refused(Result<T> const& result) {
    EXPECT_FALSE(result);
    return result ? ErrorId{} : result.error().id();
}

/// A little DER, to say what no honest program says.
std::string tlv(unsigned tag, std::string const& body) {
    std::string out(1, static_cast<char>(tag));
    if (body.size() < 0x80) {
        out.push_back(static_cast<char>(body.size()));
    } else {
        out.push_back(static_cast<char>(0x84));
        for (unsigned shift = 32; shift > 0; shift -= 8) out.push_back(static_cast<char>(body.size() >> (shift - 8)));
    }
    return out + body;
}
std::string sequence(std::string const& body) { return tlv(0x30, body); }
std::string octets(std::string const& body) { return tlv(0x04, body); }
std::string oid(std::string_view hex) {
    auto const bytes = from_hex(hex).value_or(Bytes());
    return tlv(0x06, std::string(bytes.begin(), bytes.end()));
}
std::string integer(std::uint64_t value) {
    std::string body;
    for (; value != 0; value >>= 8U) body.insert(body.begin(), static_cast<char>(value));
    if (body.empty() || static_cast<unsigned char>(body[0]) >= 0x80) body.insert(body.begin(), '\0');
    return tlv(0x02, body);
}

std::string const k_data = oid("2a864886f70d010701");
std::string const k_encrypted = oid("2a864886f70d010706");
std::string const k_safe_contents = oid("2a864886f70d010c0a0106");
std::string const k_shrouded_key = oid("2a864886f70d010c0a0102");
std::string const k_salt = octets("saltsalt");

std::string pbes2(std::uint64_t rounds) {
    return sequence(
        oid("2a864886f70d01050d") +
        sequence(sequence(oid("2a864886f70d01050c") + sequence(k_salt + integer(rounds) + sequence(oid("2a864886f70d0209") + tlv(5, "")))) +
                 sequence(oid("60864801650304012a") + octets(std::string(16, 'i')))));
}
std::string pbes1(std::uint64_t rounds) { return sequence(oid("2a864886f70d010c0103") + sequence(k_salt + integer(rounds))); }
std::string scrypt(std::uint64_t n, std::uint64_t r, std::uint64_t p) {
    return sequence(oid("2a864886f70d01050d") +
                    sequence(sequence(oid("2b06010401da47040b") + sequence(k_salt + integer(n) + integer(r) + integer(p))) +
                             sequence(oid("60864801650304012a") + octets(std::string(16, 'i')))));
}
std::string sealed_key(std::string const& scheme) { return sequence(scheme + octets(std::string(64, 'x'))); }
std::string content(std::string const& body) { return sequence(k_data + tlv(0xa0, octets(body))); }
std::string sealed_content(std::string const& scheme) {
    return sequence(k_encrypted + tlv(0xa0, sequence(integer(0) + sequence(k_data + scheme + tlv(0x80, std::string(64, 'x'))))));
}
std::string mac(std::uint64_t rounds) {
    return sequence(sequence(sequence(oid("2b0e03021a") + tlv(5, "")) + octets(std::string(20, 'm'))) + k_salt + integer(rounds));
}
std::string package(std::string const& safes, std::string const& check = "") {
    return sequence(integer(3) + content(sequence(safes)) + check);
}

std::uint64_t const k_endless = 0x7fffffff;

TEST(HostileKey, that_asks_for_hours_of_hashing_is_refused_before_any) {
    std::uint64_t const over = k_most_rounds + 1;
    for (auto const& scheme : {pbes2(over), pbes2(k_endless), pbes2(~0ULL), pbes1(over), pbes1(~0ULL), scrypt(1ULL << 40U, 8, 1),
                               scrypt(1ULL << 14U, 8, 1ULL << 30U), scrypt(2, ~0ULL, ~0ULL)}) {
        DerivationBudget budget;
        EXPECT_EQ(refused(read_key_der(countersign::bytes_of(sealed_key(scheme)), secret("x"), budget)), crt::too_expensive);
        EXPECT_EQ(budget.spent(), 0);
        EXPECT_EQ(refused(PrivateKey::parse(sealed_key(scheme), secret("x"))), crt::too_expensive);
    }
}

TEST(HostilePackage, that_asks_for_hours_of_hashing_is_refused_wherever_it_asks) {
    auto open = [](std::string const& der) { return refused(read_pkcs12(countersign::bytes_of(der), secret("x"))); };
    std::string const bag = sequence(sequence(k_shrouded_key + tlv(0xa0, sealed_key(pbes2(k_endless)))));
    EXPECT_EQ(open(package(content(bag), mac(k_endless))), crt::too_expensive) << "the MAC";
    EXPECT_EQ(open(package(content(bag), mac(~0ULL))), crt::too_expensive) << "the MAC, beyond 63 bits";
    EXPECT_EQ(open(package(content(bag))), crt::too_expensive) << "the key";
    EXPECT_EQ(open(package(sealed_content(pbes2(k_endless)))), crt::too_expensive) << "the certificates";
    EXPECT_EQ(open(package(sealed_content(pbes1(k_endless)))), crt::too_expensive) << "the certificates, old scheme";
}

TEST(HostilePackage, cannot_spread_its_price_over_many_parts) {
    // Keys of an honest price each, five hundred times. They all "open", being of a stream cipher without padding, until one is read.
    std::string bags;
    std::string const stream = sequence(oid("2a864886f70d010c0101") + sequence(k_salt + integer(100'000)));  // RC4
    for (int i = 0; i < 500; ++i) bags += sequence(k_shrouded_key + tlv(0xa0, sealed_key(stream)));
    std::string blocks;
    for (int i = 0; i < 500; ++i) {
        blocks +=
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + to_base64(sealed_key(pbes2(100'000))) + "\n-----END ENCRYPTED PRIVATE KEY-----\n";
    }
    // The same with a hundredth of the budget, to spend a hundredth of the time.
    auto const contents = read_contents(blocks, secret("x"), {.rounds = k_most_rounds / 100});
    ASSERT_FALSE(contents);
    std::size_t opened = 0;
    std::size_t refused_for_price = 0;
    for (auto const& cause : contents.error().causes()) {
        opened += cause.id() == crt::wrong_passphrase ? 1U : 0U;
        refused_for_price += cause.id() == crt::too_expensive ? 1U : 0U;
    }
    EXPECT_EQ(opened, 1U) << "100,000 rounds are all that was to be spent";
    EXPECT_EQ(refused_for_price, 499U);
    DerivationBudget budget(1000);
    EXPECT_EQ(refused(open_package(countersign::bytes_of(package(content(sequence(bags)))), secret("x"), budget)), crt::too_expensive);
    EXPECT_EQ(budget.spent(), 0);
}

TEST(HostilePackage, of_bags_in_bags_is_refused_at_a_stated_depth) {
    auto const nested = [](int depth) {
        std::string inner = sequence("");
        for (int i = 0; i < depth; ++i) inner = sequence(sequence(k_safe_contents + tlv(0xa0, inner)));
        return package(content(inner));
    };
    EXPECT_TRUE(read_pkcs12(countersign::bytes_of(nested(k_deepest_safe)), secret("")));
    EXPECT_EQ(refused(read_pkcs12(countersign::bytes_of(nested(k_deepest_safe + 1)), secret(""))), crt::broken_package);
    EXPECT_EQ(refused(read_pkcs12(countersign::bytes_of(nested(2000)), secret(""))), crt::broken_package);
}

TEST(HostilePackage, with_more_than_a_thousand_bags_is_refused) {
    std::string bags;
    for (std::size_t i = 0; i <= k_most_bags; ++i) bags += sequence(k_safe_contents + tlv(0xa0, sequence("")));
    EXPECT_EQ(refused(read_pkcs12(countersign::bytes_of(package(content(sequence(bags)))), secret(""))), crt::too_many_certificates);
}

TEST(HostilePackage, without_what_must_be_there_is_broken) {
    for (auto const& der : {sequence(integer(3) + content("")), sequence(integer(3) + sequence(k_data)),
                            sequence(integer(3) + sequence(k_encrypted)), package(sequence(k_data)), package(sequence(k_encrypted)),
                            package(content("x")), package(content(sequence(sequence(k_shrouded_key)))),
                            package(sequence(k_encrypted + tlv(0xa0, sequence(integer(0) + sequence(k_data + pbes2(1)))))),
                            sequence(integer(3) + content(sequence("")) + sequence(""))}) {
        EXPECT_EQ(refused(read_pkcs12(countersign::bytes_of(der), secret("x"))), crt::broken_package) << to_hex(countersign::bytes_of(der));
    }
}

TEST(HostileBundle, of_a_bundle_in_a_bundle_without_end_is_broken) {
    std::string inner = "x";
    for (int i = 0; i < 2'000; ++i) inner = sequence(oid("2a864886f70d010702") + tlv(0xa0, inner));
    EXPECT_EQ(refused(read_pkcs7(inner)), crt::broken_package);
    EXPECT_EQ(refused(read_contents(inner)), crt::broken_package);
    // Indefinite lengths, which cost two bytes a level.
    std::string open;
    for (int i = 0; i < 500'000; ++i) open += "\x30\x80";
    EXPECT_FALSE(read_contents(open));
    EXPECT_FALSE(Certificate::parse(open));
}

TEST(HostileText, of_ten_megabytes_is_read_or_refused_in_one_pass) {
    auto const certificate = root().certificate().to_pem();
    std::string const filler(10 * 1024 * 1024, 'x');
    EXPECT_THAT(must(read_contents(filler + "\n" + certificate)).items, SizeIs(1)) << "text before";
    std::string lines;
    for (int i = 0; i < 100'000; ++i) lines += "-----BEGIN x";
    EXPECT_EQ(refused(read_contents(lines)), crt::too_many_certificates);
    std::string dashes(10 * 1024 * 1024, '-');
    EXPECT_EQ(refused(read_contents(dashes)), crt::not_pem);
    EXPECT_EQ(refused(read_contents("-----BEGIN CERTIFICATE-----\n" + filler)), crt::not_pem);
    EXPECT_EQ(
        refused(read_contents("-----BEGIN CERTIFICATE-----\n" + std::string(10 * 1024 * 1024, 'A') + "\n-----END CERTIFICATE-----\n")),
        errors::fil::too_large);
    EXPECT_EQ(refused(read_contents(std::string(16 * 1024 * 1024 + 1, 'A'))), errors::fil::too_large);
}

TEST(HostileText, of_ten_thousand_certificates_is_read_whole_and_more_than_the_limit_not_at_all) {
    auto const certificate = root().certificate().to_pem();
    auto copies = [&certificate](std::size_t count) {
        std::string out;
        for (std::size_t i = 0; i < count; ++i) out += certificate;
        return out;
    };
    auto const all = must(read_contents(copies(10'000))).certificates();
    EXPECT_THAT(all, SizeIs(10'000));
    auto bundled = [](std::vector<Certificate> const& certificates) {
        auto const der = write_pkcs7_der(certificates);
        return std::string(der.begin(), der.end());
    };
    EXPECT_THAT(must(read_contents(bundled(all))).items, SizeIs(10'000));
    ContentsLimits const few{.items = 100};
    EXPECT_THAT(must(read_contents(copies(100), secret(""), few)).items, SizeIs(100));
    EXPECT_EQ(refused(read_contents(copies(101), secret(""), few)), crt::too_many_certificates);
    EXPECT_EQ(refused(read_contents(bundled({all.begin(), all.begin() + 101}), secret(""), few)), crt::too_many_certificates);
    EXPECT_EQ(refused(parse_bundle(copies(101), {.certificates = 100})), crt::too_many_certificates);
}

TEST(HostileText, full_of_broken_blocks_is_refused_at_the_limit_too) {
    std::string broken;
    for (int i = 0; i < 200; ++i) broken += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(refused(read_contents(broken, secret(""), {.items = 199})), crt::too_many_certificates);
    auto const all = read_contents(broken, secret(""), {.items = 200});
    ASSERT_FALSE(all);
    EXPECT_THAT(all.error().causes(), SizeIs(200));
}

TEST(HostileHeap, of_authorities_with_one_name_is_given_up_after_the_stated_number_of_signatures) {
    // Fifty authorities of one name, each of them signed by every other: 2,450 certificates and as many edges for each.
    std::vector<CertificateAuthority> authorities;
    std::vector<Certificate> heap;
    for (int i = 0; i < 50; ++i) authorities.push_back(root("Everybody"));
    for (auto const& issuer : authorities) {
        for (auto const& subject : authorities) {
            if (&issuer == &subject) continue;
            auto const ask = must(CertificateRequest::create(subject.key(), {.common_name = "Everybody", .organization = "Example"}, {}));
            heap.push_back(must(issuer.sign(ask, Profile::authority, k_this_decade)));
        }
    }
    heap.push_back(leaf(authorities.front()));
    auto const ordered = order_chain(heap);
    ASSERT_EQ(refused(ordered), crt::no_chain);
    EXPECT_TRUE(ordered.error().parameter("detail").contains(std::to_string(k_most_signature_checks)));
}

TEST(HostileHeap, of_a_path_of_a_thousand_is_ordered) {
    std::vector<Certificate> path;
    auto const top_key = new_key();
    auto const top = must(self_sign(request(top_key, "0"), top_key, Profile::authority, k_this_decade, {.path_length = 1001}));
    auto above = must(CertificateAuthority::create(top, top_key));
    path.push_back(above.certificate());
    for (int i = 1; i <= 1000; ++i) {
        auto const key = new_key();
        auto made = must(above.sign(request(key, std::to_string(i)), Profile::authority, k_this_decade, {.path_length = 1001 - i}));
        path.push_back(made);
        above = must(CertificateAuthority::create(made, key));
    }
    auto const ordered = must(order_chain(path));
    std::ranges::reverse(path);
    EXPECT_EQ(ordered.chain, path);
    EXPECT_TRUE(ordered.reaches_root);
}

}  // namespace
}  // namespace countersign::pki
