// task_host WORKSPACE: calls of the task plugin, one a line of standard input ("task_list {}");
// each answer is one line of JSON.
#include <iostream>

#include "tests/plugins/task/task_session.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    tenon::task::testing::TaskSession session(argv[1], std::string(argv[1]) + "/no-session");
    for (std::string line; std::getline(std::cin, line);) {
        const auto blank = line.find(' ');
        const auto result =
            session.call(line.substr(0, blank), tenon::Json::parse(line.substr(blank + 1)));
        std::cout << tenon::Json{{"text", result.text}, {"is_error", result.is_error}}.dump()
                  << std::endl;
    }
    return 0;
}
