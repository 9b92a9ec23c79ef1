#include "pki/contents.hpp"
#include "unit/pki/making.hpp"

#include "countersign/errors/crt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::pki {
namespace {

namespace crt = errors::crt;
using namespace making;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct Family {
    CertificateAuthority top = root();
    CertificateAuthority middle = below(top);
    Certificate own = leaf(middle);
    [[nodiscard]] std::vector<Certificate> chain() const { return {own, middle.certificate(), top.certificate()}; }
};

/// The same name and key as `authority`, signed by `other`.
Certificate cross_signed(CertificateAuthority const& other, CertificateAuthority const& authority) {
    auto const& name = authority.certificate();
    auto const ask = must(CertificateRequest::create(
        authority.key(), {.common_name = name.common_name(), .organization = name.subject().contains("/O=Example") ? "Example" : ""}, {}));
    return must(other.sign(ask, Profile::authority, k_this_decade));
}

std::string detail(Result<OrderedChain> const& ordered) {
    EXPECT_FALSE(ordered);
    if (ordered) return {};
    EXPECT_EQ(ordered.error().id(), crt::no_chain);
    return std::string(ordered.error().parameter("detail"));
}

TEST(OrderChain, finds_the_one_order_of_every_heap) {
    Family const family;
    auto heap = family.chain();
    auto const earlier = [](Certificate const& a, Certificate const& b) { return a.fingerprint() < b.fingerprint(); };
    std::ranges::sort(heap, earlier);
    do {
        auto const ordered = must(order_chain(heap));
        EXPECT_EQ(ordered.chain, family.chain());
        EXPECT_TRUE(ordered.reaches_root);
        EXPECT_THAT(ordered.left_out, IsEmpty());
    } while (std::ranges::next_permutation(heap, earlier).found);
}

TEST(OrderChain, without_a_root_says_so) {
    Family const family;
    auto const ordered = must(order_chain({family.middle.certificate(), family.own}));
    EXPECT_EQ(ordered.chain, (std::vector{family.own, family.middle.certificate()}));
    EXPECT_FALSE(ordered.reaches_root);
}

TEST(OrderChain, of_one_certificate_is_that_certificate) {
    Family const family;
    EXPECT_FALSE(must(order_chain({family.own})).reaches_root);
    EXPECT_TRUE(must(order_chain({family.top.certificate()})).reaches_root);
}

TEST(OrderChain, leaves_out_duplicates_and_strangers) {
    Family const family;
    auto const stranger = root("Somebody else").certificate();
    auto const ordered = must(
        order_chain({stranger, family.top.certificate(), family.own, family.own, family.middle.certificate(), family.top.certificate()}));
    EXPECT_EQ(ordered.chain, family.chain());
    EXPECT_THAT(ordered.left_out, UnorderedElementsAre(stranger, family.own, family.top.certificate()));
}

TEST(OrderChain, with_a_gap_names_the_issuer_that_is_missing) {
    Family const family;
    auto const ordered = order_chain({family.top.certificate(), family.own});
    EXPECT_THAT(detail(ordered), HasSubstr("the issuer of /CN=device is missing"));
    EXPECT_EQ(ordered.error().parameter("missing"), "/CN=Test Intermediate");
}

TEST(OrderChain, with_two_leaves_needs_the_key_of_one) {
    Family const family;
    auto const key = new_key();
    auto const second = must(family.middle.sign(request(key, "second", "dns:b.test"), Profile::server, k_this_decade));
    auto heap = family.chain();
    heap.push_back(second);
    EXPECT_THAT(detail(order_chain(heap)), HasSubstr("can be the end"));
    auto const ordered = must(order_chain(heap, &key));
    EXPECT_EQ(ordered.chain, (std::vector{second, family.middle.certificate(), family.top.certificate()}));
    EXPECT_EQ(ordered.left_out, std::vector{family.own});
    auto const other = new_key();
    EXPECT_THAT(detail(order_chain(heap, &other)), HasSubstr("no certificate that can be the end"));
    EXPECT_THAT(detail(order_chain({})), HasSubstr("no certificate that can be the end"));
}

TEST(OrderChain, starts_at_an_authority_when_there_is_no_other_end) {
    Family const family;
    EXPECT_EQ(must(order_chain({family.top.certificate(), family.middle.certificate()})).chain,
              (std::vector{family.middle.certificate(), family.top.certificate()}));
    auto const own_key = family.middle.key();
    auto heap = family.chain();
    EXPECT_EQ(must(order_chain(heap, &own_key)).chain.front(), family.middle.certificate()) << "the key decides";
}

TEST(OrderChain, of_a_cross_signed_authority_takes_the_way_to_the_root_that_is_there) {
    Family const family;
    auto const other = root("Other Root");
    auto const crossed = cross_signed(other, family.middle);
    auto const with_other = must(order_chain({crossed, family.middle.certificate(), other.certificate(), family.own}));
    EXPECT_EQ(with_other.chain, (std::vector{family.own, crossed, other.certificate()}));
    EXPECT_EQ(with_other.left_out, std::vector{family.middle.certificate()});
    auto const neither = must(order_chain({crossed, family.middle.certificate(), family.own}));
    EXPECT_FALSE(neither.reaches_root);
    EXPECT_EQ(neither.chain.size(), 2U) << "a second signature on the same authority is no gap";
}

TEST(OrderChain, of_authorities_that_sign_each_other_comes_to_an_end) {
    Family const family;
    auto const first = root("First");
    auto const second = root("Second");
    auto const one = cross_signed(first, second);
    auto const two = cross_signed(second, first);
    auto const end = leaf(first);
    auto const ordered = must(order_chain({one, two, end}));
    EXPECT_EQ(ordered.chain, (std::vector{end, two, one}));
    EXPECT_FALSE(ordered.reaches_root);
    EXPECT_THAT(detail(order_chain({one, two})), HasSubstr("no certificate that can be the end")) << "each is the other's issuer";
}

TEST(OrderChain, is_not_taken_in_by_a_name) {
    Family const family;
    auto const impostor = below(root("Other Root"));  // the same name as the intermediate, another key
    auto const ordered = must(order_chain({impostor.certificate(), family.own, family.middle.certificate(), family.top.certificate()}));
    EXPECT_EQ(ordered.chain, family.chain());
}

}  // namespace
}  // namespace countersign::pki
