#pragma once

/// What stands between the bytes of a line and a session: Telnet's protocol (TelnetCodec), or nothing but keys (SerialCodec).

#include "dialect/line_editor.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::device {

class TerminalCodec {
public:
    /// Bytes of one line; what goes beyond is dropped up to the line's end.
    static constexpr std::size_t k_max_line = 4096;

    using Line = dialect::LineEditor::Line;
    struct Input {
        std::vector<Line> lines;
        std::string reply;     ///< to be sent back as it stands
        bool ended = false;    ///< Ctrl-D on an empty line
        bool dropped = false;  ///< Ctrl-C and its like: what was typed so far is gone
    };
    virtual ~TerminalCodec() = default;
    virtual Input feed(std::string_view bytes) = 0;
    /// What asks the other end to stop, or to go on, showing what is typed. Empty when that is the state already.
    virtual std::string hide_typing() = 0;
    virtual std::string show_typing() = 0;
    /// From now on keys are shown and edited here, if the other end agrees.
    virtual std::string edit_here() = 0;
    /// `echo off` and `echo on`: whether edited keys are shown.
    virtual void echo(bool on) = 0;
    virtual void complete_with(dialect::LineEditor::Completer completer) = 0;
    /// Text with LF line ends for the wire.
    [[nodiscard]] virtual std::string encode_text(std::string_view text) const = 0;
};

/// A terminal that shows nothing by itself.
class SerialCodec final : public TerminalCodec {
public:
    SerialCodec() : editor_(dialect::LineEditor::Limits{.line = k_max_line}) {}
    Input feed(std::string_view bytes) override {
        auto typed = editor_.feed(bytes);
        return {std::move(typed.lines), std::move(typed.echo), typed.ended, typed.dropped};
    }
    std::string hide_typing() override {
        editor_.show_typing(false);
        return {};
    }
    std::string show_typing() override {
        editor_.show_typing(true);
        return {};
    }
    std::string edit_here() override { return show_typing(); }
    void echo(bool on) override { editor_.show_typing(on); }
    void complete_with(dialect::LineEditor::Completer completer) override { editor_.complete_with(std::move(completer)); }
    [[nodiscard]] std::string encode_text(std::string_view text) const override {
        std::string out;
        for (char const c : text) {
            if (c == '\n') out += '\r';
            out += c;
        }
        return out;
    }

private:
    dialect::LineEditor editor_;
};

}  // namespace countersign::device
