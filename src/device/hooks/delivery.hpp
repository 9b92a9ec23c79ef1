#pragma once

/// Hands one hook's files to the program that wants them: written whole, checked by that program, and put back when it says no.
///
/// What was there before is kept beside each file as <file>.previous. A kill at any moment is made good at the next delivery:
/// a record in the system's folder says how far the last one came, and until the new files were checked the old ones are not
/// forgotten. Blocks (files, programs): call it on the blocking pool, one delivery of a hook at a time.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "device/hooks/hooks_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace countersign::device {

/// What a hook's files are made of, PEM.
struct HookMaterial {
    std::string leaf;
    std::string chain;
    SecretText key;
    std::string trust;
};

enum class Delivered {
    fresh,      ///< it was there already, and taken
    delivered,  ///< written, checked, reloaded
};

/// DEV-060 with the step: "write", "check" (the old files are back) or "reload" (the new files stay).
/// `record` is a file that only this hook uses.
Result<Delivered> deliver(Hook const& hook, HookMaterial const& material, std::filesystem::path const& record);

}  // namespace countersign::device
