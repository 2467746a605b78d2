// SPDX-License-Identifier: Apache-2.0
#include "agent/link/grpc_connection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <google/protobuf/message_lite.h>
#include <nghttp2/nghttp2.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/wire/framing.h"

namespace fettle::link {
namespace {

constexpr uint32_t kStreamWindow = 1U << 20;
constexpr int32_t kConnectionWindow = 4 << 20;
constexpr std::size_t kPrefix = 5;  // Whether it is compressed, and its length.
constexpr std::size_t kMostWaiting = std::size_t{256} << 10;
constexpr std::size_t kMaxStatusText = 4096;
constexpr int kLastReads = 64;  // From a server that takes no more, 16 KiB each.

nghttp2_nv Header(std::string_view name, std::string_view value) {
  // nghttp2 copies both and changes neither.
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

uint32_t LengthIn(std::string_view prefix) {
  uint32_t length = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) {
    length = (length << 8U) | static_cast<unsigned char>(prefix[i]);
  }
  return length;
}

std::string TimeoutText(absl::Duration timeout) {
  return fmt::format("{}S", absl::ToInt64Seconds(absl::Ceil(timeout, absl::Seconds(1))));
}

int HexDigit(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t at = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// A server may say anything, and a message with a string that is no UTF-8 is refused when read.
std::string Readable(std::string_view said) {
  std::string text(said);
  if (!IsText(text)) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  }
  return text;
}

}  // namespace

std::string DecodeGrpcMessage(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return Readable(decoded);
}

struct GrpcConnection::Call {
  std::string out;
  std::size_t sent = 0;
  bool finished = false;  // No more is put into `out`.
  std::string in;
  int64_t http_status = 0;
  std::optional<int64_t> status;
  std::string message;
  absl::Status failed;  // What we find wrong with it.
};

// What nghttp2 calls. None of it leaves the connection: what its owner is told waits in `events_`.
struct GrpcConnection::Callbacks {
  static GrpcConnection& Of(void* user) { return *static_cast<GrpcConnection*>(user); }

  static int OnHeader(nghttp2_session* /*session*/,
                      const nghttp2_frame* frame,
                      const uint8_t* name,
                      size_t name_size,
                      const uint8_t* value,
                      size_t value_size,
                      uint8_t /*flags*/,
                      void* user) {
    Call* const call = Of(user).Find(frame->hd.stream_id);
    if (call == nullptr) {
      return 0;
    }
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    int64_t number = 0;
    if (key == ":status" && ParseInt(text, &number)) {
      call->http_status = number;
    } else if (key == "grpc-status") {
      constexpr int64_t kUnknown = 2;
      call->status = ParseInt(text, &number) ? number : kUnknown;
    } else if (key == "grpc-message") {
      call->message = DecodeGrpcMessage(text.substr(0, kMaxStatusText));
    }
    return 0;
  }

