#include "logplex/net/tls/tls_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "logplex/net/tls/tls_session.hpp"
#include "logplex/runtime/memory_count.hpp"
#include "logplex/runtime/runtime.hpp"

namespace sluice {
namespace {

using Step = TlsSession::Step;
using Wait = TlsSession::Wait;

constexpr std::size_t kPiece = 8 << 10;
/// Certificates may take 64 KiB; the rest of a handshake is small.
constexpr std::size_t kHandshakeBytesMax = 128 << 10;
/// What fits into one TLS record.
constexpr std::size_t kRecord = 16 << 10;
/// Bytes that one call encrypts before other tasks have their turn: a tenth of a millisecond.
constexpr std::size_t kWriteShare = 256 << 10;

class TlsStream final : public ByteStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<const TlsContext> context)
      : memory_(Shard::current().runtime().memory(), MemoryClass::kTls, kTlsConnectionBytes),
        session_(std::make_shared<TlsSession>(std::move(context))),
        socket_(std::move(socket)) {
    error_code ignored;
    remote_ = socket_.remote_endpoint(ignored);
    socket_.native_non_blocking(true, ignored);
  }

  result<void, Error> expect_name(const std::string& server) { return session_->expect_name(server); }

  Task<result<void, Error>> handshake(Lane* lane, const std::string& owner) {
    std::size_t received = 0;
    for (;;) {
      const auto step = co_await shake(lane, owner);
      if (!step) co_return Error{NetError::kTooManyHandshakes, {}};
      const auto flushed = co_await flush();
      if (*step == Step::kFailed) co_return session_->error();
      if (!flushed) co_return Error{NetError::kTlsHandshake, flushed.error().message()};
      if (*step == Step::kDone) break;
      const auto got = co_await receive();
      if (!got) co_return Error{NetError::kTlsHandshake, ended_text(got.error())};
      received += *got;
      if (received > kHandshakeBytesMax)
        co_return Error{NetError::kTlsHandshake, "the other end sends more than 128 KiB before the handshake is over"};
    }
    facts_ = session_->facts();
    session_->attach(fd());
    shaken_ = true;
    co_return result<void, Error>();
  }

  Duration handshake_cpu() const { return session_->cpu(); }

  Task<result<std::size_t>> read_some(std::span<char> into) override {
    for (;;) {
      if (!is_open()) co_return make_error_code(asio::error::operation_aborted);
      const auto moved = session_->read(into);
      if (moved.bytes > 0) co_return moved.bytes;
      if (moved.failed) co_return moved.failed;
      const auto ready = co_await wait(moved.wait);
      if (ready) co_return ready;
    }
  }

  Task<result<void>> write_parts(std::span<const std::string_view> parts) override {
    // OpenSSL cannot gather parts: each would become a record and a packet of its own. So small parts are joined.
    std::string joined;
    for (std::string_view part : parts) {
      while (!part.empty()) {
        const bool alone = joined.empty() && part.size() >= kRecord;
        const std::string_view piece = alone ? part : part.substr(0, kRecord - joined.size());
        if (!alone) joined.append(piece);
        part.remove_prefix(piece.size());
        if (!alone && joined.size() < kRecord) continue;
        const auto written = co_await write(alone ? piece : std::string_view(joined));
        if (!written) co_return written;
        joined.clear();
      }
    }
    const auto written = co_await write(joined);
    co_return written;
  }

