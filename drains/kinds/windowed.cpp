#include "drains/kinds/windowed.hpp"

namespace sluice::drains {

SendReport Windowed::break_report() const {
  SendReport report;
  report.error_class = ErrorClass::kClosed;
  report.error = "the receiver closed the connection before it had everything";
  return report;
}

}  // namespace sluice::drains
