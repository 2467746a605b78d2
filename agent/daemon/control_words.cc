// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/control_words.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::agent {
namespace {

void AnswerStatus(const absl::Status& status,
                  const std::string& good,
                  const ControlServer::Reply& reply) {
  reply(status.ok() ? 0 : 1, status.ok() ? good : std::string(Message(status)));
}

void ObeyPause(const std::vector<std::string>& words,
               const ControlServer::Reply& reply,
               Agent* agent) {
  int64_t seconds = 0;
  if (words.size() != 3 || !ParseInt(words[1], &seconds)) {
    reply(1, "pause wants a time and a reason");
    return;
  }
  AnswerStatus(agent->BeginPause(absl::Seconds(seconds), words[2]),
               "paused: this host looks and reports, and changes nothing",
               reply);
}

}  // namespace

void Obey(const std::vector<std::string>& words, const ControlServer::Reply& reply, Agent* agent) {
  const std::string verb = words.empty() ? "" : words.front();
  if (verb == "status") {
    reply(0, agent->Status());
  } else if (verb == "apply") {
    const bool audit = words.size() > 1 && words[1] == "audit";
    const absl::Status status = agent->RequestRun(
        "requested at the host", audit, [reply](const std::string& text, int code) {
          reply(code, text);
        });
    if (!status.ok()) {
      reply(1, std::string(Message(status)));
    }
  } else if (verb == "pause") {
    ObeyPause(words, reply, agent);
  } else if (verb == "undone") {
    agent->TellUndone();
    reply(0, "the server is told");
  } else if (verb == "resume") {
    AnswerStatus(agent->Resume(), "no longer paused", reply);
  } else {
    reply(1, fmt::format("\"{}\" is nothing that this agent knows", verb));
  }
}

}  // namespace fettle::agent
