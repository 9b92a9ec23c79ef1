#include "device/repository/pair_list.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

PairList::PairList(std::filesystem::path folder, PairFiles files) : folder_(std::move(folder)), files_(std::move(files)) {}

std::filesystem::path PairList::file_of(CertificatePair const& pair) const { return folder_ / (pair.chain.front().fingerprint() + ".pem"); }

std::vector<CertificatePair> PairList::load() const {
    std::vector<CertificatePair> pairs;
    std::error_code ignored;
    for (auto const& entry : std::filesystem::directory_iterator(folder_, ignored)) {
        auto name = entry.path().filename().string();
        if (name.contains(".new.")) {  // of a process that was killed in mid-write
            std::filesystem::remove(entry.path(), ignored);
            continue;
        }
        auto pair = files_.read(entry.path());
        if (pair)
            pairs.push_back(*std::move(pair));
        else
            log::error("certificate.damaged", pair.error(), {{"file", entry.path().string()}});
    }
    std::ranges::sort(pairs, {}, [](auto const& pair) { return pair.chain.front().fingerprint(); });
    return pairs;
}

Result<void> PairList::store(CertificatePair const& pair) const {
    CS_CHECK(host::ensure_folder(folder_));
    return files_.write(file_of(pair), pair);
}

Result<void> PairList::remove(CertificatePair const& pair) const { return host::remove_file(file_of(pair)); }

}  // namespace countersign::device
