// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/pdf_pages.h"

#include <hpdf.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

constexpr float kWidth = 595;  // A4, in points.
constexpr float kHeight = 842;
constexpr float kMargin = 48;
constexpr float kText = 9;
constexpr float kGap = 6;
constexpr float kLeading = 1.3F;  // From line to line, in font sizes.

// The code points of Windows-1252's 0x80 to 0x9f; 0 where it has none.
constexpr uint32_t kUpper[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                 0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

// The code point that begins at `at`, which moves behind it; U+FFFD for a byte that begins none.
uint32_t Next(std::string_view text, std::size_t* at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const uint32_t first = byte(*at);
  const std::size_t length = first < 0x80                     ? 1
                             : first >= 0xc2 && first < 0xe0  ? 2
                             : first >= 0xe0 && first < 0xf0  ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  uint32_t point = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const uint32_t more = byte(*at + i);
    if ((more & 0xc0U) != 0x80) {
      ++*at;
      return 0xfffd;
    }
    point = point << 6U | (more & 0x3fU);
  }
  *at += std::max<std::size_t>(length, 1);
  return length == 0 ? 0xfffd : point;
}

}  // namespace

std::string PdfText(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const uint32_t point = Next(text, &at);
    const auto* const upper = std::find(std::begin(kUpper), std::end(kUpper), point);
    if ((point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point <= 0xff)) {
      bytes += static_cast<char>(point);
    } else if (point == '\n' || point == '\t') {
      bytes += ' ';
    } else if (point != 0 && upper != std::end(kUpper)) {
      bytes += static_cast<char>(0x80 + (upper - std::begin(kUpper)));
    } else {
      bytes += fmt::format("\\u{{{:x}}}", point);
    }
  }
  return bytes;
}

class PdfPages::Impl {
 public:
  Impl(std::string_view title, absl::Time made) : document_(HPDF_New(nullptr, nullptr)) {
    plain_ = HPDF_GetFont(document_, "Helvetica", "WinAnsiEncoding");
    bold_ = HPDF_GetFont(document_, "Helvetica-Bold", "WinAnsiEncoding");
    const absl::CivilSecond at = absl::ToCivilSecond(made, absl::UTCTimeZone());
    const HPDF_Date date = {static_cast<int>(at.year()),
                            at.month(),
                            at.day(),
                            at.hour(),
                            at.minute(),
                            at.second(),
                            'Z',
                            0,
                            0};
    HPDF_SetInfoDateAttr(document_, HPDF_INFO_CREATION_DATE, date);
    HPDF_SetInfoAttr(document_, HPDF_INFO_TITLE, PdfText(title).c_str());
    NewPage();
    Write(Lines(PdfText(title), bold_, 18, kWidth - 2 * kMargin), bold_, 18);
    y_ -= 6;
  }

  ~Impl() { HPDF_Free(document_); }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Heading(std::string_view text) {
    Need(60);  // It does not stand alone at the foot of a page.
    y_ -= 14;
    Write(Lines(PdfText(text), bold_, 12, kWidth - 2 * kMargin), bold_, 12);
    y_ -= 2;
  }

  void Paragraph(std::string_view text) {
    Write(Lines(PdfText(text), plain_, kText, kWidth - 2 * kMargin), plain_, kText);
    y_ -= 3;
  }

  void Table(const std::vector<PdfColumn>& columns,
             const std::vector<std::vector<std::string>>& rows) {
    float parts = 0;
    std::vector<std::string> headings;
    for (const PdfColumn& column : columns) {
      parts += column.part;
      headings.push_back(column.heading);
    }
    std::vector<float> widths;
    for (const PdfColumn& column : columns) {
      widths.push_back((kWidth - 2 * kMargin) * column.part / parts);
    }
    Row(headings, widths, bold_, nullptr);
    for (const auto& row : rows) {
      Row(row, widths, plain_, &headings);
    }
  }

