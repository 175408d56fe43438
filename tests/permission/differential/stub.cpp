#include <algorithm>
#include <cstdlib>
#include <string>
#include <unistd.h>

/// Writes its name and its words to descriptor 250, as `record` in prelude.bash does.
int main(int argc, char** argv) {
    const char* number = std::getenv("__n");
    std::string out = number == nullptr ? "0" : number;
    out += '\0';
    out += std::to_string(argc) + '\0';
    const std::string path = argv[0];
    for (int i = 0; i < argc; ++i)
        out += (i == 0 ? path : std::string(argv[i])) + '\0';
    std::replace(out.begin(), out.end(), '\n', '\x01');
    return ::write(250, out.data(), out.size()) < 0 ? 2 : 0;
}
