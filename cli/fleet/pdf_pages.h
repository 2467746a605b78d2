// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: headings, paragraphs and tables on numbered A4 pages. No fonts are needed:
// the letters of Windows-1252 are shown, any other character as its code point, "\u{4e2d}".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::cli {

// `text` (UTF-8) in Windows-1252. What it does not have, control characters too, becomes
// "\u{4e2d}".
std::string PdfText(std::string_view text);

// One column of a table: its heading, and its part of the width.
struct PdfColumn {
  std::string heading;
  float part = 1;
};

// One document. One thread at a time.
class PdfPages {
 public:
  // `title` stands at the head of the document, and in its properties with `made`.
  PdfPages(std::string_view title, absl::Time made);
  ~PdfPages();
  PdfPages(const PdfPages&) = delete;
  PdfPages& operator=(const PdfPages&) = delete;

  void Heading(std::string_view text);
  void Paragraph(std::string_view text);
  // A row has a cell a column. The headings stand on every page that the table is on.
  void Table(const std::vector<PdfColumn>& columns,
             const std::vector<std::vector<std::string>>& rows);

  // The file, with numbers on its pages. kInternal when it could not be made. Nothing may be called
  // after it.
  absl::StatusOr<std::string> Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fettle::cli
