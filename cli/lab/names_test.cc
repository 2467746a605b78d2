// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/names.h"

#include <string>

#include "tests/support/status_matchers.h"

namespace fettle::lab {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

constexpr const char* kHeading =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

// One line as the kernel prints it on a little-endian machine.
std::string RouteLine(const std::string& destination, const std::string& mask) {
  return "eth0\t" + destination + "\t00000000\t0001\t0\t0\t0\t" + mask + "\t0\t0\t0\n";
}

TEST(CheckNameTest, AcceptsWhatIsSafeInPathsAndHostNames) {
  for (const char* name : {"a", "web1", "t-lab-p123", "abcdefghijklmnopqrstuvwxyz01234"}) {
    EXPECT_THAT(CheckName("host", name), IsOk()) << name;
  }
}

TEST(CheckNameTest, RefusesTheRestAndSaysWhatIsAllowed) {
  for (const char* name : {"",
                           ".",
                           "..",
                           "a/b",
                           "1web",
                           "-a",
                           "a-",
                           "Web",
                           "a.b",
                           "a b",
                           "abcdefghijklmnopqrstuvwxyz012345"}) {
    EXPECT_THAT(CheckName("host", name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lower-case letters")))
        << name;
  }
}

TEST(NamesTest, TheLongestFitIntoAnInterfaceName) {
  constexpr std::size_t kLongest = 15;
  EXPECT_EQ(PortName(kMaxLabNumber, kMaxHostIndex), "vb-fl254h200");
  EXPECT_LE(PortName(kMaxLabNumber, kMaxHostIndex).size(), kLongest);
  EXPECT_LE(BridgeName(kMaxLabNumber).size(), kLongest);
}

TEST(NamesTest, TheLastHostHasAnAddressOfItsNetwork) {
  EXPECT_EQ(HostAddress(7, 2), "10.213.7.12");
  EXPECT_EQ(HostAddress(kMaxLabNumber, kMaxHostIndex), "10.213.254.210");
  EXPECT_EQ(GatewayAddress(7), "10.213.7.1");
}

TEST(ChooseLabNumberTest, TakesTheLowestThatIsFree) {
  EXPECT_THAT(ChooseLabNumber({}, kHeading), IsOkAndHolds(1));
  EXPECT_THAT(ChooseLabNumber({1, 2, 4}, kHeading), IsOkAndHolds(3));
}

TEST(ChooseLabNumberTest, PassesOverNetworksThatTheMachineRoutes) {
  const std::string routes =
      kHeading + RouteLine("0001D50A", "00FFFFFF") + RouteLine("8002D50A", "80FFFFFF");
  EXPECT_THAT(ChooseLabNumber({}, routes), IsOkAndHolds(3));
}

TEST(ChooseLabNumberTest, PaysNoHeedToTheDefaultRoute) {
  EXPECT_THAT(ChooseLabNumber({}, kHeading + RouteLine("00000000", "00000000")), IsOkAndHolds(1));
}

TEST(ChooseLabNumberTest, UsesAMoreSpecificNetworkWithinAWideRoute) {
  const std::string routes =
      kHeading + RouteLine("0000000A", "000000FF") + RouteLine("0001D50A", "00FFFFFF");
  EXPECT_THAT(ChooseLabNumber({2}, routes), IsOkAndHolds(3));
}

TEST(ChooseLabNumberTest, SaysWhereToLookWhenAllAreTaken) {
  std::set<int> taken;
  for (int number = 1; number <= kMaxLabNumber; ++number) {
    taken.insert(number);
  }
  EXPECT_THAT(ChooseLabNumber(taken, kHeading),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fettle lab list --all")));
}

}  // namespace
}  // namespace fettle::lab
