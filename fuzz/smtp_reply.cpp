// What a mail server says.

#include "dialect/smtp.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

namespace {

/// All replies until nothing more can be read; false when it is no SMTP.
bool read_all(smtp::ReplyReader& reader, std::vector<smtp::Reply>& replies) {
    for (;;) {
        auto next = reader.next();
        if (!next) return false;
        if (!*next) return true;
        replies.push_back(std::move(**next));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    smtp::ReplyReader whole;
    whole.feed(text);
    std::vector<smtp::Reply> at_once;
    bool const good = read_all(whole, at_once);
    for (auto const& reply : at_once) {
        must_hold(reply.code >= 200 && reply.code <= 599, "a code is one of SMTP");
        must_hold(!reply.lines.empty() && reply.lines.size() <= smtp::k_lines_limit, "a reply has a limit");
        for (auto const& line : reply.lines) {
            must_hold(line.size() <= smtp::k_line_limit, "a line has a limit");
            for (char c : line) must_hold(c >= 0x20 && c < 0x7f, "what is shown is printable");
        }
        (void)smtp::read_offer(reply);
    }
    // The same bytes in pieces are the same replies.
    smtp::ReplyReader pieces;
    std::vector<smtp::Reply> bit_by_bit;
    bool still = true;
    for (std::size_t i = 0; i < text.size() && still; ++i) {
        pieces.feed(std::string_view(text).substr(i, 1));
        still = read_all(pieces, bit_by_bit);
    }
    must_hold(at_once.size() == bit_by_bit.size() || !good || !still, "pieces do not matter");
    for (std::size_t i = 0; i < std::min(at_once.size(), bit_by_bit.size()); ++i)
        must_hold(at_once[i].code == bit_by_bit[i].code && at_once[i].lines == bit_by_bit[i].lines, "pieces do not matter");
    // Whatever the text is, as the data of a message it ends once, at its end.
    auto const sent = smtp::as_data(text);
    must_hold(sent.ends_with(".\r\n"), "data has an end");
    must_hold(("\r\n" + sent).find("\r\n.\r\n") == sent.size() - 3, "data has one end");
    for (std::size_t i = 0; i < sent.size(); ++i) {
        if (sent[i] == '\n') must_hold(i > 0 && sent[i - 1] == '\r', "no bare line feed");
        if (sent[i] == '\r') must_hold(i + 1 < sent.size() && sent[i + 1] == '\n', "no bare carriage return");
    }
    if (smtp::is_mail_address(text))
        for (char c : text) must_hold(c > 0x20 && c < 0x7f && c != '<' && c != '>', "an address stays in its brackets");
    return 0;
}
