// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/template.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/recipe/lua_tokens.h"

namespace fettle::recipe {
namespace {

class Compiler {
 public:
  explicit Compiler(std::string_view text) : text_(text) {}

  absl::StatusOr<std::string> Compile() {
    while (!text_.empty()) {
      const std::size_t open = text_.find("<%");
      AddText(text_.substr(0, open));
      if (open == std::string_view::npos) {
        break;
      }
      text_.remove_prefix(open + 2);
      RETURN_IF_ERROR(TakeTag());
    }
    Flush();
    return std::move(out_);
  }

 private:
  int LineCount(std::string_view part) {
    return static_cast<int>(std::count(part.begin(), part.end(), '\n'));
  }

  void AddText(std::string_view part) {
    for (std::size_t literal = part.find("%%>"); literal != std::string_view::npos;
         literal = part.find("%%>")) {
      pending_ += part.substr(0, literal);
      pending_ += "%>";
      part.remove_prefix(literal + 3);
    }
    pending_ += part;
  }

  // Writes the text gathered so far as one call. A line end in it becomes an escaped one, so that
  // the source has as many lines.
  void Flush() {
    if (pending_.empty()) {
      return;
    }
    out_ += kEmit;
    out_ += "\"";
    for (const char c : pending_) {
      switch (c) {
        case '\n':
          out_ += "\\\n";
          break;
        case '\r':
          out_ += "\\r";
          break;
        case '\0':
          out_ += "\\x00";
          break;
        case '"':
        case '\\':
          out_ += '\\';
          out_ += c;
          break;
        default:
          out_ += c;
      }
    }
    out_ += "\";";
    line_ += LineCount(pending_);
    pending_.clear();
  }

  // Without blanks at the end of the text before a tag, if only they stand on its line.
  void TrimBefore() {
    const std::size_t last = pending_.find_last_not_of(" \t");
    const std::size_t keep = last == std::string::npos ? 0 : last + 1;
    const bool line_start = keep == 0 ? out_.empty() || trimmed_line_ : pending_[keep - 1] == '\n';
    if (line_start) {
      pending_.resize(keep);
    }
  }

  // Behind "<%".
  absl::Status TakeTag() {
    if (text_.starts_with('%')) {
      pending_ += "<%";
      text_.remove_prefix(1);
      return absl::OkStatus();
    }
    if (text_.starts_with('-')) {
      text_.remove_prefix(1);
      TrimBefore();
    }
    const std::size_t close = text_.find("%>");
    if (close == std::string_view::npos) {
      Flush();
      return InvalidArgument("line {}: <% without its %>", line_);
    }
    std::string_view code = text_.substr(0, close);
    text_.remove_prefix(close + 2);
    trimmed_line_ = code.ends_with('-');
    if (trimmed_line_) {
      code.remove_suffix(1);
    }
    Flush();
    AddCode(code);
    if (trimmed_line_) {
      SkipLineEnd();
    }
    return absl::OkStatus();
  }

  void AddCode(std::string_view code) {
    line_ += LineCount(code);
    if (code.starts_with('#')) {
      out_.append(static_cast<std::size_t>(LineCount(code)), '\n');
      return;
    }
    const bool value = code.starts_with('=');
    if (value) {
      code.remove_prefix(1);
      out_ += kEmit;
      out_ += "(";
    }
    out_ += WithoutFinalComment(code);
    out_ += value ? ");" : ";";
  }

  void SkipLineEnd() {
    const std::size_t blanks = text_.find_first_not_of(" \t\r");
    if (blanks != std::string_view::npos && text_[blanks] == '\n') {
      text_.remove_prefix(blanks + 1);
      out_ += '\n';
      ++line_;
    }
  }

  std::string_view text_;
  std::string pending_;
  std::string out_;
  int line_ = 1;
  bool trimmed_line_ = false;
};

}  // namespace

absl::StatusOr<std::string> CompileTemplate(std::string_view text) {
  return Compiler(text).Compile();
}

}  // namespace fettle::recipe
