#include "logplex/base/bytes/aligned_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace sluice {

/// Does not use the heap, which may be exhausted.
void out_of_memory(std::size_t size) {
  std::array<char, 128> text{};
  const int length = size == 0 ? std::snprintf(text.data(), text.size(), "sluiced: out of memory\n")
                               : std::snprintf(text.data(), text.size(),
                                               "sluiced: out of memory: the system has no %zu bytes\n", size);
  if (length > 0) static_cast<void>(!::write(STDERR_FILENO, text.data(), static_cast<std::size_t>(length)));
  std::abort();
}

void end_when_out_of_memory() {
  std::set_new_handler([] { out_of_memory(0); });
}

/// Maps twice the size, then unmaps what lies outside the aligned part.
void* map_aligned_pages(std::size_t size) {
  void* const mapped = ::mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) out_of_memory(size);
  char* const begin = static_cast<char*>(mapped);
  const std::size_t before = (size - reinterpret_cast<std::uintptr_t>(begin) % size) % size;
  if (before != 0) unmap_pages(begin, before);
  unmap_pages(begin + before + size, size - before);
  return begin + before;
}

void unmap_pages(void* memory, std::size_t size) { ::munmap(memory, size); }

}  // namespace sluice
