// What a logged-in peer of scp's old protocol sends: a command line, and behind its line end the bytes of the transfer.

#include "device/files/scp_session.hpp"
#include "fuzz/target.hpp"
#include "tests/support/memory_tree.hpp"

#include <algorithm>
#include <memory>

using namespace countersign;
using fuzz::must_hold;
namespace scp = device::scp;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto bytes = fuzz::text_of(data, std::min<std::size_t>(size, 64 * 1024));
    auto const end = std::min(bytes.find('\n'), bytes.size());
    auto const line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));

    if (auto const record = scp::parse_record(line)) {
        bool const named = record->kind == scp::Record::Kind::file || record->kind == scp::Record::Kind::folder;
        must_hold(named == !record->name.empty(), "files and folders have names");
        must_hold(record->name != ".." && !record->name.contains('/') && !record->name.contains('\n'), "a name is one step");
    }
    auto tree = std::make_shared<testing::MemoryTree>();
    auto const program = device::make_scp(tree, line);
    if (!program) return 0;
    std::size_t said = program->handle({}).bytes.size();
    while (!bytes.empty()) {
        auto const part = bytes.substr(0, 1 + (static_cast<unsigned char>(bytes.front()) & 0x3fU));
        bytes.remove_prefix(part.size());
        auto const reply = program->handle(part);
        must_hold(!reply.more, "everything is taken at once");
        said += reply.bytes.size();
        if (reply.ended) break;
    }
    must_hold(program->finish().ended, "the end is the end");
    must_hold(said <= (size + 2) * 8192, "what is said is bounded by what was heard");
    for (auto const& [path, content] : tree->written)
        must_hold((path == "/a.txt" || path == "/folder/b.txt") && content.size() <= size, "only known files are written, with what came");
    return 0;
}
