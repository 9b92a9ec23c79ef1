#include "base/pattern.hpp"

#include "countersign/errors/gen.hpp"

#include <array>
#include <bitset>
#include <cstdint>

namespace countersign {

namespace {

using Bytes = std::bitset<256>;

constexpr std::size_t k_most_instructions = 600;
constexpr std::size_t k_most_steps = 20'000;
constexpr int k_deepest = 20;
constexpr int k_most_repeats = 50;

struct Instruction {
    enum class Op : std::uint8_t { bytes, split, jump, save, line_begin, line_end, match };
    Op op = Op::match;
    std::uint32_t first = 0;   ///< of a split: what is tried first; of a jump: where to; of a save: which slot
    std::uint32_t second = 0;  ///< of a split
    Bytes set = {};
};

struct Node {
    enum class Kind : std::uint8_t { bytes, sequence, choice, repeat, capture, line_begin, line_end };
    Kind kind = Kind::sequence;
    Bytes set = {};
    int least = 0;
    int most = 0;  ///< -1: no limit
    std::vector<Node> inner = {};
};

void add_range(Bytes& set, unsigned char low, unsigned char high) {
    for (unsigned value = low; value <= high; ++value) set.set(value);
}

/// The class that a letter behind a backslash stands for; nothing for other letters.
std::optional<Bytes> class_of(char letter) {
    Bytes set;
    switch (letter) {
        case 'd':
        case 'D': add_range(set, '0', '9'); break;
        case 'w':
        case 'W':
            add_range(set, '0', '9');
            add_range(set, 'a', 'z');
            add_range(set, 'A', 'Z');
            set.set('_');
            break;
        case 's':
        case 'S':
            for (char const c : {' ', '\t', '\v', '\f', '\r'}) set.set(static_cast<unsigned char>(c));
            break;
        default: return std::nullopt;
    }
    return letter >= 'a' ? set : ~set;
}

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Recursive descent; each group is one step deeper, at most k_deepest.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {
        if (text_.starts_with("(?i)")) {
            any_case_ = true;
            at_ = 4;
        }
    }

    Node parse() {
        auto node = choice(0);
        if (!failed() && at_ < text_.size()) problem("a ) without a (");
        return node;
    }
    [[nodiscard]] bool failed() const { return !problem_.empty(); }
    [[nodiscard]] std::string const& why() const { return problem_; }

private:
    void problem(std::string_view what) {
        if (problem_.empty()) problem_ = std::string(what) + " at byte " + std::to_string(at_ + 1) + " of the expression";
    }
    [[nodiscard]] bool more() const { return !failed() && at_ < text_.size(); }
    [[nodiscard]] char here() const { return text_[at_]; }

    Node choice(int depth) {
        Node all{.kind = Node::Kind::choice};
        if (depth > k_deepest) {
            problem("too many groups inside each other");
            return all;
        }
        all.inner.push_back(sequence(depth));
        while (more() && here() == '|') {
            ++at_;
            all.inner.push_back(sequence(depth));
        }
        return all.inner.size() == 1 ? Node(all.inner.front()) : all;
    }

    Node sequence(int depth) {
        Node all;
        while (more() && here() != '|' && here() != ')') all.inner.push_back(repeated(depth));
        return all;
    }

    Node repeated(int depth) {
        auto node = one(depth);
        if (!more()) return node;
        Node repeat{.kind = Node::Kind::repeat};
        switch (here()) {
            case '*': repeat.most = -1; break;
            case '+':
                repeat.least = 1;
                repeat.most = -1;
                break;
            case '?': repeat.most = 1; break;
            case '{': return counted(std::move(node));
            default: return node;
        }
        ++at_;
        return repeat_of(std::move(repeat), std::move(node));
    }

    Node repeat_of(Node repeat, Node node) {
        if (node.kind == Node::Kind::line_begin || node.kind == Node::Kind::line_end) problem("^ and $ cannot be repeated");
        if (more() && (here() == '*' || here() == '+' || here() == '?' || here() == '{')) problem("a repetition of a repetition");
        repeat.inner.push_back(std::move(node));
        return repeat;
    }

