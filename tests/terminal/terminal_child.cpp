// Runs a terminal::Terminal by hand or for a test: prints the input that `next` returns, and runs
// lines that begin with a command word. Usage: terminal_child [history file [folder for
// completion]]. CLOCK_FILE in the environment names a file with the time of the clock for
// questions. PAGER is the program for long texts.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "host/terminal/terminal.h"

namespace {

using namespace tenon::terminal;

std::unique_ptr<Terminal> terminal;
std::thread streamer, waiter;
std::atomic<bool> streaming{false};
bool keeps_line = false;  // at Ctrl-C
std::string queued;

/// The clock of a test: the file holds how many milliseconds have passed.
std::chrono::steady_clock::time_point time_in(const std::string& path) {
    std::int64_t passed = 0;
    std::ifstream(path) >> passed;
    return std::chrono::steady_clock::time_point(std::chrono::hours(1) +
                                                 std::chrono::milliseconds(passed));
}

std::string shown(std::string_view text) {
    if (text.size() > 200) return "(" + std::to_string(text.size()) + " bytes)";
    std::string line;
    for (const char c : text)
        line += c == '\n' ? "|" : c == '\t' ? "<tab>" : std::string(1, c);
    return line;
}

/// Posts as fast as it can: a finished line now and then, a tail all the time.
void stream() {
    for (std::size_t i = 0; streaming; ++i) {
        terminal->post([i] {
            if (i % 100 == 0) terminal->print("answer line " + std::to_string(i));
            terminal->set_tail({"unfinished " + std::to_string(i)});
        });
        if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
}

void stop_streaming() {
    streaming = false;
    if (streamer.joinable()) streamer.join();
}

/// `lines`: of the subject, with a number in each.
void ask(const std::string& lines) {
    static std::size_t number = 0;
    ShownQuestion question;
    question.number = ++number;
    question.title = "May it run?";
    question.subject = {"  $ the command"};
    for (int i = 2; !lines.empty() && i <= std::stoi(lines); ++i)
        question.subject.push_back("    line " + std::to_string(i));
    question.choices = {
        {'y', "yes", "yes, this once", "yes"},
        {'a',
         "",
         "always",
         "always",
         {{"this exact command", "Always:", {"Bash(the command)"}},
          {"the prefix", "Always:", {"Bash(the *)"}}}},
        {'n', "no", "no", "no"},
    };
    question.text_choice = TextChoice{'n', "no, and say what to do instead", "words",
                                      "Tell the model what to do instead."};
    terminal->set_question(std::move(question));
}

void do_line(const std::string& line);

/// Does `line` once somebody has opened the pipe `fifo` for writing, and then closes it.
void do_later(const std::string& fifo, const std::string& line) {
    if (waiter.joinable()) waiter.join();
    waiter = std::thread([fifo, line] {
        auto opened = std::make_shared<std::ifstream>(fifo);
        terminal->post([line, opened = std::move(opened)] { do_line(line); });
    });
}

void do_line(const std::string& line) {
    const std::string word = line.substr(0, line.find(' '));
    const std::string rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
    if (word == "print") {
        terminal->print(rest);
    } else if (word == "lines") {
        for (int i = 1; i <= std::stoi(rest); ++i)
            terminal->print("line " + std::to_string(i));
    } else if (word == "tail") {
        terminal->set_tail(rest.empty() ? std::vector<std::string>{}
                                        : std::vector<std::string>{rest, rest + " too"});
    } else if (word == "status") {
        terminal->set_status(rest);
    } else if (word == "page") {
        PagedText text;
        for (int i = 1; i <= std::stoi(rest); ++i)
            text.add("row " + std::to_string(i));
        terminal->page(std::move(text));
        terminal->post([] { terminal->print("printed meanwhile"); });
    } else if (word == "ask") {
        ask(rest);
    } else if (word == "at") {
        const auto blank = rest.find(' ');
        do_later(rest.substr(0, blank), rest.substr(blank + 1));
    } else if (word == "stream") {
        streaming = true;
        streamer = std::thread(stream);
    } else if (word == "title") {
        terminal->set_title(rest);
    } else if (word == "call") {
        terminal->call(rest, CallWhen::kAlways);
    } else if (word == "program") {
        const auto end = terminal->run_program({rest});
        terminal->print(end ? "program: " + std::to_string(*end) : end.error().message);
    } else if (word == "quiet") {
        stop_streaming();
    } else if (word == "queue") {  // a prompt that Up takes back
        terminal->set_can_take_back(!rest.empty());
        queued = rest;
    } else if (word == "keep") {
        keeps_line = true;
    } else if (word == "crash") {
        std::abort();
    } else if (word == "exit") {
        std::exit(5);
    }
}

/// False when the program should exit.
bool handle_input(const Input& input) {
    if (const auto* line = std::get_if<EnteredLine>(&input)) {
        terminal->print("line: " + shown(line->text));
        if (line->text == "leave") return false;
        do_line(line->text);
    } else if (const auto* interrupt = std::get_if<Interrupt>(&input)) {
        terminal->print(std::string(interrupt->repeated ? "second " : "") +
                        (interrupt->had_text ? "interrupt with text" : "interrupt"));
        if (interrupt->had_text && !keeps_line) terminal->clear_line();
    } else if (std::holds_alternative<EndOfInput>(input)) {
        terminal->print("end of input");
        return false;
    } else if (std::holds_alternative<ToBackground>(input)) {
        terminal->print("to background");
    } else if (const auto* answer = std::get_if<QuestionAnswer>(&input)) {
        terminal->set_question(std::nullopt);
        terminal->print(std::string("answer: ") + answer->key +
                        (answer->variant > 0 ? std::to_string(answer->variant + 1) : "") +
                        (answer->text.empty() ? "" : " with " + shown(answer->text)));
    } else if (std::holds_alternative<ShowFolded>(input)) {
        terminal->print("show folded");
    } else if (const auto* escape = std::get_if<Escape>(&input)) {
        terminal->print(escape->line_is_empty ? "escape" : "escape with text");
    } else if (std::holds_alternative<TakeBack>(input)) {
        terminal->print("take back");
        (void)terminal->put_in_line(queued);
    } else if (std::holds_alternative<Hangup>(input)) {
        std::_Exit(129);
    } else {
        terminal->print("terminate");
        return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const char* term = std::getenv("TERM");
    TerminalOptions options;
    options.dumb = term == nullptr || std::string(term) == "dumb";
    options.colour = std::getenv("NO_COLOR") == nullptr;
    options.kind = terminal_kind([](std::string_view name) -> std::string {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? "" : value;
    });
    if (const char* pager = std::getenv("PAGER")) options.pager = pager;
    if (argc > 1) options.history = argv[1];
    if (const char* file = std::getenv("CLOCK_FILE"))
        options.now = [path = std::string(file)] { return time_in(path); };
    const std::string folder = argc > 2 ? argv[2] : ".";
    options.workspace = folder;
    auto opened = Terminal::open(std::move(options));
    if (!opened) {
        std::cerr << opened.error().message << "\n";
        return 1;
    }
    terminal = std::move(*opened);
    terminal->set_commands({{"help", "", "lists commands"},
                            {"jobs", "[ID]", "shows jobs"},
                            {"join", "", "joins \033[31mjobs"}});
    terminal->on_resize = [] {
        terminal->print("size: " + std::to_string(terminal->width()) + " " +
                        std::to_string(terminal->height()));
    };
    terminal->print("ready");
    while (handle_input(terminal->next())) {
    }
    stop_streaming();
    if (waiter.joinable()) waiter.join();
    terminal.reset();
    std::cout << "gone\n";
    return 0;
}
