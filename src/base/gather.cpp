#include "base/gather.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign {

Error gather(std::vector<Error> problems) {
    if (problems.size() == 1) return std::move(problems.front());
    Error all(errors::gen::several_problems);
    for (auto& problem : problems) all.because(std::move(problem));
    return all;
}

}  // namespace countersign
