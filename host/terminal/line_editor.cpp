#include "host/terminal/line_editor.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <histedit.h>
#include <map>
#include <pty.h>
#include <sstream>
#include <utility>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/character.h"
#include "host/base/unique_fd.h"

namespace tenon::terminal {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
struct EditLineEnder {
    void operator()(EditLine* edit) const { ::el_end(edit); }
};
struct TokenizerEnder {
    void operator()(TokenizerW* tokenizer) const { ::tok_wend(tokenizer); }
};

constexpr wchar_t kProbe = 0x80;    // a key that no terminal sends, bound in vi's insert mode only
constexpr wchar_t kEndOfInput = 4;  // what libedit puts into the line when a key is missing

class EditLineEditor : public LineEditor {
public:
    explicit EditLineEditor(std::function<std::optional<wchar_t>()> more)
        : more_(std::move(more)) {}
    Result<void> start();

    EditorAction feed(wchar_t key) override;
    void insert(std::string_view text) override { ::el_winsertstr(edit(), to_wide(text).c_str()); }
    void set(std::string_view before, std::string_view after) override;
    void clear() override;
    [[nodiscard]] std::string before_cursor() const override {
        const LineInfoW* line = ::el_wline(edit());
        return to_utf8({line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)});
    }
    [[nodiscard]] std::string after_cursor() const override {
        const LineInfoW* line = ::el_wline(edit());
        return to_utf8({line->cursor, static_cast<std::size_t>(line->lastchar - line->cursor)});
    }
    [[nodiscard]] bool binds_alt(wchar_t c) override;
    [[nodiscard]] bool is_in_vi_insert_mode() override;
    [[nodiscard]] bool empty() const override {
        const LineInfoW* line = ::el_wline(edit());
        return line->lastchar == line->buffer;
    }

private:
    template <EditorAction action>
    static unsigned char request(EditLine* edit, wint_t) {
        of(edit)->action_ = action;
        return CC_NORM;
    }
    static unsigned char note_inserting(EditLine* edit, wint_t) {
        of(edit)->inserting_ = true;
        return CC_NORM;
    }
    static EditLineEditor* of(EditLine* edit) {
        void* self = nullptr;
        ::el_get(edit, EL_CLIENTDATA, &self);
        return static_cast<EditLineEditor*>(self);
    }
    static int give_key(EditLine* edit, wchar_t* key) { return of(edit)->give_key(*key); }
    int give_key(wchar_t& key);
    void add_functions();
    void bind_keys(bool vi);
    void read_editrc();
    void bind(const wchar_t* key, const wchar_t* command) {
        ::el_wset(edit(), EL_BIND, key, command, nullptr);
    }
    void bind_in_command_map(const wchar_t* key, const wchar_t* command) {
        ::el_wset(edit(), EL_BIND, L"-a", key, command, nullptr);
    }
    [[nodiscard]] EditLine* edit() const { return edit_.get(); }

    std::function<std::optional<wchar_t>()> more_;
    // libedit needs a terminal and sets its modes: it gets a private one, and its output goes to
    // /dev/null.
    UniqueFd near_, far_;
    std::unique_ptr<std::FILE, FileCloser> in_, nowhere_;
    std::unique_ptr<EditLine, EditLineEnder> edit_;
    std::optional<wchar_t> key_;
    bool vi_ = false;
    bool inserting_ = false;   // what kProbe has found
    bool in_command_ = false;  // the command has its first key
    bool idle_ = false;        // nothing is left to run
    bool gave_up_ = false;
    EditorAction action_ = EditorAction::kNone;
};

Result<void> EditLineEditor::start() {
    int near = -1, far = -1;
    const winsize size{24, 80, 0, 0};
    if (::openpty(&near, &far, nullptr, nullptr, &size) != 0)
        return Error::from_errno("a pseudo-terminal for the line editor");
    near_.reset(near);
    far_.reset(far);
    ::fcntl(near, F_SETFD, FD_CLOEXEC);
    ::fcntl(far, F_SETFD, FD_CLOEXEC);
    in_.reset(std::fopen("/dev/null", "re"));
    nowhere_.reset(std::fopen("/dev/null", "we"));
    if (!in_ || !nowhere_) return Error::from_errno("/dev/null");
    edit_.reset(::el_init_fd("tenon", in_.get(), nowhere_.get(), nowhere_.get(), far, far, far));
    if (!edit_) return Error{"the line editor cannot start"};
    ::el_wset(edit(), EL_CLIENTDATA, this);
    ::el_wset(edit(), EL_SIGNAL, 0);
    ::el_wset(edit(), EL_GETCFN, static_cast<el_rfunc_t>(give_key));
    add_functions();
    read_editrc();
    ::el_wset(edit(), EL_UNBUFFERED, 1);
    return {};
}