    std::optional<int> number() {
        std::optional<int> value;
        while (more() && here() >= '0' && here() <= '9' && value.value_or(0) <= k_most_repeats) {
            value = value.value_or(0) * 10 + (here() - '0');
            ++at_;
        }
        if (value && *value > k_most_repeats) problem("at most 50 repetitions can be counted");
        return value;
    }

    Node counted(Node node) {
        ++at_;
        Node repeat{.kind = Node::Kind::repeat};
        auto const least = number();
        auto most = least;
        if (more() && here() == ',') {
            ++at_;
            most = number();
            if (!most) most = -1;
        }
        if (!least || !more() || here() != '}') {
            problem("{ must be followed by numbers and }; write \\{ for the character");
            return repeat;
        }
        ++at_;
        repeat.least = *least;
        repeat.most = *most;
        if (repeat.most >= 0 && repeat.most < repeat.least) problem("the second number is smaller than the first");
        return repeat_of(std::move(repeat), std::move(node));
    }

    Node one(int depth) {
        char const c = here();
        switch (c) {
            case '(': return group(depth);
            case '[': return Node{.kind = Node::Kind::bytes, .set = bracket()};
            case '.': ++at_; return Node{.kind = Node::Kind::bytes, .set = Bytes().set()};
            case '^': ++at_; return Node{.kind = Node::Kind::line_begin};
            case '$': ++at_; return Node{.kind = Node::Kind::line_end};
            case '\\': {
                ++at_;
                return Node{.kind = Node::Kind::bytes, .set = with_case(escaped())};
            }
            case '*':
            case '+':
            case '?':
            case '{': problem("nothing to repeat"); return {};
            default: break;
        }
        ++at_;
        Bytes set;
        set.set(static_cast<unsigned char>(c));
        return Node{.kind = Node::Kind::bytes, .set = with_case(set)};
    }

    Node group(int depth) {
        ++at_;
        bool const captures = !text_.substr(at_).starts_with("?:");
        if (!captures) at_ += 2;
        if (captures && captured_) problem("a second group that captures; write (?:...)");
        if (captures && more() && here() == '?') problem("only (?:...) is known, and (?i) at the beginning");
        captured_ = captured_ || captures;
        auto inner = choice(depth + 1);
        if (!more() || here() != ')') {
            problem("a ( without a )");
            return inner;
        }
        ++at_;
        if (!captures) return inner;
        Node capture{.kind = Node::Kind::capture};
        capture.inner.push_back(std::move(inner));
        return capture;
    }

    /// What stands behind a backslash.
    Bytes escaped() {
        Bytes set;
        if (!more()) {
            problem("a \\ at the end");
            return set;
        }
        char const c = here();
        if (auto known = class_of(c)) {
            set = *known;
        } else if (c == 't') {
            set.set('\t');
        } else if (is_letter_or_digit(c)) {
            problem("\\ before a letter or digit that means nothing");
        } else {
            set.set(static_cast<unsigned char>(c));
        }
        ++at_;
        return set;
    }

    Bytes bracket() {
        ++at_;
        bool const negated = more() && here() == '^';
        if (negated) ++at_;
        Bytes set;
        for (bool first = true; more() && (first || here() != ']'); first = false) add_member(set);
        if (!more()) {
            problem("a [ without a ]");
            return set;
        }
        ++at_;
        set = with_case(set);
        return negated ? ~set : set;
    }

    void add_member(Bytes& set) {
        if (here() == '\\') {
            ++at_;
            set |= escaped();
            return;
        }
        auto const low = static_cast<unsigned char>(here());
        ++at_;
        bool const is_range = at_ + 1 < text_.size() && here() == '-' && text_[at_ + 1] != ']';
        if (!is_range) {
            set.set(low);
            return;
        }
        auto const high = static_cast<unsigned char>(text_[at_ + 1]);
        if (high == '\\' || high < low) problem("a range that goes backwards, or ends with \\");
        at_ += 2;
        if (!failed()) add_range(set, low, high);
    }

