#include "logplex/channel/line_batch.hpp"

#include <algorithm>

namespace sluice {

LineBatch::LineBatch(std::size_t record_size)
    : capacity_(std::max(kUsualSize, kPrefix + record_size)), bytes_(new std::byte[capacity_]) {
  pressing.reserve(kMostPressing);
}

}  // namespace sluice
