#include "host/app/application.h"

int main(int argc, char** argv) {
    return tenon::app::Application::run_program(argc, argv);
}
