#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "rpc/relay/process.h"
#include "session/relay_address.h"
#include "tools/relay/config.h"
#include "tools/relay/log_observer.h"
#include "tools/relay/relay_directory.h"

// waxwing-relay: reads its configuration, opens its directory, and serves until it is told to stop. Standard output has
// what scripts wait for (`relay address: …`, `listening on …`); the log goes to standard error.
namespace {

using namespace waxwing;
using namespace waxwing::relay;

void switchCoreDumpsOff() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

// The process may open few files by default. Raises that to what the connections ask for; returns how many of them fit
// if it may not.
std::size_t makeRoomFor(std::size_t connections) {
  constexpr std::size_t kOtherFiles = limits::kHandshakes + 64;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return connections;
  files.rlim_cur = std::clamp<rlim_t>(connections + kOtherFiles, files.rlim_cur, files.rlim_max);
  setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t room = files.rlim_cur > kOtherFiles ? files.rlim_cur - kOtherFiles : 1;
  return std::min(connections, room);
}

void startLog(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("waxwing-relay"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_level(spdlog::level::from_str(level));
}

int complain(const Error& error) {
  std::fprintf(stderr, "waxwing-relay: %s\n", error.message.c_str());
  return 1;
}

// `pinned`: the certificate is our own, and clients are to trust it alone.
void announce(const Listening& listening, ByteView pinned, ByteView token) {
  for (const auto& address : listening.addresses) std::printf("listening on %s\n", address.c_str());
  auto address = RelayAddress::parse(listening.names.front());
  if (!address) return;
  address->certificate = toBytes(pinned);
  if (!token.empty()) std::printf("registration token: %.*s\n", static_cast<int>(token.size()), asText(token).data());
  std::printf("relay address: %s\n", address->text().c_str());
  std::fflush(stdout);
}

struct Identity {
  Certificate certificate;
  Bytes pinned;  // DER; empty: authorities vouch for it
};

Result<Identity> loadIdentity(const Config& config, const RelayDirectory& directory) {
  const bool own = config.tlsCertificate.empty();
  auto certificate = own ? directory.certificate() : readCertificate(config.tlsCertificate, config.tlsKey);
  if (!certificate) return tl::unexpected(certificate.error());
  auto der = certificateDer(certificate->certificatePem);
  if (!der) return tl::unexpected(der.error());
  return Identity{std::move(*certificate), own ? std::move(*der) : Bytes()};
}

Result<void> run(const Config& config) {
  auto directory = RelayDirectory::open(config.directory, systemRandom());
  if (!directory) return tl::unexpected(directory.error());
  auto identity = loadIdentity(config, *directory);
  if (!identity) return tl::unexpected(identity.error());

  ProcessSetup setup;
  setup.listen = config.listen;
  setup.options.names = config.names;
  setup.options.connections = makeRoomFor(limits::kConnections);
  if (setup.options.connections < limits::kConnections) {
    spdlog::warn("at most {} connections: the process may open no more files", setup.options.connections);
  }
  setup.certificatePem = std::move(identity->certificate.certificatePem);
  setup.keyPem = std::move(identity->certificate.keyPem);
  setup.openStore = directory->storeOpener();
  if (config.effectiveRegistration() == Registration::kToken) {
    auto token = directory->registrationToken(systemRandom());
    if (!token) return tl::unexpected(token.error());
    setup.options.registrationToken = std::move(*token);
  }
  const SecretBytes token = setup.options.registrationToken.clone();
  LogObserver observer;
  auto ran = runProcess(std::move(setup), systemClock(), systemRandom(), observer,
                        [&](const Listening& listening) { announce(listening, identity->pinned, token.view()); });
  if (ran) observer.summarise();
  return ran;
}

}  // namespace

int main(int argc, char** argv) {
  switchCoreDumpsOff();
  try {
    const auto line = readCommandLine(argc, argv);
    if (!line) return complain(line.error());
    if (line->action == CommandLine::Action::kExit) return 0;
    if (line->action == CommandLine::Action::kPrintConfig) {
      std::fputs(toToml(line->config).c_str(), stdout);
      return 0;
    }
    startLog(line->config.logLevel);
    const auto ran = run(line->config);
    return ran ? 0 : complain(ran.error());
  } catch (const std::exception& broken) {
    return complain({Errc::kInternal, broken.what()});
  }
}
