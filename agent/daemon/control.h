// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/control/ask_agent.h"

namespace fettle::agent {

// The local control socket: those who are root (or whoever the agent runs as) on the host ask the
// agent something. One request a connection: words separated by tabs, one line; the answer is an
// exit code, a newline, and text for people. Never blocks. One thread.
class ControlServer {
 public:
  // Sends the answer, now or later; without effect when the asker has gone.
  using Reply = std::function<void(int exit_code, const std::string& text)>;
  using Handler = std::function<void(const std::vector<std::string>& words, Reply reply)>;

  // Replaces a socket that an earlier agent left.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Listen(const std::string& path,
                                                               Handler handler);

  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // What to watch for something to read.
  std::vector<int> fds() const;

  void OnReadable(int fd);

 private:
  static constexpr std::size_t kMostAskers = 16;

  struct Asker {
    int fd = -1;
    uint64_t id = 0;
    std::string request;
    bool asked = false;
  };

  ControlServer(std::string path, int fd, Handler handler)
      : path_(std::move(path)), fd_(fd), handler_(std::move(handler)) {}

  void Accept();
  void Read(Asker* asker);
  void Answer(uint64_t id, int exit_code, const std::string& text);
  void Drop(uint64_t id);

  const std::string path_;
  const int fd_;
  const Handler handler_;
  std::list<Asker> askers_;
  uint64_t next_id_ = 1;
};

}  // namespace fettle::agent
