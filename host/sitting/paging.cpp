#include "host/sitting/paging.h"

#include <cstdlib>

namespace tenon::sitting {

Result<void> show_in_pager(terminal::Terminal& terminal, terminal::PagedText text, bool dumb) {
    const char* const pager = std::getenv("PAGER");
    if (dumb || pager == nullptr || *pager == '\0') {
        terminal.page(std::move(text));
        return {};
    }
    terminal::OutsideProgram program;
    program.command = pager;
    program.input = text.file();
    // As git does: less shows the styling.
    if (std::getenv("LESS") == nullptr) program.environment.emplace_back("LESS", "-R");
    auto end = terminal.run_program(program);
    if (!end) return end.error();
    return {};
}

}  // namespace tenon::sitting
