#include "manager/store/place.hpp"

#include "countersign/errors/fil.hpp"

namespace countersign::manager {

Result<void> check_present(StorePlace const& place) {
    std::vector<std::filesystem::path> files{place.key()};
    if (!place.is_shared()) files.insert(files.begin(), place.file());
    for (auto const& file : files) {
        std::error_code error;
        if (!std::filesystem::is_regular_file(file, error))
            return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", "there is no such file"}});
    }
    return {};
}

Result<std::unique_ptr<Store>> open_store(StorePlace const& place, std::shared_ptr<Clock const> clock) {
    CS_TRY(auto sealer, host::Sealer::load_or_create(place.key()));
    if (place.is_shared()) return Store::connect(place.database, std::move(sealer), std::move(clock));
    return Store::open(place.file(), std::move(sealer), std::move(clock));
}

Result<std::unique_ptr<store::Database>> open_database(StorePlace const& place) {
    if (!place.is_shared()) return store::Database::open(place.file());
    CS_TRY(auto const text, store::connection_text(place.database));
    return store::Database::connect(text, place.name());
}

}  // namespace countersign::manager
