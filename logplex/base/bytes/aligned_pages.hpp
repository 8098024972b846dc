#pragma once

#include <cstddef>

namespace sluice {

/// Maps `size` bytes of fresh memory, aligned to `size` (a power of two, at least a page). Free it with unmap_pages().
/// If the system has no memory, calls out_of_memory().
void* map_aligned_pages(std::size_t size);
void unmap_pages(void* memory, std::size_t size);

/// Reports on stderr that the system has no memory, and aborts. A process that continued without it would fail later,
/// and elsewhere.
[[noreturn]] void out_of_memory(std::size_t size);
/// Makes operator new call out_of_memory() when it fails. Call at start-up.
void end_when_out_of_memory();

}  // namespace sluice
