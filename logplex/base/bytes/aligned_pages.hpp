#pragma once

#include <cstddef>

namespace sluice {

/// Fresh memory from the system, `size` bytes at a multiple of `size` (a power of two, at least a page). Give it back
/// with unmap_pages(). When there is none the process ends as in out_of_memory().
void* map_aligned_pages(std::size_t size);
void unmap_pages(void* memory, std::size_t size);

/// The one thing that we do when the system has no memory for us: says so on stderr and aborts. A process that goes on
/// without what it asked for would fail later, and elsewhere.
[[noreturn]] void out_of_memory(std::size_t size);
/// Has operator new do the same. At start.
void end_when_out_of_memory();

}  // namespace sluice
