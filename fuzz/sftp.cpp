// What a logged-in peer of SFTP sends, as packets in pieces of any size.

#include "device/files/sftp_session.hpp"
#include "fuzz/target.hpp"
#include "tests/support/memory_tree.hpp"

#include <algorithm>
#include <memory>

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto bytes = fuzz::text_of(data, std::min<std::size_t>(size, 64 * 1024));
    auto tree = std::make_shared<testing::MemoryTree>();
    {
        device::SftpSession session(tree);
        while (!bytes.empty()) {
            auto const part = bytes.substr(0, 1 + static_cast<unsigned char>(bytes.front()));
            bytes.remove_prefix(part.size());
            auto reply = session.handle(part);
            for (int turns = 0;; ++turns) {
                must_hold(reply.bytes.size() <= device::k_sftp_answer_limit + device::sftp::k_packet_limit, "an answer is bounded");
                must_hold(turns < 70'000, "what was taken is answered at last");
                std::string_view left = reply.bytes;
                while (!left.empty()) {
                    auto const packet = device::sftp::first_packet(left);
                    must_hold(packet.content.has_value(), "every answer is a whole packet");
                    left.remove_prefix(4 + packet.content->size());
                }
                if (!reply.more) break;
                reply = session.handle({});
            }
            if (reply.ended) break;
        }
    }
    for (auto const& [path, content] : tree->written)
        must_hold((path == "/a.txt" || path == "/folder/b.txt") && content.size() <= device::k_file_limit, "only known files are written");
    return 0;
}
