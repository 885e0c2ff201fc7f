#include "app/load_context.h"

#include "app/event_catalogue.h"

namespace hf::app {

config::LoadContext load_context() {
  config::LoadContext context = config::system_context();
  context.events = event_catalogue();
  return context;
}

}  // namespace hf::app