  /// Sends close_notify without waiting for the peer's, then ends our direction.
  Task<void> shutdown() override {
    if (!is_open()) co_return;
    if (shaken_) session_->say_goodbye();
    error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  bool is_open() const override { return socket_.is_open(); }
  bool is_quiet() override { return is_open() && !peer_closed() && !(shaken_ && session_->has_input()); }
  Heard hear_out() override {
    std::array<char, kPiece> unwanted;
    for (std::size_t heard = 0; heard < kHearMax;) {
      if (!is_open()) return Heard::kReset;
      const auto moved = session_->read(unwanted);
      if (moved.failed) return moved.failed == asio::error::eof ? Heard::kEnd : Heard::kReset;
      if (moved.bytes == 0) break;
      heard += moved.bytes;
    }
    return Heard::kNothing;
  }
  const TlsFacts* tls() const override { return &facts_; }
  asio::ip::tcp::endpoint remote() const override { return remote_; }

 protected:
  int fd() const override { return is_open() ? const_cast<TcpSocket&>(socket_).native_handle() : -1; }

 private:
  static std::string ended_text(error_code why) {
    return why == asio::error::eof ? "the other end closed the connection in the TLS handshake" : why.message();
  }

  /// The session belongs to the lane until the step has ended. It has no socket yet, so the stream may close its own
  /// meanwhile.
  Task<result<Step>> shake(Lane* lane, const std::string& owner) {
    if (lane == nullptr) co_return session_->shake();
    auto job = [session = session_] { return session->shake(); };
    auto step = co_await lane->run(owner, std::move(job));
    co_return step;
  }

  Task<result<void>> flush() {
    const std::string bytes = session_->take_output();
    if (bytes.empty()) co_return result<void>();
    const auto [failed, sent] = co_await asio::async_write(socket_, asio::buffer(bytes), use_tuple);
    if (failed) co_return failed;
    co_return result<void>();
  }

  Task<result<std::size_t>> receive() {
    std::string piece(kPiece, '\0');
    const auto [failed, got] = co_await socket_.async_read_some(asio::buffer(piece), use_tuple);
    if (failed) co_return failed;
    session_->give(std::string_view(piece).substr(0, got));
    co_return got;
  }

  Task<result<void>> write(std::string_view bytes) {
    for (std::size_t share = kWriteShare; !bytes.empty();) {
      if (!is_open()) co_return make_error_code(asio::error::operation_aborted);
      const auto moved = session_->write(bytes.substr(0, kRecord));
      if (moved.failed) co_return moved.failed;
      bytes.remove_prefix(moved.bytes);
      if (moved.bytes > 0 && moved.bytes < share) {
        share -= moved.bytes;
        continue;
      }
      share = kWriteShare;
      if (moved.bytes > 0) {
        co_await asio::post(Shard::current().executor(), use_task);
        continue;
      }
      const auto ready = co_await wait(moved.wait);
      if (ready) co_return ready;
    }
    co_return result<void>();
  }

  Task<error_code> wait(Wait for_what) {
    const auto kind = for_what == Wait::kWritable ? TcpSocket::wait_write : TcpSocket::wait_read;
    const auto [failed] = co_await socket_.async_wait(kind, use_tuple);
    co_return failed;
  }

  const MemoryCount memory_;
  std::shared_ptr<TlsSession> session_;
  TcpSocket socket_;
  asio::ip::tcp::endpoint remote_;
  TlsFacts facts_;
  bool shaken_ = false;
};

/// Does the handshake of a stream within the time limit.
Task<result<std::unique_ptr<ByteStream>, Error>> shake_hands(std::unique_ptr<TlsStream> stream, Duration timeout,
                                                             Lane* lane, std::string owner, Duration* cpu) {
  CloseAfter limit(*stream, timeout);
  auto shaken = co_await stream->handshake(lane, owner);
  if (cpu != nullptr) *cpu = stream->handshake_cpu();
  if (limit.fired()) co_return Error{NetError::kTimedOut, "the TLS handshake took too long"};
  if (!shaken) co_return shaken.error();
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace

Task<result<std::unique_ptr<ByteStream>, Error>> connect_tls(TcpSocket socket,
                                                             std::shared_ptr<const TlsContext> context,
                                                             std::string server_name, Duration timeout, Lane* lane,
                                                             std::string owner, Duration* cpu) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
  SLUICE_CO_TRY_VOID(stream->expect_name(server_name));
  auto connected = co_await shake_hands(std::move(stream), timeout, lane, std::move(owner), cpu);
  co_return std::move(connected);
}

Task<result<std::unique_ptr<ByteStream>, Error>> accept_tls(TcpSocket socket, std::shared_ptr<const TlsContext> context,
                                                            Duration timeout, Lane* lane, std::string owner) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
  auto accepted = co_await shake_hands(std::move(stream), timeout, lane, std::move(owner), nullptr);
  co_return std::move(accepted);
}

}  // namespace sluice
