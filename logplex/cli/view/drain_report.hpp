#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace sluice::cli {

/// Drains as a table, one row each.
std::string drain_table(const boost::json::array& drains);
/// One drain with all its figures.
std::string drain_facts(const boost::json::value& drain);
/// The outcome of a test line: status, latency, TLS facts, error class.
std::string drain_test_facts(const boost::json::value& outcome);
/// False if the outcome says that the receiver did not take the line.
bool drain_test_passed(const boost::json::value& outcome);

}  // namespace sluice::cli
