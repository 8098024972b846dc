/* Preloaded into a node by the test of the storm itself, to show that the storm sees a fault.
 *
 * STORM_FAULT=lose_line: the 20th piece that is written to the port STORM_PORT is not sent, but reported as sent.
 * STORM_FAULT=leak_descriptor: every 20th close() of a connection does nothing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int is(const char *fault) {
  const char *wanted = getenv("STORM_FAULT");
  return wanted != NULL && strcmp(wanted, fault) == 0;
}

static int to_the_port(int fd) {
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  const char *port = getenv("STORM_PORT");
  return port != NULL && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
         ntohs(peer.sin_port) == atoi(port);
}

static int lost(int fd) {
  static int pieces = 0;
  return is("lose_line") && to_the_port(fd) && __atomic_add_fetch(&pieces, 1, __ATOMIC_RELAXED) == 20;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
  static ssize_t (*real)(int, const void *, size_t, int);
  if (real == NULL) real = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
  return lost(fd) ? (ssize_t)size : real(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);
  if (real == NULL) real = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
  if (!lost(fd)) return real(fd, message, flags);
  size_t size = 0;
  for (size_t i = 0; i < message->msg_iovlen; ++i) size += message->msg_iov[i].iov_len;
  return (ssize_t)size;
}

int close(int fd) {
  static int closed = 0;
  static int (*real)(int);
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  if (is("leak_descriptor") && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
      __atomic_add_fetch(&closed, 1, __ATOMIC_RELAXED) % 20 == 0) {
    shutdown(fd, SHUT_RDWR);
    return 0;
  }
  return real(fd);
}
