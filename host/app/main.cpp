#include "host/app/application.h"
#include "host/jobs/launcher.h"

int main(int argc, char** argv) {
    tenon::jobs::Launcher::serve_if_launcher(argv);
    return tenon::app::Application::run_program(argc, argv);
}
