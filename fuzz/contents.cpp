// Files of any kind, and chains out of the certificates in them.

#include "pki/contents.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static SecretText const passphrase(std::string("x"));
    pki::ContentsLimits const limits{.bytes = 64 * 1024, .items = 40, .rounds = 500};
    auto const contents = pki::read_contents(fuzz::text_of(data, size), passphrase, limits);
    if (!contents) return 0;
    must_hold(!contents->items.empty(), "without anything that was read there is an error");
    must_hold(contents->items.size() + contents->problems.size() <= limits.items, "no more is kept than is allowed");
    std::size_t position = 1;
    for (auto const& item : contents->items) {
        must_hold(item.position >= position, "items stand in the order of the file");
        must_hold(!item.container.empty(), "every item has a container");
        position = item.position;
    }
    for (auto const& problem : contents->problems) must_hold(!problem.where().empty(), "every problem has its place");
    auto const certificates = contents->certificates();
    auto const ordered = pki::order_chain(certificates);
    if (!ordered) return 0;
    must_hold(ordered->chain.size() + ordered->left_out.size() == certificates.size(), "nothing gets lost");
    for (std::size_t i = 1; i < ordered->chain.size(); ++i) {
        must_hold(pki::check_order({ordered->chain[i - 1], ordered->chain[i]}).has_value(), "a chain is in order");
    }
    return 0;
}
