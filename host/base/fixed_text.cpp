#include "host/base/fixed_text.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace tenon {

FixedText& FixedText::operator<<(std::string_view text) noexcept {
    const std::size_t fits = std::min(text.size(), bytes_.size() - size_);
    std::copy_n(text.data(), fits, bytes_.data() + size_);
    size_ += fits;
    return *this;
}

FixedText& FixedText::operator<<(std::int64_t number) noexcept {
    char digits[24];
    char* begin = digits + sizeof digits;
    auto rest =
        number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    do {
        *--begin = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) *--begin = '-';
    return *this << std::string_view(begin,
                                     static_cast<std::size_t>(digits + sizeof digits - begin));
}

void FixedText::write_to(int fd) const noexcept {
    std::string_view rest = view();
    while (!rest.empty()) {
        const ssize_t n = ::write(fd, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace tenon
