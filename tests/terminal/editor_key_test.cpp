// The edited line in an editor, and undo, with a real terminal.
#include <sys/stat.h>

#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

constexpr Pty::Size kEditorSizes[] = {{20, 5}, {40, 10}, {80, 24}, {200, 50}};
constexpr std::string_view kOpenEditor = "\x18\x05";

struct TheEditorKey : ATerminal {
    TheEditorKey() { environment["TMPDIR"] = folder.path().string(); }
    /// A program that is the editor: a shell script, whose $1 is the file.
    std::string script(const std::string& text) {
        const auto path = folder / "editor";
        std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
        ::chmod(path.c_str(), 0700);
        return path.string();
    }
    [[nodiscard]] std::vector<std::string> texts_left() const {
        std::vector<std::string> left;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            if (entry.path().extension() == ".md") left.push_back(entry.path().filename());
        return left;
    }
};

TEST_F(TheEditorKey, OpensTheEditorOnTheLineAndTakesItsText) {
    for (const Pty::Size size : kEditorSizes) {
        SCOPED_TRACE(size.columns);
        environment["EDITOR"] =
            script("stat -c %a \"$1\" >mode; cp \"$1\" got; printf 'new\\nline\\n\\n' >\"$1\"");
        auto pty = start(size);
        type(*pty, "old\\\rtext", "  text");
        type(*pty, kOpenEditor, "> new");
        EXPECT_EQ(folder.read("mode"), "600\n");
        EXPECT_EQ(folder.read("got"), "old\ntext\n");
        EXPECT_EQ(texts_left(), std::vector<std::string>{});
        type(*pty, "X\r", "line: new|line|X");
    }
}

TEST_F(TheEditorKey, RunsVisualFirstWithItsArguments) {
    environment["EDITOR"] = "false";
    environment["VISUAL"] = script("echo \"$1-$2-$#\" >\"$3\"") + " 'a b' --wait";
    auto pty = start();
    type(*pty, kOpenEditor, "> a b---wait-3");
}

TEST_F(TheEditorKey, FallsBackToViAndThenSaysThatThereIsNone) {
    environment["VISUAL"] = " ";
    environment["PATH"] = (folder / "bin").string();
    folder.write("bin/other", "");
    auto pty = start();
    type(*pty, "text", "> text");
    type(*pty, kOpenEditor, "no editor was found: set VISUAL or EDITOR");
    folder.write("bin/vi", "#!/bin/sh\necho by vi >\"$1\"\n");
    ::chmod((folder / "bin/vi").c_str(), 0700);
    type(*pty, kOpenEditor, "> by vi");
}

TEST_F(TheEditorKey, KeepsTheLineAndTheTextWhenItFails) {
    struct Row {
        std::string editor, says;  // none: the program does not exist
        bool keeps_file = false;
    };
    for (const auto& [editor, says, keeps_file] : std::vector<Row>{
             {"exit 3", "ended with exit code 3."},
             {"echo changed >\"$1\"; exit 3", "ended with exit code 3; the", true},
             {"kill -9 $$", "was ended by signal 9."},
             {"rm \"$1\"", "No such file"},
             {"", "(no-such-editor) was not found."},
         }) {
        SCOPED_TRACE(says);
        environment["EDITOR"] = editor.empty() ? "no-such-editor" : script(editor);
        auto pty = start({200, 24});
        type(*pty, "my text", "> my text");
        type(*pty, kOpenEditor, says);
        EXPECT_EQ(texts_left().size(), keeps_file ? 1U : 0U);
        for (const std::string& left : texts_left()) {
            EXPECT_NE(pty->screen().find(left), std::string::npos) << pty->screen();
            EXPECT_EQ(folder.read(left), "changed\n");
            std::filesystem::remove(folder / left);
        }
        type(*pty, "!\r", "line: my text!");
    }
}

TEST_F(TheEditorKey, TakesNoControlsAndNoBrokenText) {
    environment["EDITOR"] = script("printf 'a\\033[31mb\\377c\\r\\nd\\tend' >\"$1\"");
    auto pty = start();
    pty->send(kOpenEditor);
    EXPECT_TRUE(pty->wait_for("end"));
    type(*pty, "\r",
         "line: a[31mb\xef\xbf\xbd"
         "c|d<tab>end");
}

TEST_F(TheEditorKey, GetsCtrlCAndItsChangeCanBeUndone) {
    environment["EDITOR"] = script("echo waits; read x; echo edited >\"$1\"");
    auto pty = start({200, 24});
    type(*pty, "mine", "> mine");
    type(*pty, kOpenEditor, "waits");
    pty->send("\x03");  // it is not for the session
    EXPECT_TRUE(pty->wait_for("was ended by signal 2."));
    EXPECT_TRUE(pty->wait_until([&] { return pty->lines().back() == "> mine"; }));
    pty->send(kOpenEditor);
    EXPECT_TRUE(pty->wait_until([&] { return pty->lines().back() == "waits"; })) << pty->screen();
    pty->send("x\n");
    EXPECT_TRUE(pty->wait_for("> edited"));
    type(*pty, "\x1f", "> mine");
    EXPECT_EQ(pty->everything().find("interrupt"), std::string::npos);
}

TEST_F(TheEditorKey, IsVInTheCommandModeOfVi) {
    std::ofstream(folder / ".editrc") << "bind -v\n";
    environment["EDITOR"] = script("echo edited >\"$1\"");
    auto pty = start();
    type(*pty, "mine\033", "> mine");
    type(*pty, "v", "> edited");
    type(*pty, "u", "> mine");
}

using TheUndoKey = ATerminal;

TEST_F(TheUndoKey, TakesChangesBackOneAfterTheOther) {
    for (const Pty::Size size : kEditorSizes) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "one two", "> one two");
        type(*pty, "\x17x", "> one x");
        type(*pty, "\x15y", "> y");
        type(*pty, "\033[200~paste\033[201~", "> ypaste");
        EXPECT_TRUE(pty->wait_for("> ypaste"));
        for (const char* line : {"> y", ">", "> one x", "> one", "> one two", "> one", ">"}) {
            SCOPED_TRACE(line);
            pty->send("\x1f");
            EXPECT_TRUE(pty->wait_until([&] { return pty->lines().back() == line; }))
                << pty->screen();
        }
        pty->send("\x1f");
        EXPECT_TRUE(pty->wait_until([&] { return pty->raw().find('\a') != std::string::npos; }));
    }
}

TEST_F(TheUndoKey, BringsBackALineThatCtrlCHasCleared) {
    auto pty = start();
    type(*pty, "some text", "> some text");
    type(*pty, "\x03", "interrupt with text");
    type(*pty, "\033[45;6u", "> some text");
    type(*pty, "\r", "line: some text");
    pty->send(
        "\x1f"
        "a");
    EXPECT_TRUE(pty->wait_until([&] { return pty->lines().back() == "> a"; })) << pty->screen();
}

}  // namespace
}  // namespace tenon::testing
