#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sys/prctl.h>

#include "host/app/credentials.h"

int main() {
    const tenon::app::Credentials credentials = tenon::app::take_credentials();
    std::cout << "anthropic=" << credentials.anthropic.size()
              << " openai=" << credentials.openai.size()
              << " dumpable=" << ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
              << " variable=" << (std::getenv("ANTHROPIC_API_KEY") != nullptr) << "\n"
              << std::ifstream("/proc/self/environ", std::ios::binary).rdbuf() << "end\n";
}
