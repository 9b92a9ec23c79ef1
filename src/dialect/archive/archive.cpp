#include "dialect/archive/archive.hpp"

#include "dialect/archive/forms.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::dialect::archive {

Failure unreadable(std::string_view detail) { return fail(errors::mgr::archive_unreadable, {{"detail", detail}}); }

Result<void> Unpacked::add(std::string_view name, std::string content) {
    if (files.size() == limits.files) return unreadable("it holds more than " + std::to_string(limits.files) + " files");
    if (content.size() > left()) return unreadable("unpacked it is larger than " + std::to_string(limits.bytes) + " bytes");
    bytes += content.size();
    files.push_back({std::string(name), std::move(content)});
    return {};
}

Form form_of(std::string_view bytes) {
    if (is_zip(bytes)) return Form::zip;
    return is_tar(bytes) ? Form::tar : Form::none;
}

Result<std::vector<File>> read(std::string_view bytes, Limits limits) {
    Unpacked out{.limits = limits};
    switch (form_of(bytes)) {
        case Form::tar: CS_CHECK(read_tar(bytes, out)); break;
        case Form::zip: CS_CHECK(read_zip(bytes, out)); break;
        case Form::none: return unreadable("it is neither tar nor zip");
    }
    return std::move(out.files);
}

}  // namespace countersign::dialect::archive
