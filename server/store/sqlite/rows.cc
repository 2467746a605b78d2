// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/rows.h"

#include <string_view>
#include <utility>

#include "fettle/v1/report.pb.h"
#include "lib/wire/report_wire.h"

namespace fettle::server::sqlite {
namespace {

// The report of a row: what was recorded, or a bare one for a resource at rest.
resource::ResourceReport ReadReport(std::string_view record,
                                    std::string id,
                                    resource::State state) {
  v1::ResourceReport proto;
  if (!record.empty() && proto.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    if (auto report = wire::FromProto(proto); report.ok()) {
      return *std::move(report);
    }
  }
  resource::ResourceReport report;
  report.id = std::move(id);
  report.state = state;
  return report;
}

}  // namespace

StateRecord ReadState(const Row& row, int first) {
  const auto state = static_cast<resource::State>(row.Integer(first + 1));
  return {ReadReport(row.Bytes(first + 3), row.Text(first), state),
          row.Time(first + 2),
          row.Text(first + 4),
          row.Text(first + 5),
          {}};
}

void ReadDetails(std::string_view record, ControlState* state) {
  if (record.empty()) {
    return;
  }
  resource::ResourceReport report = ReadReport(record, state->resource, state->state);
  state->differences = std::move(report.differences);
  state->error = std::move(report.error);
  state->actor = std::move(report.actor);
}

DriftEntry ReadDrift(const Row& row) {
  DriftEntry entry;
  entry.host = row.Text(0);
  entry.outcome = static_cast<DriftOutcome>(row.Integer(2));
  entry.seen = row.Time(3);
  entry.stored = row.Time(4);
  entry.ended = row.Time(5);
  entry.report = ReadReport(row.Bytes(6), row.Text(1), resource::State::kDrifted);
  entry.run = row.Text(7);
  entry.revision = row.Text(8);
  return entry;
}

}  // namespace fettle::server::sqlite
