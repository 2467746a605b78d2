// SPDX-License-Identifier: Apache-2.0
// The engine inside a process that goes on living, as the agent's does: evaluates a policy tree
// once and runs it again and again. Not a test; run.py times it.
//   bench_engine TREE STATE_DIR RUNS
// Prints one line of JSON: CPU and wall seconds of evaluation (its child included), of binding the
// catalog, and the medians of the runs; peak and present memory of this process.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "agent/facts/facts.h"
#include "agent/journal/journal.h"
#include "lib/base/status_macros.h"
#include "lib/policy/load_tree.h"
#include "lib/recipe/evaluate.h"
#include "lib/sys/linux_host.h"
#include "modules/schemas.h"
#include "modules/types.h"

namespace fettle {
namespace {

struct Cost {
  double cpu = 0;
  double wall = 0;
};

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// User and system, of this process and of the children it has waited for.
double CpuSoFar() {
  double all = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    all += Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  }
  return all;
}

class Stopwatch {
 public:
  Cost Read() const {
    return {CpuSoFar() - cpu_, absl::ToDoubleSeconds(clock_.Monotonic() - wall_)};
  }

 private:
  SystemClock clock_;
  double cpu_ = CpuSoFar();
  absl::Duration wall_ = clock_.Monotonic();
};

double Median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

std::string MemoryLine(std::string_view name) {
  std::string line;
  if (FILE* const file = fopen("/proc/self/status", "re"); file != nullptr) {
    char buffer[256];
    while (fgets(buffer, sizeof buffer, file) != nullptr) {
      if (std::string_view(buffer).starts_with(name)) {
        line = buffer;
      }
    }
    fclose(file);
  }
  return std::to_string(std::atol(line.c_str() + std::min(line.size(), name.size() + 1)));
}

absl::StatusOr<resource::Catalog> EvaluateOnce(const std::string& folder,
                                               const sys::HostReader& host) {
  ASSIGN_OR_RETURN(const policy::Tree tree, policy::LoadTree(folder));
  recipe::EvaluateInput input;
  input.tree = &tree;
  input.host = "bench";
  input.schemas = AllSchemas();
  input.facts = facts::CollectFacts(host);
  ASSIGN_OR_RETURN(recipe::EvaluateResult result, recipe::Evaluate(input));
  if (!result.ok()) {
    return InvalidArgument("{}", result.problems.front().Display());
  }
  return std::move(result.catalog);
}

absl::Status Bench(const std::string& tree, const std::string& state, int runs) {
  sys::LinuxHostOptions options;
  options.hash_cache_file = state + "/hashes";
  ASSIGN_OR_RETURN(const auto journal, journal::Journal::Open(state));
  const std::unique_ptr<sys::Host> host = sys::MakeLinuxHost(options);
  const Stopwatch evaluating;
  ASSIGN_OR_RETURN(const resource::Catalog catalog, EvaluateOnce(tree, *host));
  const Cost evaluation = evaluating.Read();
  const Stopwatch binding;
  ASSIGN_OR_RETURN(const auto prepared, engine::Prepared::Make(catalog, FindType));
  const Cost bound = binding.Read();
  const SystemClock clock;
  engine::Engine engine(FindType, clock, journal.get());
  std::vector<double> cpu;
  std::vector<double> wall;
  int64_t off = 0;
  for (int i = 0; i < runs; ++i) {
    const Stopwatch running;
    ASSIGN_OR_RETURN(const resource::RunReport report, engine.Run(*prepared, *host, {}));
    const Cost cost = running.Read();
    off += report.counts.total() - report.counts.ok;
    cpu.push_back(cost.cpu);
    wall.push_back(cost.wall);
  }
  printf(
      "{\"evaluate_cpu\": %.5f, \"evaluate_wall\": %.5f, \"bind_cpu\": %.5f, \"run_cpu\": %.5f, "
      "\"run_wall\": %.5f, \"not_ok\": %ld, \"peak_kib\": %s, \"rss_kib\": %s}\n",
      evaluation.cpu,
      evaluation.wall,
      bound.cpu,
      Median(cpu),
      Median(wall),
      static_cast<long>(off),
      MemoryLine("VmHWM:").c_str(),
      MemoryLine("VmRSS:").c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace fettle

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: bench_engine TREE STATE_DIR RUNS\n");
    return 1;
  }
  const absl::Status status = fettle::Bench(argv[1], argv[2], std::max(1, atoi(argv[3])));
  if (!status.ok()) {
    fprintf(stderr, "bench_engine: %s\n", std::string(fettle::Message(status)).c_str());
    return 1;
  }
  return 0;
}
