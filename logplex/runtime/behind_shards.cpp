#include "logplex/runtime/behind_shards.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice {

void work_behind_shards(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceBehindShards);
}

}  // namespace sluice