    [[nodiscard]] Bytes with_case(Bytes set) const {
        if (!any_case_) return set;
        for (unsigned i = 0; i < 26; ++i) {
            bool const either = set.test('a' + i) || set.test('A' + i);
            set.set('a' + i, either);
            set.set('A' + i, either);
        }
        return set;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool any_case_ = false;
    bool captured_ = false;
    std::string problem_;
};

using Op = Instruction::Op;

/// Depth is bounded by the parser's; size by k_most_instructions, beyond which nothing is added.
class Compiler {
public:
    std::vector<Instruction> compile(Node const& node) {
        emit(node);
        add({.op = Op::match});
        return std::move(out_);
    }
    [[nodiscard]] bool too_large() const { return too_large_; }

private:
    std::uint32_t next() const { return static_cast<std::uint32_t>(out_.size()); }
    std::uint32_t add(Instruction instruction) {
        if (out_.size() >= k_most_instructions) {
            too_large_ = true;
            return next() - 1;
        }
        out_.push_back(instruction);
        return next() - 1;
    }

    void emit(Node const& node) {
        // Repetitions of nothing add no instructions, and could be counted for ever.
        too_large_ = too_large_ || ++steps_ > k_most_steps;
        if (too_large_) return;
        switch (node.kind) {
            case Node::Kind::bytes: add({.op = Op::bytes, .set = node.set}); break;
            case Node::Kind::line_begin: add({.op = Op::line_begin}); break;
            case Node::Kind::line_end: add({.op = Op::line_end}); break;
            case Node::Kind::sequence:
                for (auto const& inner : node.inner) emit(inner);
                break;
            case Node::Kind::capture:
                add({.op = Op::save, .first = 0});
                emit(node.inner.front());
                add({.op = Op::save, .first = 1});
                break;
            case Node::Kind::choice: emit_choice(node); break;
            case Node::Kind::repeat: emit_repeat(node); break;
        }
    }

    void emit_choice(Node const& node) {
        std::vector<std::uint32_t> ends;
        for (std::size_t i = 0; i < node.inner.size(); ++i) {
            if (i + 1 == node.inner.size()) {
                emit(node.inner[i]);
                break;
            }
            auto const split = add({.op = Op::split});
            out_[split].first = next();
            emit(node.inner[i]);
            ends.push_back(add({.op = Op::jump}));
            out_[split].second = next();
        }
        for (auto const end : ends) out_[end].first = next();
    }

    void emit_repeat(Node const& node) {
        auto const& inner = node.inner.front();
        for (int i = 0; i < node.least; ++i) emit(inner);
        if (node.most < 0) {
            auto const split = add({.op = Op::split});
            out_[split].first = next();
            emit(inner);
            auto const back = add({.op = Op::jump});
            out_[back].first = split;
            out_[split].second = next();
            return;
        }
        std::vector<std::uint32_t> splits;
        for (int i = node.least; i < node.most && !too_large_; ++i) {
            splits.push_back(add({.op = Op::split}));
            out_[splits.back()].first = next();
            emit(inner);
        }
        for (auto const split : splits) out_[split].second = next();
    }

    std::vector<Instruction> out_;
    std::size_t steps_ = 0;
    bool too_large_ = false;
};

constexpr std::size_t k_unset = static_cast<std::size_t>(-1);

/// Where a way through the program has been.
struct Marks {
    std::size_t begin = 0;  ///< of the whole
    std::array<std::size_t, 2> group{k_unset, k_unset};
};

}  // namespace

struct Pattern::Program {
    std::vector<Instruction> instructions;
    bool captures = false;
};

namespace {

/// All ways through the program at once, the preferred first (Pike's algorithm): each instruction is looked at once for each byte.
class Machine {
public:
    Machine(std::vector<Instruction> const& program, std::string_view line) : program_(program), line_(line), seen_(program.size(), 0) {}

