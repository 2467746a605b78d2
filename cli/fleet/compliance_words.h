// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: what the exports of an assessment have in common, by its short names.
#pragma once

#include "lib/export/words.h"

namespace fettle::cli {

using exports::EvidenceText;
using exports::JsonFile;
using exports::JsonLine;
using exports::MarkupText;
using exports::NotesOf;
using exports::Place;
using exports::PlaceOf;
using exports::StableUuid;
using exports::TokenOf;
using exports::UriOfPath;
using exports::UtcText;
using exports::VerdictText;
using exports::WaiverText;

}  // namespace fettle::cli
