#pragma once

/// Words of paths and the abbreviations that lead to them: a word may be shortened as long as it stays unambiguous, and one that
/// stands there exactly wins over those that only begin so. Without case. Internal to the codecs of this folder.

#include "base/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::xapi {

/// Splits at blanks and slashes. `//` becomes the word "//": any words may stand there. "Connector[3]" and "Connector[@item='3']" are
/// the same as "Connector 3".
std::vector<std::string> path_words(std::string_view text);

class Completion {
public:
    /// The paths must outlive it.
    explicit Completion(std::vector<std::vector<std::string> const*> paths) : paths_(std::move(paths)) {}
    /// Of settings, commands or status items.
    template <class Items>
    static Completion of(Items const& items) {
        std::vector<std::vector<std::string> const*> paths;
        for (auto const& item : items) paths.push_back(&item.words);
        return Completion(std::move(paths));
    }

    struct Matches {
        std::vector<std::size_t> found;       ///< indices of the paths that begin with what was typed
        std::vector<std::string> completed;   ///< the typed words as the family spells them
        std::string ambiguous;                ///< the word that fits several; nothing is found then
        std::vector<std::string> candidates;  ///< those it fits
    };
    [[nodiscard]] Matches complete(std::span<std::string const> typed) const;
    /// With `//`: every path in which the typed words stand in this order, whole or shortened.
    [[nodiscard]] Matches search(std::span<std::string const> typed) const;
    /// What `text` holds: complete(), or search() when there is a `//` in it or when nothing is found because item numbers were left
    /// out ("all instances": protocols 2.2).
    [[nodiscard]] Matches find(std::span<std::string const> typed) const;
    /// Words that may follow `typed` and begin with `begun`, for a person who asks for them by a key.
    [[nodiscard]] std::vector<std::string> next(std::span<std::string const> typed, std::string_view begun) const;

private:
    void narrow(Matches& matches, std::string const& typed, std::size_t place) const;
    std::vector<std::vector<std::string> const*> paths_;
};

/// DEV-031 when the word is ambiguous; nothing else is judged.
Result<void> refuse_ambiguous(Completion::Matches const& matches);

/// The one of `choices` that `word` stands for. DEV-031 for several; an empty text for none.
Result<std::string_view> complete_word(std::string_view word, std::span<std::string_view const> choices);

}  // namespace countersign::dialect::xapi
