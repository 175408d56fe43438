#include "tests/permission/judged_workspace.h"

#include <cstdlib>
#include <sys/stat.h>

#include "tests/support/tool_facts.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

void must_run(const std::string& command) {
    if (std::system(command.c_str()) != 0)  // NOLINT(cert-env33-c)
        throw std::runtime_error("failed: " + command);
}

}  // namespace

JudgedWorkspace::JudgedWorkspace() {
    for (const char* name :
         {"w/src", "w/docs", "w/empty", "w/with blank", "w/dashes", "w/denied", "home", "outside"})
        fs::create_directories(dir_ / name);
    dir_.write("w/a.txt", "one\ntwo\ntwo\nthree\n");
    dir_.write("w/b.txt", "one\nfour\n");
    dir_.write("w/data.csv", "b,2\na,1\n");
    dir_.write("w/list.txt", "a.txt\n");
    dir_.write("w/patterns.txt", "one\n");
    dir_.write("w/src/main.c", "int main(void) { return 0; }\n");
    dir_.write("w/src/util.c", "int util(void) { return 1; }\n");
    dir_.write("w/docs/readme.md", "main text\n");
    dir_.write("w/with blank/file one", "text\n");
    dir_.write("w/denied/key", "a key\n");
    for (const char* name : {"-o", "-oevil", "-delete", "--output=x"})
        dir_.write(std::string("w/dashes/") + name, "text\n");
    dir_.write("outside/secret", "secret\n");
    dir_.write("home/.bashrc", "");
    fs::create_directory_symlink("src", path() / "inside");
    fs::create_directory_symlink("../outside", path() / "out");
    fs::create_directory_symlink("..", path() / "link_up");
    fs::create_symlink("a.txt", path() / "alias.txt");
    fs::create_symlink("denied/key", path() / "alias_denied");
    fs::create_symlink("/etc/passwd", path() / "passwd");
    fs::create_symlink("../outside/new", path() / "dangling_out");
    fs::create_symlink("loop", path() / "loop");
    if (::mkfifo((path() / "pipe").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    must_run("cd '" + path().string() + "' && export HOME='" + (dir_ / "home").string() +
             "' GIT_CONFIG_NOSYSTEM=1 && git -c init.defaultBranch=main init -q && "
             "git config user.name Nobody && git config user.email nobody@localhost && "
             "git add a.txt b.txt src docs && git commit -q -m first && "
             "echo five >> b.txt && git add b.txt && git commit -q -m second && "
             "echo six >> b.txt && git update-index -q --refresh; true");
}

Config JudgedWorkspace::config() const {
    Config config;
    config.workspace = path();
    config.home = dir_ / "home";
    return config;
}

/// Copies the repository of the workspace to the directory `name`, with more configuration.
void JudgedWorkspace::repository(const std::string& name, const std::string& config) const {
    const fs::path top = path() / name;
    fs::create_directories(top / "sub");
    fs::copy(path() / ".git", top / ".git", fs::copy_options::recursive);
    fs::copy(path() / "a.txt", top / "a.txt");
    const std::string file = name + "/.git/config";
    dir_.write(fs::path("w") / file, dir_.read(fs::path("w") / file) + config);
}

void JudgedWorkspace::add_hostile_repositories() const {
    const fs::path w = path();
    repository("r_fsmonitor", "[core]\n\tfsmonitor = ./mark\n");
    repository("r_fsmonitor_true", "[core]\n\tfsmonitor\n");
    repository("r_pager", "[core]\n\tpager = ./mark\n");
    repository("r_pager_log", "[pager]\n\tlog = ./mark\n");
    repository("r_external", "[diff]\n\texternal = ./mark\n");
    repository("r_external_driver", "[diff \"x\"]\n\tcommand = ./mark\n");
    repository("r_textconv", "[diff \"x\"]\n\ttextconv = ./mark\n");
    repository("r_clean", "[filter \"x\"]\n\tclean = ./mark\n");
    repository("r_process", "[filter \"x\"]\n\tprocess = ./mark\n");
    repository("r_hooks_path", "[core]\n\thooksPath = .\n");
    repository("r_hook", "");
    dir_.write("w/r_hook/.git/hooks/post-index-change", "#!/bin/sh\n");
    repository("r_include", "[include]\n\tpath = ../evil\n");
    repository("r_include_if", "[includeIf \"gitdir:/\"]\n\tpath = ../evil\n");
    repository("r_gpg", "[gpg]\n\tprogram = ./mark\n");
    repository("r_show_signature", "[log]\n\tshowSignature = true\n");
    repository("r_worktree", "[core]\n\tworktree = /\n");
    repository("r_worktree_config", "[extensions]\n\tworktreeConfig = true\n");
    repository("r_partial", "[remote \"x\"]\n\turl = ext::./mark\n\tpromisor = true\n");
    repository("r_alias", "[alias]\n\tstatus = !./mark\n");
    repository("r_editor", "[core]\n\teditor = ./mark\n");
    repository("r_ssh", "[core]\n\tsshCommand = ./mark\n");
    repository("r_continued", "[user]\n\tname = x \\\n[core]\n\tfsmonitor = ./mark\n");
    repository("r_one_line", "[core] fsmonitor = ./mark\n");
    repository("r_old_section", "[diff.x]\n\ttextconv = ./mark\n");
    repository("r_quoted", "[remote \"x\\\"]\"]\n\turl = y\n");
    repository("r_unknown", "[some]\n\tkey = value\n");
    repository("r_nul", std::string("[user]\n\tname = a\0b\n", 18));
    repository("r_config_link", "");
    fs::rename(w / "r_config_link/.git/config", w / "r_config_link/real");
    fs::create_symlink("../real", w / "r_config_link/.git/config");
    repository("r_config_fifo", "");
    fs::remove(w / "r_config_fifo/.git/config");
    if (::mkfifo((w / "r_config_fifo/.git/config").c_str(), 0600) != 0)
        throw std::runtime_error("mkfifo");
    repository("r_alternates", "");
    dir_.write("w/r_alternates/.git/objects/info/alternates", "/tmp\n");
    repository("r_objects_link", "");
    fs::rename(w / "r_objects_link/.git/objects", dir_ / "outside/objects");
    fs::create_directory_symlink(dir_ / "outside/objects", w / "r_objects_link/.git/objects");
    repository("r_modules", "");
    dir_.write("w/r_modules/.gitmodules", "");
    repository("r_gitlink", "");
    must_run("cd '" + (w / "r_gitlink").string() +
             "' && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),inner");
    repository("r_split_index", "");
    must_run("cd '" + (w / "r_split_index").string() + "' && git update-index --split-index");
    repository("r_bad_index", "");
    dir_.write("w/r_bad_index/.git/index", "DIRC and more");
    repository("r_bare_files", "");
    fs::rename(w / "r_bare_files/.git", w / "r_bare_moved");
    fs::remove_all(w / "r_bare_files");
    fs::rename(w / "r_bare_moved", w / "r_bare_files");
    fs::copy(w / ".git", dir_ / "outside/git", fs::copy_options::recursive);
    dir_.write("w/r_file_outside/.git", "gitdir: ../../outside/git\n");
    dir_.write("w/r_file_nowhere/.git", "what is this\n");
    fs::create_directories(w / "r_link_outside");
    fs::create_directory_symlink("../../outside/git", w / "r_link_outside/.git");
    fs::create_directories(w / "r_empty_git/.git");
}

agent::ToolSpec own_tool(const std::string& name, bool read_only) {
    agent::ToolSpec spec;
    spec.name = name;
    spec.first_party = true;
    spec.read_only = read_only;
    spec.facts = testing::facts_of(name);
    return spec;
}

agent::Gate::Verdict judged(RuleGate& gate, const std::string& command, const std::string& cwd) {
    Json input = {{"command", command}};
    if (!cwd.empty()) input["cwd"] = cwd;
    return gate.judge(own_tool("bash"), {"id", "bash", input, {}}, {});
}

std::vector<config::RuleText> rule_texts(const std::vector<std::string>& texts) {
    std::vector<config::RuleText> out;
    for (const std::string& text : texts)
        out.push_back({text, "a test", {}});
    return out;
}

std::vector<std::string> corpus(const std::string& name) {
    std::ifstream in(fs::path(TENON_CORPUS) / name);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.compare(0, 2, "# ") == 0) continue;
        const std::string newline = "⏎";
        for (auto at = line.find(newline); at != std::string::npos; at = line.find(newline))
            line.replace(at, newline.size(), "\n");
        out.push_back(line);
    }
    return out;
}

}  // namespace tenon::permission
