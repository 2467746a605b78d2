// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/engine/types_for_test.h"
#include "agent/journal/journal.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_folder.h"

namespace fettle::engine {

// A fake host with a journal, and runs over a catalog.
class EngineRun : public ::testing::Test {
 protected:
  EngineRun() {
    DoneForTest().clear();
    for (const char* folder : {"/run", "/pkg", "/done", "/broken", "/conf", "/etc/apt"}) {
      host_.disk().PutDirectory(folder);
    }
    Restart();
  }

  // The agent dies and starts again: what is not on disk is gone.
  void Restart() {
    journal_.reset();
    absl::StatusOr<std::unique_ptr<journal::Journal>> journal =
        journal::Journal::Open(folder_.path());
    EXPECT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    absl::StatusOr<std::unique_ptr<undo::Store>> store =
        undo::Store::Open(folder_.path() + "/undo");
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    engine_ = std::make_unique<Engine>(TypesForTest(), host_.clock(), journal_.get(), store_.get());
  }

  resource::RunReport Run(const RunOptions& options = {}) {
    DoneForTest().clear();
    host_.clock().Advance(absl::Seconds(1));
    absl::StatusOr<resource::RunReport> report = engine_->Run(catalog_.Get(), host_, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : resource::RunReport();
  }

  resource::RunReport Plan(const RunOptions& options = {}) {
    absl::StatusOr<resource::RunReport> report = engine_->Plan(catalog_.Get(), host_, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : resource::RunReport();
  }

  // The report of one resource; an empty one (id "") when it is only counted.
  static resource::ResourceReport Of(const resource::RunReport& report, std::string_view id) {
    for (const resource::ResourceReport& resource : report.resources) {
      if (resource.id == id) {
        return resource;
      }
    }
    return {};
  }

  const std::vector<std::string>& done() const { return DoneForTest(); }

  testing::TempFolder folder_;
  testing::FakeHost host_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<undo::Store> store_;
  std::unique_ptr<Engine> engine_;
  CatalogForTest catalog_;
};

}  // namespace fettle::engine
