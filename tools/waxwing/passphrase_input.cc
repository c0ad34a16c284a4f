#include "tools/waxwing/passphrase_input.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "store/files.h"

namespace waxwing::tool {
namespace {

constexpr std::size_t kPassphraseBytes = 4096;

tl::unexpected<Error> refuse(const char* why) { return fail(Errc::kInvalidArgument, why); }

SecretBytes withoutLineEnd(SecretBytes text) {
  std::size_t size = text.size();
  while (size > 0 && (text.view()[size - 1] == '\n' || text.view()[size - 1] == '\r')) --size;
  text.truncate(size);
  return text;
}

Result<SecretBytes> fromFile(const std::filesystem::path& path) {
  auto content = readSmallFile(path, kPassphraseBytes);
  if (!content) return refuse("the passphrase file cannot be read, or is over 4 KiB");
  SecretBytes passphrase{ByteView(*content)};
  wipe(*content);
  return withoutLineEnd(std::move(passphrase));
}

std::optional<SecretBytes> fromEnvironment() {
  char* value = std::getenv("WAXWING_PASSPHRASE");
  if (value == nullptr) return std::nullopt;
  const std::size_t size = std::strlen(value);
  SecretBytes passphrase{asBytes({value, size})};
  wipe({reinterpret_cast<std::uint8_t*>(value), size});
  ::unsetenv("WAXWING_PASSPHRASE");
  return passphrase;
}

// The controlling terminal, whatever standard input is.
class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool isThere() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void say(std::string_view text) const {
    [[maybe_unused]] const ssize_t written = ::write(fd_, text.data(), text.size());
  }
  // Waits for a line. False if a signal came instead, then or before, that `whileWaiting` does not block.
  bool awaitLine(const sigset_t& whileWaiting) const {
    pollfd input{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::ppoll(&input, 1, nullptr, &whileWaiting) >= 0;
  }
  // nullopt at the end of input, or if a signal interrupted it.
  std::optional<SecretBytes> readLine() const {
    SecretBytes line(kPassphraseBytes);
    const ssize_t size = ::read(fd_, line.span().data(), line.size());
    if (size <= 0) return std::nullopt;
    line.truncate(static_cast<std::size_t>(size));
    return withoutLineEnd(std::move(line));
  }

 private:
  int fd_;
};

// While it lives the terminal shows nothing of what is typed, and Ctrl-C ends a read instead of the process, which
// would leave the terminal so. It is blocked but for the time of waiting: whenever it comes, a read sees it.
class Hidden {
 public:
  explicit Hidden(const Terminal& terminal) : terminal_(terminal) {
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &formerMask_);
    ::sigaction(SIGINT, &interrupt, &formerAction_);
    ::tcgetattr(terminal_.fd(), &former_);
    termios quiet = former_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal_.fd(), TCSAFLUSH, &quiet);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    ::tcsetattr(terminal_.fd(), TCSAFLUSH, &former_);
    ::pthread_sigmask(SIG_SETMASK, &formerMask_, nullptr);
    ::sigaction(SIGINT, &formerAction_, nullptr);
    terminal_.say("\n");
  }

  std::optional<SecretBytes> readLine() const {
    sigset_t whileWaiting = formerMask_;
    ::sigdelset(&whileWaiting, SIGINT);
    return terminal_.awaitLine(whileWaiting) ? terminal_.readLine() : std::nullopt;
  }

 private:
  const Terminal& terminal_;
  termios former_{};
  sigset_t formerMask_{};
  struct sigaction formerAction_ {};
};

Result<SecretBytes> askOnce(const Terminal& terminal, std::string_view question) {
  const Hidden hidden(terminal);
  terminal.say(question);
  auto line = hidden.readLine();
  if (!line) return refuse("no passphrase was given");
  return std::move(*line);
}

Result<SecretBytes> fromTerminal(PassphraseFor purpose) {
  const Terminal terminal;
  if (!terminal.isThere()) {
    return refuse("no terminal to ask for the passphrase; use --passphrase-file F or WAXWING_PASSPHRASE");
  }
  auto passphrase = askOnce(terminal, purpose == PassphraseFor::kNewProfile ? "New passphrase: " : "Passphrase: ");
  if (!passphrase || purpose == PassphraseFor::kOpening) return passphrase;
  const auto again = askOnce(terminal, "The same again: ");
  if (!again) return tl::unexpected(again.error());
  if (!constantTimeEqual(passphrase->view(), again->view())) return refuse("the two passphrases differ");
  return passphrase;
}

}  // namespace

Result<SecretBytes> readPassphrase(const std::optional<std::filesystem::path>& file, PassphraseFor purpose) {
  auto inherited = fromEnvironment();
  if (file) return fromFile(*file);
  if (inherited) return std::move(*inherited);
  return fromTerminal(purpose);
}

bool confirmOnTerminal(const char* question) {
  const Terminal terminal;
  if (!terminal.isThere()) return false;
  terminal.say(question);
  const auto answer = terminal.readLine();
  return answer && (asText(answer->view()) == "y" || asText(answer->view()) == "yes");
}

}  // namespace waxwing::tool
