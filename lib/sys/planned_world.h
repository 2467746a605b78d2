// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fettle::sys {

// How sure a plan is of what it says.
enum class Confidence : uint8_t {
  kCertain,    // Rests on what is there now.
  kPredicted,  // Rests on what earlier planned steps are known to bring.
  kLow,        // Rests on a guess: an archive that is not at hand, a step of unknown effect.
};

// One thing that a plan would do.
struct PlannedOperation {
  std::string what;
  bool opaque = false;  // What it does to the host cannot be foreseen.
  bool operator==(const PlannedOperation&) const = default;
};

// What the parts of a PlannedHost share: what would have been done, and how sure the answers are.
// Writers are used by one thread; answers may be asked for by many.
class PlannedWorld {
 public:
  void Note(std::string what, bool opaque = false) {
    operations_.push_back({std::move(what), opaque});
    changed_ = true;
    clouded_ = clouded_ || opaque;
  }

  // An opaque step that usually does not decide whether later ones can be done.
  void NoteScripts(std::string what) {
    operations_.push_back({std::move(what), true});
    scripts_ = true;
  }

  std::vector<PlannedOperation> TakeOperations() { return std::exchange(operations_, {}); }

  // An answer rests on the overlay.
  void Rely(Confidence confidence) const {
    auto seen = confidence_.load();
    while (seen < confidence && !confidence_.compare_exchange_weak(seen, confidence)) {
    }
  }

  Confidence TakeConfidence() { return confidence_.exchange(Confidence::kCertain); }

  // Something was planned whose effect is not known: what is missing may be there by then.
  bool clouded() const { return clouded_; }

  // Steps were planned that may do more than is foreseen: that a later one cannot be done is not
  // certain.
  bool opaque() const { return clouded_ || scripts_; }

  // Anything was planned.
  bool changed() const { return changed_; }

  void Cloud() { clouded_ = true; }

 private:
  std::vector<PlannedOperation> operations_;
  mutable std::atomic<Confidence> confidence_ = Confidence::kCertain;
  bool clouded_ = false;
  bool scripts_ = false;
  bool changed_ = false;
};

}  // namespace fettle::sys
