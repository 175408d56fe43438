#include "host/config/environment_variables.h"

#include <array>

namespace tenon::config {
namespace {

// clang-format off
constexpr std::array kVariables = {
    VariableSpec{"ANTHROPIC_API_KEY", "The API key for the provider anthropic, which Anthropic's own address needs. It is read once, then removed from the environment, and never passed to commands."},
    VariableSpec{"OPENAI_API_KEY", "The same for the providers openai and openai-responses and OpenAI's own address."},
    VariableSpec{"ANTHROPIC_BASE_URL", "The address of the server, as model.baseUrl, for the provider anthropic."},
    VariableSpec{"OPENAI_BASE_URL", "The same for the providers openai and openai-responses."},
    VariableSpec{"TENON_MODEL", "The model to ask, as model.name."},
    VariableSpec{"MODEL_ID", "The same, while TENON_MODEL is not set."},
    VariableSpec{"TENON_CONFIG", "One more configuration file."},
    VariableSpec{"TENON_PLUGIN_PATH", "More plugins directories, separated by colons."},
    VariableSpec{"TENON_STATE_DIR", "The directory of sessions, jobs and trust. Default: $XDG_STATE_HOME/tenon."},
    VariableSpec{"XDG_CONFIG_HOME", "The directory of configuration files. Default: ~/.config."},
    VariableSpec{"XDG_STATE_HOME", "The directory of state. Default: ~/.local/state."},
    VariableSpec{"XDG_DATA_HOME", "The directory of data, with tenon/plugins in it. Default: ~/.local/share."},
    VariableSpec{"HOME", "The home directory. Default: what the password file says."},
    VariableSpec{"HTTPS_PROXY", "The proxy for https, while model.proxy is not set."},
    VariableSpec{"https_proxy", "The same, while HTTPS_PROXY is not set."},
    VariableSpec{"NO_PROXY", "The hosts that are reached without a proxy, also without that of model.proxy."},
    VariableSpec{"no_proxy", "The same, while NO_PROXY is not set."},
    VariableSpec{"SSL_CERT_FILE", "The certificates of authorities, as model.caFile."},
    VariableSpec{"SSL_CERT_DIR", "A directory with such certificates, as 'openssl rehash' prepares it. It has no effect where model.caFile is set or locked."},
    VariableSpec{"TERM", "The kind of terminal. With dumb, no escape sequence is written."},
    VariableSpec{"TERM_PROGRAM", "The program that is the terminal. Where it is WezTerm or mintty, keys with modifiers are told apart without asking. Where it is iTerm.app, WezTerm, ghostty or WarpTerminal, desktop notifications are sent, see terminal.notify."},
    VariableSpec{"LC_TERMINAL", "The same over SSH, where it is iTerm2."},
    VariableSpec{"KITTY_WINDOW_ID", "Set inside kitty, which gets desktop notifications too."},
    VariableSpec{"TMUX", "Set inside tmux. Then no desktop notification is sent, see terminal.notify."},
    VariableSpec{"STY", "Set inside screen, with the same effect."},
    VariableSpec{"VISUAL", "The editor for the line that is being typed (Ctrl-X Ctrl-E); it may have arguments."},
    VariableSpec{"EDITOR", "The same, while VISUAL is not set. Default: vi, else nano."},
    VariableSpec{"NO_COLOR", "If it is set, output has no colours."},
    VariableSpec{"COLUMNS", "The width of output, in the place of the terminal's."},
    VariableSpec{"LINES", "The height of the screen, in the place of the terminal's."},
    VariableSpec{"PAGER", "The program that shows long texts in the interactive session, for /bin/sh. Default: Tenon's own pager."},
    VariableSpec{"LESS", "If it is not set, the program of PAGER gets LESS=-R."},
    VariableSpec{"EDITRC", "The file with key bindings. Default: ~/.editrc."},
    VariableSpec{"TMPDIR", "Where the temporary directories of commands in the sandbox are made. Default: /tmp."},
    VariableSpec{"TENON_JOB_ID", "Set for a command that runs as a job: the job's id."},
};
// clang-format on

}  // namespace

std::span<const VariableSpec> environment_variables() {
    return kVariables;
}

}  // namespace tenon::config