  absl::StatusOr<std::string> Finish() {
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      const std::string number = fmt::format("{} / {}", i + 1, pages_.size());
      const auto width =
          static_cast<float>(HPDF_Font_TextWidth(plain_, Bytes(number), Size(number)).width);
      Show(pages_[i], number, plain_, 8, kWidth - kMargin - width * 8 / 1000, kMargin / 2);
    }
    std::string file;
    if (HPDF_SaveToStream(document_) == HPDF_OK) {
      file.resize(HPDF_GetStreamSize(document_));
      HPDF_ResetStream(document_);
      auto size = static_cast<HPDF_UINT32>(file.size());
      HPDF_ReadFromStream(document_, reinterpret_cast<HPDF_BYTE*>(file.data()), &size);
      file.resize(size);
    }
    if (const HPDF_STATUS error = HPDF_GetError(document_); error != HPDF_OK || file.empty()) {
      return absl::InternalError(
          fmt::format("the PDF could not be made: libharu's error 0x{:04x}", error));
    }
    return file;
  }

 private:
  static const HPDF_BYTE* Bytes(std::string_view text) {
    return reinterpret_cast<const HPDF_BYTE*>(text.data());
  }

  static HPDF_UINT Size(std::string_view text) { return static_cast<HPDF_UINT>(text.size()); }

  void NewPage() {
    HPDF_Page page = HPDF_AddPage(document_);
    HPDF_Page_SetWidth(page, kWidth);
    HPDF_Page_SetHeight(page, kHeight);
    HPDF_Page_SetLineWidth(page, 0.3F);
    pages_.push_back(page);
    y_ = kHeight - kMargin;
  }

  // Answers whether that took a new page.
  bool Need(float height) {
    if (y_ - height >= kMargin || y_ == kHeight - kMargin) {
      return false;
    }
    NewPage();
    return true;
  }

  // `text` in lines that fit: broken between words, or where they are longer than a line, in them.
  static std::vector<std::string> Lines(std::string_view text,
                                        HPDF_Font font,
                                        float size,
                                        float width) {
    std::vector<std::string> lines;
    while (!text.empty()) {
      HPDF_UINT fits = Size(text);
      for (const HPDF_BOOL words : {HPDF_TRUE, HPDF_FALSE}) {
        fits =
            HPDF_Font_MeasureText(font, Bytes(text), Size(text), width, size, 0, 0, words, nullptr);
        if (fits > 0) {
          break;
        }
      }
      fits = std::max<HPDF_UINT>(fits, 1);
      lines.emplace_back(text.substr(0, fits));
      text.remove_prefix(fits);
    }
    return lines;
  }

  static void Show(
      HPDF_Page page, const std::string& text, HPDF_Font font, float size, float x, float y) {
    HPDF_Page_BeginText(page);
    HPDF_Page_SetFontAndSize(page, font, size);
    HPDF_Page_TextOut(page, x, y, text.c_str());
    HPDF_Page_EndText(page);
  }

  void Write(const std::vector<std::string>& lines, HPDF_Font font, float size) {
    for (const std::string& line : lines) {
      Need(size * kLeading);
      y_ -= size * kLeading;
      Show(pages_.back(), line, font, size, kMargin, y_);
    }
  }

  // A row longer than a page goes on on the next. `headings`: repeated there; may be null.
  void Row(const std::vector<std::string>& cells,
           const std::vector<float>& widths,
           HPDF_Font font,
           const std::vector<std::string>* headings) {
    std::vector<std::vector<std::string>> lines;
    std::size_t most = 1;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      lines.push_back(Lines(PdfText(cells[i]), font, kText, widths[i] - kGap));
      most = std::max(most, lines.back().size());
    }
    const float whole = static_cast<float>(most) * kText * kLeading + 4;
    if (whole < kHeight / 2 && Need(whole) && headings != nullptr) {
      Row(*headings, widths, bold_, nullptr);
    }
    for (std::size_t line = 0; line < most; ++line) {
      if (Need(kText * kLeading) && headings != nullptr) {
        Row(*headings, widths, bold_, nullptr);
      }
      y_ -= kText * kLeading;
      float x = kMargin;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (line < lines[i].size()) {
          Show(pages_.back(), lines[i][line], font, kText, x, y_);
        }
        x += widths[i];
      }
    }
    y_ -= 4;
    HPDF_Page_MoveTo(pages_.back(), kMargin, y_ + 1);
    HPDF_Page_LineTo(pages_.back(), kWidth - kMargin, y_ + 1);
    HPDF_Page_Stroke(pages_.back());
  }

  HPDF_Doc document_;
  HPDF_Font plain_ = nullptr;
  HPDF_Font bold_ = nullptr;
  std::vector<HPDF_Page> pages_;
  float y_ = 0;  // Of what was written last.
};

PdfPages::PdfPages(std::string_view title, absl::Time made)
    : impl_(std::make_unique<Impl>(title, made)) {}

PdfPages::~PdfPages() = default;

void PdfPages::Heading(std::string_view text) {
  impl_->Heading(text);
}

void PdfPages::Paragraph(std::string_view text) {
  impl_->Paragraph(text);
}

void PdfPages::Table(const std::vector<PdfColumn>& columns,
                     const std::vector<std::vector<std::string>>& rows) {
  impl_->Table(columns, rows);
}

absl::StatusOr<std::string> PdfPages::Finish() {
  return impl_->Finish();
}

}  // namespace fettle::cli