  static int OnData(nghttp2_session* /*session*/,
                    uint8_t /*flags*/,
                    int32_t stream,
                    const uint8_t* data,
                    size_t size,
                    void* user) {
    GrpcConnection& self = Of(user);
    if (Call* const call = self.Find(stream); call != nullptr && call->failed.ok()) {
      self.Take(stream, *call, {reinterpret_cast<const char*>(data), size});
      if (!call->failed.ok()) {
        nghttp2_submit_rst_stream(self.session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
      }
    }
    return 0;
  }

  static int OnClose(nghttp2_session* /*session*/, int32_t stream, uint32_t error, void* user) {
    Of(user).Ended(stream, error);
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    GrpcConnection& self = Of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                      (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA);
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      self.pinged_ = false;
    } else if (frame->hd.type == NGHTTP2_SETTINGS) {
      self.ready_ = true;
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      const std::string_view said(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                                  frame->goaway.opaque_data_len);
      self.going_away_ = said.empty() ? nghttp2_http2_strerror(frame->goaway.error_code)
                                      : Readable(said.substr(0, kMaxStatusText));
    } else if (ends && self.Find(frame->hd.stream_id) != nullptr) {
      // The server's end is the call's, whatever we had still to say.
      self.Ended(frame->hd.stream_id, NGHTTP2_NO_ERROR);
      if (nghttp2_session_get_stream_local_close(session, frame->hd.stream_id) == 0) {
        nghttp2_submit_rst_stream(
            session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
      }
    }
    return 0;
  }

  static ssize_t ReadOut(nghttp2_session* /*session*/,
                         int32_t stream,
                         uint8_t* buffer,
                         size_t room,
                         uint32_t* flags,
                         nghttp2_data_source* /*source*/,
                         void* user) {
    Call* const call = Of(user).Find(stream);
    if (call == nullptr) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    const std::size_t size = std::min(room, call->out.size() - call->sent);
    if (size == 0 && !call->finished) {
      return NGHTTP2_ERR_DEFERRED;
    }
    std::memcpy(buffer, call->out.data() + call->sent, size);
    call->sent += size;
    if (call->sent == call->out.size()) {
      wire::Empty(&call->out);
      call->sent = 0;
      *flags |= call->finished ? NGHTTP2_DATA_FLAG_EOF : NGHTTP2_DATA_FLAG_NONE;
    }
    return static_cast<ssize_t>(size);
  }
};

GrpcConnection::GrpcConnection(pki::TlsConnection tls, const std::string& authority)
    : tls_(std::move(tls)), authority_(authority) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::OnClose);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::OnFrame);
  const int made = nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) {
    session_ = nullptr;
    lost_ = Internal("HTTP/2: {}", nghttp2_strerror(made));
    return;
  }
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  Pump();
}

GrpcConnection::~GrpcConnection() {
  nghttp2_session_del(session_);
}

GrpcConnection::Call* GrpcConnection::Find(int32_t id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

int32_t GrpcConnection::Start(const std::string& method, absl::Duration timeout) {
  constexpr int32_t kNever = -1;  // Of calls that could not even begin.
  if (lost()) {
    events_.push_back({kNever, std::nullopt, lost_});
    return kNever;
  }
  const std::string time = timeout == absl::InfiniteDuration() ? "" : TimeoutText(timeout);
  std::vector<nghttp2_nv> headers = {Header(":method", "POST"),
                                     Header(":scheme", "https"),
                                     Header(":path", method),
                                     Header(":authority", authority_),
                                     Header("te", "trailers"),
                                     Header("content-type", "application/grpc+proto"),
                                     Header("user-agent", "fettle-agent-link")};
  if (!time.empty()) {
    headers.push_back(Header("grpc-timeout", time));
  }
  nghttp2_data_provider body{};
  body.read_callback = &Callbacks::ReadOut;
  const int32_t id =
      nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, nullptr);
  if (id < 0) {
    events_.push_back({kNever, std::nullopt, Unavailable("HTTP/2: {}", nghttp2_strerror(id))});
    return kNever;
  }
  calls_.emplace(id, std::make_unique<Call>());
  Pump();
  return id;
}

void GrpcConnection::Send(int32_t id, const google::protobuf::MessageLite& message) {
  Call* const call = Find(id);
  if (call == nullptr || call->finished) {
    return;
  }
  const std::size_t size = message.ByteSizeLong();
  call->out += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) {
    call->out += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xffU);
  }
  message.AppendToString(&call->out);
  nghttp2_session_resume_data(session_, id);
  Pump();
}

void GrpcConnection::Finish(int32_t id) {
  if (Call* const call = Find(id); call != nullptr) {
    call->finished = true;
    nghttp2_session_resume_data(session_, id);
    Pump();
  }
}

void GrpcConnection::Cancel(int32_t id) {
  if (calls_.erase(id) != 0) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    Pump();
  }
  std::erase_if(events_, [id](const CallEvent& event) { return event.call == id; });
}

void GrpcConnection::Ping() {
  if (lost()) {
    return;
  }
  if (std::exchange(pinged_, true)) {
    lost_ = Unavailable("it does not answer any more");
    return;
  }
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  Pump();
}

void GrpcConnection::Pump() {
  // What does not leave now waits in nghttp2, which takes only so many questions without an answer.
  while (!lost() && send_failed_.ok() && tls_.backlog() < kMostWaiting) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) {
      lost_ = Unavailable("HTTP/2: {}", nghttp2_strerror(static_cast<int>(size)));
    }
    if (size <= 0) {
      return;
    }
    send_failed_ =
        tls_.Write({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  }
}

