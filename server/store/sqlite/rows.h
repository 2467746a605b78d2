// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "server/store/sqlite/database.h"
#include "server/store/types.h"

// Rows of states, history and drift as values.
namespace fettle::server::sqlite {

// Columns id, state, since, record, run, revision from `first` on.
StateRecord ReadState(const Row& row, int first);

// What the column record of a resource that is not at rest says of what is off.
void ReadDetails(std::string_view record, ControlState* state);

// kDriftColumns (partitions.h).
DriftEntry ReadDrift(const Row& row);

// Sorts by what `time` says of each and keeps the first `most`.
template <typename T, typename Time>
void NewestFirst(std::vector<T>* list, uint32_t most, Time time) {
  std::stable_sort(
      list->begin(), list->end(), [&](const T& a, const T& b) { return time(a) > time(b); });
  if (list->size() > most) {
    list->erase(list->begin() + most, list->end());
  }
}

// NewestFirst() when there are far more than wanted, so that no question fills the memory.
template <typename T, typename Time>
void KeepFew(std::vector<T>* list, uint32_t most, Time time) {
  if (list->size() / 2 > most) {
    NewestFirst(list, most, time);
  }
}

}  // namespace fettle::server::sqlite
