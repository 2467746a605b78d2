// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <fmt/format.h>

namespace fettle {

// The message of `status` as std text (Debian's abseil has a string_view of its own).
inline std::string_view Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// `status` with one phrase of context put before its message: "phrase: message". The code stays.
// An OK status is returned as it is.
inline absl::Status Annotate(const absl::Status& status, std::string_view phrase) {
  if (status.ok()) {
    return status;
  }
  return {status.code(), fmt::format("{}: {}", phrase, Message(status))};
}

// Shorthands for the codes we branch on (house rule: codes have one meaning everywhere).
//   kInvalidArgument recipe or request wrong; kNotFound absent; kPermissionDenied;
//   kFailedPrecondition do not retry until someone acts; kUnavailable retry with back-off;
//   kDeadlineExceeded; kAborted state moved under us; kInternal our bug.
template <typename... Args>
absl::Status InvalidArgument(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status NotFound(fmt::format_string<Args...> format, Args&&... args) {
  return absl::NotFoundError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status FailedPrecondition(fmt::format_string<Args...> format, Args&&... args) {
  return absl::FailedPreconditionError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status Unavailable(fmt::format_string<Args...> format, Args&&... args) {
  return absl::UnavailableError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status PermissionDenied(fmt::format_string<Args...> format, Args&&... args) {
  return absl::PermissionDeniedError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status DeadlineExceeded(fmt::format_string<Args...> format, Args&&... args) {
  return absl::DeadlineExceededError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status Aborted(fmt::format_string<Args...> format, Args&&... args) {
  return absl::AbortedError(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status Internal(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InternalError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace fettle

#define FETTLE_CONCAT_INNER(a, b) a##b
#define FETTLE_CONCAT(a, b) FETTLE_CONCAT_INNER(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.

// Returns from the enclosing function with the status of `expression` unless it is OK. May stand
// inside a lambda that is an argument of another one.
#define RETURN_IF_ERROR(expression) \
  FETTLE_RETURN_IF_ERROR(FETTLE_CONCAT(_status_, __COUNTER__), expression)
#define FETTLE_RETURN_IF_ERROR(var, expression)       \
  do {                                                \
    if (absl::Status var = (expression); !var.ok()) { \
      return var;                                     \
    }                                                 \
  } while (false)

// Evaluates `expression` (a StatusOr<T>); returns its status on error, otherwise moves the value
// into `lhs`.
#define ASSIGN_OR_RETURN(lhs, expression) \
  FETTLE_ASSIGN_OR_RETURN(FETTLE_CONCAT(_status_or_, __COUNTER__), lhs, expression)
#define FETTLE_ASSIGN_OR_RETURN(var, lhs, expression) \
  auto var = (expression);                            \
  if (!var.ok()) {                                    \
    return std::move(var).status();                   \
  }                                                   \
  lhs = std::move(var).value()

// NOLINTEND(bugprone-macro-parentheses)
