#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

namespace tenon::permission::differential {

/// The lines of a file of data, with a newline for each ⏎.
std::vector<std::string> lines_of(const std::string& path);

/// Makes texts near the border of what bash accepts as a command: compositions of words and
/// operators, and mutations of a corpus. The same texts for the same seed.
class Generator {
public:
    explicit Generator(std::uint64_t seed);

    std::string next();
    [[nodiscard]] const std::vector<std::string>& corpus() const { return corpus_; }

private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    const std::string& any(const std::string& kind);
    const std::string& any_fragment();
    std::string command();
    std::string composed();
    std::string concatenated();
    std::string spliced();
    void mutate(std::string& text);

    std::mt19937_64 random_;
    std::vector<std::string> corpus_;
    std::map<std::string, std::vector<std::string>> fragments_;
    std::string line_end_;  ///< bodies of here-documents that the composed line announced
};

}  // namespace tenon::permission::differential