absl::Status GrpcConnection::Receive() {
  if (send_failed_.ok()) {
    send_failed_ = tls_.Flush();
  }
  for (int reads = 1;; ++reads) {
    std::string data;
    const absl::Status read = tls_.Read(&data);
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
    if (taken < 0) {
      return Unavailable("it does not speak HTTP/2 as we do: {}",
                         nghttp2_strerror(static_cast<int>(taken)));
    }
    // Who takes no more from us may have said why: all that it said is heard before the end.
    if (send_failed_.ok() || !read.ok() || reads == kLastReads) {
      return read.ok() ? send_failed_ : read;
    }
  }
}

absl::Status GrpcConnection::Process(std::vector<CallEvent>* events) {
  if (!lost()) {
    absl::Status received = Receive();
    Pump();  // Answers, also before the end.
    if (lost_.ok()) {
      lost_ = std::move(received);
    }
  }
  const bool over = !lost() && nghttp2_session_want_read(session_) == 0 &&
                    nghttp2_session_want_write(session_) == 0;
  if (over) {
    lost_ = going_away_.empty() ? Unavailable("it does not speak HTTP/2 as gRPC does")
                                : Unavailable("it ended the connection");
  }
  if (lost()) {
    Lose(lost_);
  }
  events->insert(events->end(),
                 std::make_move_iterator(events_.begin()),
                 std::make_move_iterator(events_.end()));
  events_.clear();
  return lost_;
}

void GrpcConnection::Lose(const absl::Status& why) {
  const absl::Status told =
      going_away_.empty() ? why : Unavailable("{}: {}", Message(why), going_away_);
  lost_ = told;
  going_away_.clear();
  for (const auto& [id, call] : calls_) {
    events_.push_back({id, std::nullopt, told});
  }
  calls_.clear();
}

// Takes a piece of the body: whole messages out of it become events.
void GrpcConnection::Take(int32_t id, Call& call, std::string_view data) {
  call.in.append(data);
  std::size_t at = 0;
  while (call.in.size() - at >= kPrefix) {
    const std::string_view rest = std::string_view(call.in).substr(at);
    const uint32_t length = LengthIn(rest);
    if (rest.front() != '\0' || length > kMaxMessage) {
      call.failed =
          rest.front() != '\0'
              ? Internal("it sent a compressed message, which was not asked for")
              : absl::ResourceExhaustedError(fmt::format(
                    "it sent a message of {} bytes, at most {} are taken", length, kMaxMessage));
      return;
    }
    if (rest.size() - kPrefix < length) {
      break;
    }
    events_.push_back({id, std::string(rest.substr(kPrefix, length)), absl::OkStatus()});
    at += kPrefix + length;
  }
  call.in.erase(0, at);
  if (call.in.empty()) {
    wire::Empty(&call.in);
  }
}

void GrpcConnection::Ended(int32_t id, uint32_t error) {
  constexpr int64_t kHttpOk = 200;
  constexpr int64_t kMostCodes = 16;
  constexpr int64_t kUnknown = 2;
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    return;
  }
  const Call& call = *found->second;
  absl::Status status = call.failed;
  if (status.ok() && call.status.has_value()) {
    // The codes of both are the same numbers.
    const int64_t code = *call.status < 0 || *call.status > kMostCodes ? kUnknown : *call.status;
    status = absl::Status(static_cast<absl::StatusCode>(code), call.message);
    if (status.ok() && !call.in.empty()) {
      status = Internal("it ended in the middle of a message");
    }
  } else if (status.ok() && call.http_status != 0 && call.http_status != kHttpOk) {
    status = Unavailable("it answered with the HTTP status {}", call.http_status);
  } else if (status.ok() && error != NGHTTP2_NO_ERROR) {
    status = Unavailable("{}", going_away_.empty() ? nghttp2_http2_strerror(error) : going_away_);
  } else if (status.ok()) {
    status = Internal("it ended the call without a status");
  }
  events_.push_back({id, std::nullopt, std::move(status)});
  calls_.erase(found);
}

}  // namespace fettle::link
