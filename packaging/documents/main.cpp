#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/base/untrusted.h"
#include "host/cli/machine_surroundings.h"
#include "host/config/key_texts.h"

#include "packaging/documents/pages.h"
#include "packaging/documents/settings_files.h"

/// A program of the build. It writes what documents and packages take from the program's own
/// tables; see packaging/documents/CMakeLists.txt for the files.
namespace tenon::documents {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return text.str();
}

/// `tenon-jobs.1.in` becomes `share/man/man1/tenon-jobs.1`.
void write_page(const fs::path& page_template, const fs::path& prefix, const Edition& edition) {
    const fs::path name = page_template.stem();
    const auto page = page_of(content_of(page_template), edition);
    if (!page) throw std::runtime_error(page_template.string() + ": " + page.error().message);
    write(prefix / "share/man" / ("man" + name.extension().string().substr(1)) / name, *page);
}

/// The tools of the plugins in the build tree, as completion reads them.
std::string tool_list(const fs::path& prefix) {
    config::Sources sources;
    sources.prefix = prefix;
    sources.system = prefix / "no configuration";
    sources.cwd = prefix;
    config::Settings settings = config::examine(sources, {}).settings;
    settings.plugins.path = {prefix / "lib/tenon/plugins"};
    std::string list;
    for (const cli::SurveyedPlugin& plugin : cli::survey_plugins(settings)) {
        for (const cli::SurveyedTool& tool : plugin.tools)
            if (plugin.first_party)
                list += tool.name + "\t" +
                        std::string(config::first_sentence(harmless_line(tool.spec.description))) +
                        "\n";
    }
    return list;
}

int run(const std::vector<std::string>& words) {
    if (words.size() < 3)
        throw std::runtime_error("usage: tenon-documents PREFIX VERSION DATE TEMPLATE...");
    const fs::path prefix = words[0];
    const Edition edition{words[1], words[2]};
    for (std::size_t i = 3; i < words.size(); ++i)
        write_page(words[i], prefix, edition);
    write(prefix / "documents/tenon.xml", settings_in_xml());
    write(prefix / "documents/tenon.properties", settings_in_properties());
    write(prefix / cli::kToolList, tool_list(prefix));
    return 0;
}

}  // namespace
}  // namespace tenon::documents

int main(int argc, char** argv) {
    try {
        return tenon::documents::run({argv + 1, argv + argc});
    } catch (const std::exception& e) {
        std::cerr << "tenon-documents: " << e.what() << '\n';
        return 1;
    }
}