    std::optional<Marks> run(std::size_t& end) {
        std::optional<Marks> found;
        std::vector<Way> now;
        std::vector<Way> later;
        for (std::size_t at = 0;; ++at) {
            // A place further left is preferred: a new way begins only while nothing was found.
            if (!found) follow(now, 0, {.begin = at}, at);
            later.clear();
            ++round_;
            for (auto const& way : now) {
                auto const& instruction = program_[way.at];
                if (instruction.op == Op::match) {
                    found = way.marks;
                    end = at;
                    break;
                }
                if (at < line_.size() && instruction.set.test(static_cast<unsigned char>(line_[at])))
                    follow(later, way.at + 1, way.marks, at + 1);
            }
            now.swap(later);
            if (at >= line_.size() || (found && now.empty())) return found;
        }
    }

private:
    struct Way {
        std::uint32_t at = 0;
        Marks marks;
    };

    /// Adds what is reached from `at` without taking a byte. A stack of our own: programs are short, but not that short.
    void follow(std::vector<Way>& list, std::uint32_t from, Marks marks, std::size_t place) {
        stack_.clear();
        stack_.push_back({from, marks});
        while (!stack_.empty()) {
            auto way = stack_.back();
            stack_.pop_back();
            if (seen_[way.at] == round_ + 1) continue;
            seen_[way.at] = round_ + 1;
            auto const& instruction = program_[way.at];
            switch (instruction.op) {
                case Op::bytes:
                case Op::match: list.push_back(way); break;
                case Op::jump: stack_.push_back({instruction.first, way.marks}); break;
                case Op::split:
                    stack_.push_back({instruction.second, way.marks});
                    stack_.push_back({instruction.first, way.marks});
                    break;
                case Op::save:
                    way.marks.group[instruction.first] = place;
                    stack_.push_back({way.at + 1, way.marks});
                    break;
                case Op::line_begin:
                    if (place == 0) stack_.push_back({way.at + 1, way.marks});
                    break;
                case Op::line_end:
                    if (place == line_.size()) stack_.push_back({way.at + 1, way.marks});
                    break;
            }
        }
    }

    std::vector<Instruction> const& program_;
    std::string_view line_;
    std::vector<std::uint64_t> seen_;  ///< the round in which an instruction was reached
    std::uint64_t round_ = 0;
    std::vector<Way> stack_;
};

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
    auto const refuse = [&](std::string_view why) { return fail(errors::gen::invalid_input, {{"field", "expression"}, {"detail", why}}); };
    if (text.empty()) return refuse("it is empty");
    if (text.size() > k_longest) return refuse("it has more than " + std::to_string(k_longest) + " bytes");
    Parser parser(text);
    auto const node = parser.parse();
    if (parser.failed()) return refuse(parser.why());
    Compiler compiler;
    auto program = std::make_shared<Program>();
    program->instructions = compiler.compile(node);
    if (compiler.too_large()) return refuse("its repetitions make it too large");
    for (auto const& instruction : program->instructions) program->captures = program->captures || instruction.op == Op::save;
    return Pattern(std::string(text), std::move(program));
}

std::optional<std::string_view> Pattern::find(std::string_view line) const {
    line = line.substr(0, k_longest_line);
    std::size_t end = 0;
    auto const marks = Machine(program_->instructions, line).run(end);
    if (!marks) return std::nullopt;
    if (!program_->captures) return line.substr(marks->begin, end - marks->begin);
    // A group on a way that was not taken captured nothing.
    if (marks->group[0] == k_unset || marks->group[1] == k_unset) return std::string_view();
    return line.substr(marks->group[0], marks->group[1] - marks->group[0]);
}

std::vector<std::string> Pattern::find_all(std::string_view text, std::size_t most) const {
    std::vector<std::string> found;
    while (!text.empty() && found.size() < most) {
        auto const end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (auto const value = find(line)) found.emplace_back(*value);
    }
    return found;
}

}  // namespace countersign
