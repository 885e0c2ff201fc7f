#include "app/cli.h"

int main(int argc, char** argv) { return hf::app::run_command_line(argc, argv); }
