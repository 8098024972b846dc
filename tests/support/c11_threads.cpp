#if defined(__SANITIZE_THREAD__)
// librdkafka takes threads and locks by their C11 names, which ThreadSanitizer does not watch: it would see no lock,
// and stumble over threads that nobody began. In programs that are built for it these stand before the C library's, and
// are the POSIX ones that it watches. glibc makes them the same objects.
#include <pthread.h>
#include <threads.h>

#include <cerrno>

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

int answer(int error) {
  if (error == 0) return thrd_success;
  if (error == ETIMEDOUT) return thrd_timedout;
  return error == EBUSY ? thrd_busy : thrd_error;
}

struct Begin {
  thrd_start_t run;
  void* argument;
};

void* run_thread(void* given) {
  const Begin begin = *static_cast<Begin*>(given);
  delete static_cast<Begin*>(given);
  return reinterpret_cast<void*>(static_cast<long>(begin.run(begin.argument)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
  return answer(pthread_create(thread, nullptr, run_thread, new Begin{run, argument}));
}
int thrd_join(thrd_t thread, int* result) {
  void* end = nullptr;
  const int error = pthread_join(thread, &end);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<long>(end));
  return answer(error);
}
int thrd_detach(thrd_t thread) { return answer(pthread_detach(thread)); }

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(posix(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return answer(error);
}
int mtx_lock(mtx_t* mutex) { return answer(pthread_mutex_lock(posix(mutex))); }
int mtx_trylock(mtx_t* mutex) { return answer(pthread_mutex_trylock(posix(mutex))); }
int mtx_unlock(mtx_t* mutex) { return answer(pthread_mutex_unlock(posix(mutex))); }
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(posix(mutex)); }

int cnd_init(cnd_t* condition) { return answer(pthread_cond_init(posix(condition), nullptr)); }
int cnd_signal(cnd_t* condition) { return answer(pthread_cond_signal(posix(condition))); }
int cnd_broadcast(cnd_t* condition) { return answer(pthread_cond_broadcast(posix(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) { return answer(pthread_cond_wait(posix(condition), posix(mutex))); }
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return answer(pthread_cond_timedwait(posix(condition), posix(mutex), until));
}
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(posix(condition)); }

// It counts references with atomics that are not watched either: ops/librdkafka builds it without a sanitizer, and so
// that its files go by this name.
const char* __tsan_default_suppressions() { return "race:librdkafka/src/"; }

}  // extern "C"
#endif
