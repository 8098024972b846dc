#pragma once
// As asio.hpp, for unit tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmake/pch/asio.hpp"