void EditLineEditor::add_functions() {
    const auto add = [&](const wchar_t* name, unsigned char (*function)(EditLine*, wint_t)) {
        ::el_wset(edit(), EL_ADDFN, name, L"", function);
    };
    add(L"tenon-enter", request<EditorAction::kEnter>);
    add(L"tenon-newline", request<EditorAction::kNewline>);
    add(L"tenon-up", request<EditorAction::kUp>);
    add(L"tenon-down", request<EditorAction::kDown>);
    add(L"tenon-line-start", request<EditorAction::kLineStart>);
    add(L"tenon-line-end", request<EditorAction::kLineEnd>);
    add(L"tenon-search", request<EditorAction::kSearch>);
    add(L"tenon-undo", request<EditorAction::kUndo>);
    add(L"tenon-editor", request<EditorAction::kEditor>);
    add(L"tenon-note-inserting", note_inserting);
    add(L"tenon-complete", request<EditorAction::kComplete>);
}

/// The bindings that differ from libedit's: actions of the owner, keys for texts of several lines,
/// and the usual keys of a shell.
void EditLineEditor::bind_keys(bool vi) {
    ::el_wset(edit(), EL_EDITOR, vi ? L"vi" : L"emacs");
    using Binding = std::pair<const wchar_t*, const wchar_t*>;
    for (const auto& [key, command] :
         std::initializer_list<Binding>{{L"^M", L"tenon-enter"},
                                        {L"^J", L"tenon-newline"},
                                        {L"^P", L"tenon-up"},
                                        {L"^N", L"tenon-down"},
                                        {L"^R", L"tenon-search"},
                                        {L"^I", L"tenon-complete"},
                                        {L"^_", L"tenon-undo"},
                                        {L"^X^U", L"tenon-undo"},
                                        {L"^X^E", L"tenon-editor"},
                                        {L"^D", L"ed-delete-next-char"},
                                        {L"^U", L"vi-kill-line-prev"},
                                        {L"^W", L"ed-delete-prev-word"}})
        bind(key, command);
    if (!vi) {
        for (const auto& [key, command] :
             std::initializer_list<Binding>{{L"^[^M", L"tenon-newline"},
                                            {L"^[^J", L"tenon-newline"},
                                            {L"^A", L"tenon-line-start"},
                                            {L"^E", L"tenon-line-end"},
                                            {L"^[[H", L"tenon-line-start"},
                                            {L"^[[F", L"tenon-line-end"},
                                            {L"^[[3~", L"ed-delete-next-char"},
                                            {L"^[x", L"ed-unassigned"}})  // libedit's own commands
            bind(key, command);
        return;
    }
    const wchar_t probe[] = {kProbe, 0};
    bind(probe, L"tenon-note-inserting");
    for (const auto& [key, command] :
         std::initializer_list<Binding>{{L"^M", L"tenon-enter"},
                                        {L"^J", L"tenon-newline"},
                                        {L"k", L"tenon-up"},
                                        {L"j", L"tenon-down"},
                                        {L"^P", L"tenon-up"},
                                        {L"^N", L"tenon-down"},
                                        {L"/", L"tenon-search"},
                                        {L"^R", L"tenon-search"},
                                        {L"u", L"tenon-undo"},
                                        {L"^_", L"tenon-undo"},
                                        {L"v", L"tenon-editor"},
                                        {L"^X^E", L"tenon-editor"},
                                        {L":", L"ed-unassigned"},
                                        {L"?", L"ed-unassigned"},
                                        {L"[3~", L"ed-delete-next-char"}})
        bind_in_command_map(key, command);
}

/// Maps the commands of libedit for history and Enter to actions of the owner.
std::wstring own_command(const std::wstring& command) {
    static const std::map<std::wstring, std::wstring> own = {
        {L"ed-newline", L"tenon-enter"},
        {L"ed-prev-history", L"tenon-up"},
        {L"ed-search-prev-history", L"tenon-up"},
        {L"ed-next-history", L"tenon-down"},
        {L"ed-search-next-history", L"tenon-down"},
        {L"em-inc-search-prev", L"tenon-search"},
        {L"em-inc-search-next", L"tenon-search"},
        {L"vi-search-prev", L"tenon-search"},
        {L"vi-undo", L"tenon-undo"},
        {L"vi-histedit", L"tenon-editor"},
        {L"ed-command", L"ed-unassigned"},
    };
    const auto found = own.find(command);
    return found == own.end() ? command : found->second;
}

