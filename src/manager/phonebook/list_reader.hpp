#pragma once

/// A phone book as a list of comma-separated values, as an administrator keeps it in a spreadsheet. The first line names the columns:
///
///   name         required; what people search for
///   number       required ("dial_string" and "address" are taken too)
///   protocol     SIP, H323, ISDN, TEL; empty: SIP when the number has an @, else H323
///   call_type    Video (also when empty) or Audio
///   folder       "Berlin/Second floor"; empty: the book itself
///   description
///
/// Lines of one name and folder are one entry with several numbers.

#include "base/result.hpp"
#include "manager/store/phonebook_store.hpp"

#include <string_view>
#include <vector>

namespace countersign::manager {

inline constexpr std::size_t k_most_phonebook_lines = 50'000;
inline constexpr std::size_t k_largest_phonebook = 16UL * 1024 * 1024;  ///< bytes

/// MGR-080, GEN-001, GEN-002 with their lines; several: GEN-006 (the first hundred).
Result<std::vector<PhonebookLine>> read_phonebook(std::string_view csv);

}  // namespace countersign::manager
