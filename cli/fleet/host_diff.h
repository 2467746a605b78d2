// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fettle/v1/fleet.pb.h"

// What differs between two hosts, or between one host at two times. Pure.
namespace fettle::cli {

// "" before: it was not there; "" after: it is no more.
struct Changed {
  std::string name;
  std::string before;
  std::string after;
  bool operator==(const Changed&) const = default;
};

// Resources by id: their states, with the error of one that failed.
std::vector<Changed> DiffStates(const v1::HostDetail& before, const v1::HostDetail& after);

// Facts by their dotted names. What is no JSON object has no facts.
std::vector<Changed> DiffFacts(std::string_view before, std::string_view after);

}  // namespace fettle::cli