/// The words of each `bind` line of an editrc that is for all programs or for tenon.
std::vector<std::vector<std::wstring>> bind_lines(const std::string& text) {
    std::vector<std::vector<std::wstring>> lines;
    std::wistringstream in(to_wide(text));
    for (std::wstring line; std::getline(in, line);) {
        const std::unique_ptr<TokenizerW, TokenizerEnder> tokenizer(::tok_winit(nullptr));
        int count = 0;
        const wchar_t** words = nullptr;
        if (::tok_wstr(tokenizer.get(), line.c_str(), &count, &words) != 0 || count < 2) continue;
        const std::wstring verb = words[0];
        if (verb != L"bind" && verb != L"tenon:bind" && verb != L"*:bind") continue;
        lines.push_back({L"bind"});
        for (int i = 1; i < count; ++i)
            lines.back().push_back(own_command(words[i]));
    }
    return lines;
}

void EditLineEditor::read_editrc() {
    bool& vi = vi_;
    auto lines = bind_lines(editrc_text());
    // Choosing emacs or vi removes all bindings, so it comes first.
    for (auto line = lines.begin(); line != lines.end();) {
        const bool chooses = (*line)[1] == L"-v" || (*line)[1] == L"-e";
        if (chooses) vi = (*line)[1] == L"-v";
        line = chooses ? lines.erase(line) : line + 1;
    }
    bind_keys(vi);
    for (const auto& line : lines) {
        std::vector<const wchar_t*> words;
        for (const std::wstring& word : line)
            words.push_back(word.c_str());
        words.push_back(nullptr);
        (void)::el_wparse(edit(), static_cast<int>(line.size()), words.data());
    }
}

bool EditLineEditor::binds_alt(wchar_t c) {
    if (vi_) return false;
    std::wstring keys = L"^[";
    if (c == L'^' || c == L'\\') keys += L'\\';
    keys += c;
    char* text = nullptr;
    std::size_t size = 0;
    // libedit tells what is bound only in print.
    std::unique_ptr<std::FILE, FileCloser> out(::open_memstream(&text, &size));
    if (!out) return false;
    ::el_wset(edit(), EL_SETFP, 1, out.get());
    ::el_wset(edit(), EL_BIND, keys.c_str(), nullptr);
    ::el_wset(edit(), EL_SETFP, 1, nowhere_.get());
    out.reset();
    const std::unique_ptr<char, decltype(&std::free)> owner(text, std::free);
    const std::string_view found(text, size);
    return found.find("->") != std::string_view::npos &&
           found.find("ed-unassigned") == std::string_view::npos;
}

bool EditLineEditor::is_in_vi_insert_mode() {
    if (!vi_) return false;
    inserting_ = false;
    (void)feed(kProbe);
    return inserting_;
}

EditorAction EditLineEditor::feed(wchar_t key) {
    key_ = key;
    action_ = EditorAction::kNone;
    gave_up_ = false;
    // A key may be bound to a sequence of keys: run libedit until it asks for a new key.
    for (idle_ = false; !idle_ && !gave_up_;) {
        in_command_ = false;
        int count = 0;
        ::el_wgets(edit(), &count);
        if (action_ != EditorAction::kNone) break;
    }
    const LineInfoW* line = ::el_wline(edit());
    if (gave_up_ && line->lastchar > line->buffer && line->lastchar[-1] == kEndOfInput)
        ::el_wdeletestr(edit(), 1);
    return action_;
}

int EditLineEditor::give_key(wchar_t& key) {
    if (key_) {
        key = *std::exchange(key_, std::nullopt);
        in_command_ = true;
        return 1;
    }
    if (in_command_)
        if (const auto next = more_()) {
            key = *next;
            return 1;
        }
    (in_command_ ? gave_up_ : idle_) = true;
    errno = 0;
    key = 0;
    return -1;
}

void EditLineEditor::set(std::string_view before, std::string_view after) {
    const std::wstring front = to_wide(before), back = to_wide(after);
    if (front.empty() && back.empty()) {
        clear();
        return;
    }
    ::el_wreplacestr(edit(), (front + back).c_str());
    ::el_cursor(edit(), static_cast<int>(front.size()) - ::el_cursor(edit(), 0));
}

void EditLineEditor::clear() {
    ::el_wset(edit(), EL_UNBUFFERED, 0);
    ::el_wset(edit(), EL_UNBUFFERED, 1);
}

}  // namespace

Result<std::unique_ptr<LineEditor>> LineEditor::open(std::function<std::optional<wchar_t>()> more) {
    auto editor = std::make_unique<EditLineEditor>(std::move(more));
    if (auto started = editor->start(); !started) return started.error();
    return std::unique_ptr<LineEditor>(std::move(editor));
}

std::string editrc_text() {
    constexpr std::size_t kMaxBytes = 256 << 10;
    const char* file = ::secure_getenv("EDITRC");
    const char* home = ::secure_getenv("HOME");
    if (file != nullptr) return read_whole_file(file, kMaxBytes).value_or("");
    if (home == nullptr) return "";
    return read_whole_file(std::filesystem::path(home) / ".editrc", kMaxBytes).value_or("");
}

}  // namespace tenon::terminal
