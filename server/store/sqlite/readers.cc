// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/readers.h"

namespace fettle::server::sqlite {

absl::Status Readers::With(const std::function<absl::Status(Database&)>& work) {
  std::unique_ptr<Database> database;
  {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Readers::Ready));
    if (closed_) {
      return Unavailable("the store is closed: the server is stopping");
    }
    database = std::move(idle_.back());
    idle_.pop_back();
    ++reading_;
  }
  const absl::Status status = database->Snapshot([&] { return work(*database); });
  const absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(database));
  --reading_;
  return status;
}

void Readers::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
  mutex_.Await(absl::Condition(this, &Readers::NobodyReads));
  idle_.clear();
}

}  // namespace fettle::server::sqlite
