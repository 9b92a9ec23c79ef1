#include "manager/store/backing.hpp"

namespace countersign::manager::store {

void Backing::record(Database& database, std::string_view actor, std::string_view action, std::string_view subject,
                     std::string_view detail) const {
    add_audit_record(database, now(), actor, action, subject, detail);
}

std::string escape_like(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace countersign::manager::store
