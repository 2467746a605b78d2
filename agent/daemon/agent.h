// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/config/config.h"
#include "agent/daemon/confirmer.h"
#include "agent/daemon/converger.h"
#include "agent/daemon/intake.h"
#include "agent/daemon/metrics.h"
#include "agent/daemon/pause.h"
#include "agent/daemon/reporter.h"
#include "agent/daemon/session.h"
#include "agent/identity/renewal.h"
#include "agent/link/events.h"
#include "agent/link/outlet.h"
#include "agent/report/spool.h"
#include "agent/revision/revision_store.h"
#include "agent/watch/watcher.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// What the agent does when something happens: the daemon without its loop, its child process and
// its thread, so that every step can be tested. Starts one job at a time and hands it out; a
// request that comes while one is under way joins those that wait, and one run answers them all.
// Nothing here blocks for long. One thread; everything given outlives it.
class Agent {
 public:
  struct Parts {
    const Config& config;
    const Clock& clock;
    report::Spool& spool;
    RevisionStore& revisions;
    Renewal& renewal;
    Pause& pause;
    Reporter& reporter;
    Session::Self self;
    std::function<void(Job)> start_job;    // Answered by OnFinished().
    std::function<double()> random_share;  // Uniform in [0, 1).
    watch::Watcher* watcher = nullptr;     // Null: nothing is watched, only swept.
    // Those that an agent that starts now would have; null: those of this one.
    std::function<absl::StatusOr<link::Credentials>()> credentials_anew = nullptr;
  };

  // Told when a run is over, with a line for people and the exit code of `fettle apply`.
  using RunDone = std::function<void(const std::string& summary, int exit_code)>;

  explicit Agent(Parts parts);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Begins: enforces the last good revision, if its signature is still one to trust. Waits for no
  // server.
  void Start();

  // The link that there is now; null: it has gone, and why.
  void Attach(link::Outlet* outlet, const std::string& why_none = "");

  void OnEvent(const link::Event& event);
  void OnFinished(Outcome outcome);

  // Does what is due by the clock.
  void Tick();

  // How long until Tick() has something to do.
  absl::Duration UntilTick() const;

  // From now on no new job is started. Whether one is still under way.
  bool Stop();

  bool busy() const { return running_.has_value(); }

  // For those at the host: all there is to know, and the same in a line.
  std::string Status() const;
  std::string StatusLine() const;
  AgentFigures Figures() const;
  // Asks for a run; kFailedPrecondition when there is no revision.
  absl::Status RequestRun(const std::string& reason, bool audit, RunDone done);
  absl::Status BeginPause(absl::Duration span, const std::string& reason);
  absl::Status EndPause();
  // Tells the server what was undone here by hand.
  void TellUndone();
  // Ends a pause, and enforces again what was undone by hand.
  absl::Status Resume();

 private:
  // A run that waits for its turn.
  struct Waiting {
    std::string reason;
    bool audit = false;
    std::vector<RunDone> done;
  };

  void TakeUpRevision();
  void Want(const std::string& reason, bool audit, RunDone done);
  void StartNext();
  void StartRun(Waiting waiting);
  bool StillTrusted();
  void Sweep();
  // agent_tasks.cc
  // What somebody asked for through the server, and waits for.
  void OnPlanOrder(const link::PlanOrder& order);
  void OnApplyPlanOrder(const link::ApplyPlanOrder& order);
  void AddTask(Job job);
  // Gets what the next plan needs, as long as nothing is to be got for enforcing.
  void AdvanceTasks();
  void StartTask();
  void DropTasks();
  void SayProgress(const Job& job, std::string_view text);
  void RefuseTask(const Job& job, std::string_view why);
  void OnRefused(const link::Assignment& assignment, const std::string& reason);
  // Gets `assignment`, to enforce it.
  void TakeIn(const link::Assignment& assignment);
  // agent_watch.cc
  void TakeTouched();
  void StartTouched();
  void OnPauseOrder(const link::PauseOrder& order);
  void OnChecked(const Outcome& outcome);
  void OnRan(Outcome outcome);
  void Conclude(const Outcome& outcome);
  void Answer(const Outcome& outcome);
  static std::string Summarize(const resource::RunReport& run);
  // agent_confirm.cc
  void TakeUpPending();
  void AwaitConfirmation(undo::Pending pending);
  void Withhold(Outcome outcome);
  void CheckConfirmation();
  void OnConfirmed();
  void DropPending();
  void BeginUndo(undo::Pending pending, const std::string& why);
  void StartUndo();
  void OnUndone(const Outcome& outcome);
  void EndHoldIfConnected();
  std::string DescribeConfirmation() const;
  void OnReady(const link::Assignment& assignment, const Digest& tree);
  void OnAssignment(const link::Assignment& assignment);
  void RenewIfDue();
  void OnRenewed(const link::Renewed& renewed);
  void EndPauseIfDue();
  link::Credentials MakeCredentials() const;
  Standing Now() const;
  void ScheduleSweep();
  std::string DescribeRevision() const;
  std::string DescribeLastRun() const;
  std::string DescribeUnrest() const;

  Parts parts_;
  Session session_;
  Intake intake_;
  Confirmer confirmer_;
  link::Outlet* outlet_ = nullptr;
  std::optional<Digest> tree_;                // Of the present revision, once it is believed.
  std::optional<link::Assignment> assigned_;  // The latest of this process.
  std::optional<Job> candidate_;              // A revision to check next.
  std::optional<Job> running_;
  std::deque<Job> tasks_;         // That wait; of a plan with its tree once that is here.
  bool taking_for_task_ = false;  // What is being got is for the first of them alone.
  std::vector<RunDone> running_done_;
  std::optional<Waiting> waiting_;
  bool tell_undone_ = false;
  std::optional<Outcome> withheld_;    // Of a run, until it is confirmed or undone.
  std::optional<undo::Pending> undo_;  // To be undone before anything else.
  absl::Duration next_undo_ = absl::ZeroDuration();
  std::set<std::string> touched_;  // Resources that somebody may have changed.
  bool touched_look_only_ = true;
  absl::Duration next_sweep_ = absl::InfiniteDuration();
  absl::Time next_window_ = absl::InfiniteFuture();  // A window of a schedule begins.
  bool stopping_ = false;
};

}  // namespace fettle::agent
