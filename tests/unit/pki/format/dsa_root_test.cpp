// Authorities with DSA keys: old, and in the trust stores of equipment that is in use.

#include "base/utc_time.hpp"
#include "pki/contents.hpp"
#include "pki/verify.hpp"
#include "unit/pki/making.hpp"

#include <gtest/gtest.h>

namespace countersign::pki {
namespace {

using namespace making;

TEST(DsaRoot, is_read_and_what_it_signed_is_verified) {
    TemporaryFolder const folder;
    auto const ran = run_in(
        folder,
        "openssl dsaparam -genkey -out root.key 2048 2>/dev/null && openssl req -x509 -new -key root.key -subj '/CN=DSA root' -days 30 "
        "-out root.pem && "
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null && "
        "printf 'subjectAltName=DNS:a.example.test' > e && openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key "
        "-set_serial 7 -days 20 -extfile e -out leaf.pem 2>/dev/null && cat root.pem leaf.pem > all.pem");
    ASSERT_EQ(ran.exit_code, 0) << ran.output;
    auto const heap = must(read_contents(folder.read("all.pem"))).certificates();
    ASSERT_EQ(heap.size(), 2U);
    EXPECT_EQ(heap[0].key_algorithm(), "DSA");
    EXPECT_EQ(heap[0].key_bits(), 2048);
    auto const ordered = must(order_chain(heap));
    EXPECT_EQ(ordered.chain, (std::vector{heap[1], heap[0]}));
    EXPECT_TRUE(ordered.reaches_root);
    auto const verdict = verify_chain({.presented = std::span(ordered.chain).first(1),
                                       .anchors = Anchors({heap[0]}),
                                       .host_name = "a.example.test",
                                       .at = SystemClock().now()});
    EXPECT_TRUE(verdict.verified()) << verdict.summary();
}

}  // namespace
}  // namespace countersign::pki
