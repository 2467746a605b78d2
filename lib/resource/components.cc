// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/components.h"

#include <algorithm>

namespace fettle::resource {
namespace {

// Tarjan's algorithm with its recursion written out as a stack of (node, next edge).
class Search {
 public:
  explicit Search(const Edges& edges)
      : edges_(edges), seen_(edges.size(), 0), low_(edges.size(), 0), component_(edges.size(), 0) {}

  std::vector<std::size_t> Run() {
    for (std::size_t node = 0; node < edges_.size(); ++node) {
      if (seen_[node] == 0) {
        From(node);
      }
    }
    return std::move(component_);
  }

 private:
  struct Frame {
    std::size_t node;
    std::size_t next_edge;
  };

  void Enter(std::size_t node) {
    seen_[node] = low_[node] = ++counter_;
    open_.push_back(node);
    frames_.push_back({node, 0});
  }

  void From(std::size_t start) {
    Enter(start);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::size_t node = frame.node;
      if (frame.next_edge == edges_[node].size()) {
        Leave(node);
        continue;
      }
      const std::size_t target = edges_[node][frame.next_edge++];
      if (seen_[target] == 0) {
        Enter(target);
      } else if (seen_[target] != kClosed) {
        low_[node] = std::min(low_[node], seen_[target]);
      }
    }
  }

  void Leave(std::size_t node) {
    frames_.pop_back();
    if (!frames_.empty()) {
      std::size_t& parent = low_[frames_.back().node];
      parent = std::min(parent, low_[node]);
    }
    if (low_[node] != seen_[node]) {
      return;
    }
    std::size_t member = 0;
    do {
      member = open_.back();
      open_.pop_back();
      seen_[member] = kClosed;
      component_[member] = components_;
    } while (member != node);
    ++components_;
  }

  static constexpr std::size_t kClosed = static_cast<std::size_t>(-1);

  const Edges& edges_;
  std::vector<std::size_t>
      seen_;  // 0 not yet; when it was entered; kClosed once its component is known.
  std::vector<std::size_t> low_;
  std::vector<std::size_t> component_;
  std::vector<std::size_t> open_;
  std::vector<Frame> frames_;
  std::size_t counter_ = 0;
  std::size_t components_ = 0;
};

}  // namespace

std::vector<std::size_t> Components(const Edges& edges) {
  return Search(edges).Run();
}

}  // namespace fettle::resource
