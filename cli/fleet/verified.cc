// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/verified.h"

#include "cli/fleet/present.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/statement.h"

namespace fettle::cli {
namespace {

struct Words {
  std::string who;
  std::string act;
  std::string detail;
};

Words WordsOf(const evidence::Leaf& leaf) {
  if (const auto* act = std::get_if<evidence::ActLeaf>(&leaf)) {
    return {act->who, act->act, act->detail};
  }
  const auto& reports = std::get<evidence::ReportsLeaf>(leaf);
  return {
      "host/" + reports.host, "reports", fmt::format("{} to {}", reports.after + 1, reports.last)};
}

std::string RangeText(const evidence::BundleRange& range) {
  return fmt::format("{} to {}",
                     range.since == absl::InfinitePast() ? "the beginning" : Rfc3339(range.since),
                     range.until == absl::InfiniteFuture() ? "the head" : Rfc3339(range.until));
}

}  // namespace

std::string VerifiedText(const evidence::VerifiedBundle& bundle, bool colour) {
  std::string text = fmt::format("{}: {} of {} leaves, {}\n",
                                 Toned("holds", Tone::kGood, colour),
                                 bundle.leaves.size(),
                                 bundle.checkpoint.head.size,
                                 RangeText(bundle.header.range));
  text += fmt::format("head  {} leaves, signed {} by {}\n",
                      bundle.checkpoint.head.size,
                      Rfc3339(bundle.checkpoint.time),
                      Safe(bundle.key.Text()));
  if (bundle.signed_reports > 0) {
    text += fmt::format("hosts {} batches of reports, each signed by its host ({} of them)\n",
                        bundle.signed_reports,
                        bundle.host_keys.size());
  }
  for (const std::string& limit : bundle.limits) {
    text += fmt::format("note  {}\n", Safe(limit));
  }
  return text;
}

Table LeavesTable(const evidence::VerifiedBundle& bundle) {
  Table table({"LEAF", "TIME", "WHO", "ACT", "DETAIL"});
  for (const evidence::VerifiedLeaf& leaf : bundle.leaves) {
    Words words = WordsOf(leaf.leaf);
    table.Add({{fmt::format("{}", leaf.number), Tone::kDim},
               {Rfc3339(evidence::TimeOf(leaf.leaf))},
               {std::move(words.who)},
               {std::move(words.act)},
               {std::move(words.detail)}});
  }
  return table;
}

nlohmann::ordered_json VerifiedJson(const evidence::VerifiedBundle& bundle) {
  nlohmann::ordered_json json = {{"holds", true},
                                 {"key", bundle.key.Text()},
                                 {"size", bundle.checkpoint.head.size},
                                 {"root", bundle.checkpoint.head.root.Hex()},
                                 {"signed", Rfc3339(bundle.checkpoint.time)},
                                 {"notes", bundle.limits},
                                 {"signed_reports", bundle.signed_reports},
                                 {"host_keys", nlohmann::ordered_json::object()},
                                 {"leaves", nlohmann::ordered_json::array()}};
  for (const auto& [host, key] : bundle.host_keys) {
    json["host_keys"][host] = evidence::KeyFingerprint(key);
  }
  for (const evidence::VerifiedLeaf& leaf : bundle.leaves) {
    const Words words = WordsOf(leaf.leaf);
    json["leaves"].push_back({{"number", leaf.number},
                              {"time", Rfc3339(evidence::TimeOf(leaf.leaf))},
                              {"who", words.who},
                              {"act", words.act},
                              {"detail", words.detail},
                              {"host", evidence::HostOf(leaf.leaf)}});
  }
  return json;
}

}  // namespace fettle::cli
