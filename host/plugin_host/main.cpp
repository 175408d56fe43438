#include <cstdio>
#include <string_view>

#include "host/plugin_host/verify_main.h"

int main(int argc, char** argv) {
    if (argc == 4 && std::string_view(argv[1]) == "--verify")
        return tenon::plugin_host::verify::run_verify_step(argv[2], argv[3]);
    std::fputs("tenon-plugin-host: started by tenon, not by hand\n", stderr);
    return 2;
}
