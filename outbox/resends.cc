#include "outbox/resends.h"

#include <algorithm>

#include "outbox/timeline.h"
#include "session/content.h"

namespace waxwing {

namespace {

constexpr std::size_t kDevicesPerTurn = 64;
constexpr std::size_t kRowsPerSweep = 512;
constexpr auto kFarthest = limits::kProbeMost + std::chrono::hours(1);

std::chrono::milliseconds waitBefore(std::uint32_t resends) {
  return limits::kResendAgainFirst * (std::int64_t{1} << std::min(resends, 16u));
}

std::chrono::milliseconds waitBeforeProbe(std::uint32_t probes) {
  return std::min<std::chrono::milliseconds>(limits::kProbeMost,
                                             limits::kProbeFirst * (std::int64_t{1} << std::min(probes, 16u)));
}

void addGone(std::vector<body::ResendRange>& gone, const StreamId& stream, std::uint64_t from, std::uint64_t to) {
  if (from > to) return;
  if (!gone.empty() && gone.back().stream == stream && gone.back().to + 1 == from) {
    gone.back().to = to;
  } else if (gone.size() < limits::kItemsPerContent / 2) {
    gone.push_back({stream, from, to});
  }
}

}  // namespace

void Resends::onRequest(Transaction& transaction, const DeviceAddress& from, const body::ResendRequest& request) {
  Answer answer;
  if (!request.envelopes.empty()) {
    collectRows(from, context_.sent.inEnvelopes(from, request.envelopes), Haste::kAtOnce, {}, answer);
  }
  for (const auto& range : request.ranges) collect(from, range, answer);
  give(transaction, from, answer);
}

// A stream that is not named is one of which nothing is held.
void Resends::onMarks(Transaction& transaction, const DeviceAddress& from, const body::Marks& marks) {
  if (marks.streams.empty()) return;
  context_.devices.removeSealKey(transaction, from);  // it may have lost the one that it published before
  Answer answer;
  for (const StreamId& stream : context_.sent.streams(from)) {
    const auto named = std::ranges::find_if(marks.streams, [&](const auto& one) { return one.mark.stream == stream; });
    const auto mark = named == marks.streams.end() ? 0 : named->mark.sequence;
    if (stream == context_.stream) {
      const auto last = context_.devices.get(from).outSequence;
      context_.devices.putOutMark(transaction, from, std::min(mark, last));
    }
    if (named == marks.streams.end()) collect(from, {stream, 1, body::ResendRange::kOpenEnd}, answer);
  }
  for (const auto& stream : marks.streams) {
    for (const auto& hole : stream.holes) collect(from, hole, answer);
  }
  give(transaction, from, answer);
}

void Resends::collect(const DeviceAddress& to, const body::ResendRange& range, Answer& answer) {
  const bool open = range.to == body::ResendRange::kOpenEnd;
  const bool current = range.stream == context_.stream;
  const std::uint64_t last = current ? context_.devices.get(to).outSequence : limits::kSequenceMax;
  const std::uint64_t end = std::min(range.to, last);
  if (range.stream.isZero() || range.from == 0 || range.from > end) return;
  const std::size_t most = limits::kResendsPerRequest;
  const auto rows = context_.sent.range(to, range.stream, range.from, end, most);
  // Nothing more follows in a former stream by which the receiver could find out what it lacks.
  collectRows(to, rows, open && current ? Haste::kAfterGrace : Haste::kAtOnce, range.stream, answer);

  std::uint64_t next = range.from;
  for (const Row& row : rows) {
    addGone(answer.gone, range.stream, next, row.sequence - 1);
    next = row.sequence + 1;
  }
  // How far a stream of before a restore went is not known.
  if (rows.size() < most && (current || !open)) addGone(answer.gone, range.stream, next, end);
}

void Resends::collectRows(const DeviceAddress& to, const std::vector<Row>& rows, Haste haste, const StreamId& stream,
                          Answer& answer) {
  const WallTime now = context_.now();
  for (const Row& row : rows) {
    if (answer.again.size() == limits::kResendsPerRequest) return;
    if (isOnItsWay(to, row)) continue;
    const WallTime last = row.resentAt.value_or(row.madeAt);
    if (haste == Haste::kAfterGrace && std::chrono::abs(now - last) < limits::kResendGrace) continue;
    if (row.resentAt && std::chrono::abs(now - last) < waitBefore(row.resends - 1)) continue;
    if (row.resends >= limits::kResendsMost) {
      if (haste == Haste::kAtOnce && !stream.isZero()) addGone(answer.gone, stream, row.sequence, row.sequence);
      continue;
    }
    answer.again.push_back(row);
  }
}

bool Resends::isOnItsWay(const DeviceAddress& to, const Row& row) {
  const auto status = context_.deliveries.findStatus({to.account, row.message, to.device});
  return status && *status != DeliveryTable::Status::kAccepted;
}

void Resends::give(Transaction& transaction, const DeviceAddress& to, const Answer& answer) {
  composer_.resend(transaction, to, answer.again);
  if (answer.gone.empty()) return;
  noteGone(transaction, to, answer.gone);
  composer_.tellDevice(transaction, to, body::Marks{.streams = {}, .gone = answer.gone, .ended = {}});
}

void Resends::noteGone(Transaction& transaction, const DeviceAddress& to, const std::vector<body::ResendRange>& gone) {
  std::uint64_t count = 0;
  for (const auto& range : gone) {
    const GoneTable::Range row{range.stream, range.from, range.to};
    if (context_.gone.add(transaction, to, row, limits::kGonePerDevice)) count += range.to - range.from + 1;
  }
  if (count == 0) return;
  std::string text = count == 1 ? "1 item" : std::to_string(count) + " items";
  text.append(" did not reach device ").append(std::to_string(to.device.value()));
  addNote(context_, transaction, to.account, to, TimelineItem::Kind::kUndelivered,
          text.append(" and can no longer be sent"));
}

void Resends::onMark(Transaction& transaction, const DeviceAddress& from, const StreamMark& mark) {
  auto peer = context_.devices.get(from);
  if (peer.outSequence <= peer.outMark) return;
  const std::uint64_t held = mark.stream == context_.stream ? std::min(mark.sequence, peer.outSequence) : 0;
  if (held > peer.outMark) {
    context_.devices.putOutMark(transaction, from, held);
    peer.outMark = held;
    peer.probes = 0;
    if (held == peer.outSequence) peer.probeAt.reset();
    if (peer.probeAt) context_.devices.putProbe(transaction, from, peer.probeAt, 0);
  }
  if (peer.outMark == peer.outSequence || peer.probeAt || peer.probes >= limits::kProbesMost) return;
  const auto first = context_.sent.find({from, context_.stream, peer.outMark + 1});
  const WallTime now = context_.now();
  if (!first || now - first->resentAt.value_or(first->madeAt) < limits::kProbeGrace) return;
  context_.devices.putProbe(transaction, from, now + waitBeforeProbe(peer.probes), peer.probes);
  context_.probesChanged = true;
}

void Resends::pump() {
  if (context_.stopped != LinkState::Stop::kNone || !network_.wanted()) return;
  forgetOld();
  if (!context_.probesChanged && (!next_ || *next_ > context_.now())) return;
  context_.probesChanged = false;
  for (const DeviceAddress& device :
       context_.devices.probesDue(context_.now(), context_.now() + kFarthest, kDevicesPerTurn)) {
    Step step(context_, CommitPoint::kCompose);
    probe(step, device);
    step.commit();
  }
  next_ = context_.devices.nextProbe();
  if (next_) next_ = std::min(*next_, context_.now() + kFarthest);
}

std::optional<WallTime> Resends::nextDeadline() const {
  if (context_.stopped != LinkState::Stop::kNone || !network_.wanted()) return std::nullopt;
  return context_.probesChanged ? std::optional(context_.now()) : next_;
}

bool Resends::bringsKey(const Row& row) {
  const auto kept = context_.sent.findContent(row.id);
  const auto content = kept ? decode(kept->view()) : fail(Errc::kNotFound, "it is not kept any longer");
  if (!content) return false;
  const auto* profile = std::get_if<body::Profile>(&content->body);
  return profile != nullptr && profile->contactKey;
}

// A few are all sent again; of many only the last, which shows the receiver what it lacks: it will ask, for which it
// may need a new access key.
void Resends::probe(Transaction& transaction, const DeviceAddress& device) {
  const auto peer = context_.devices.get(device);
  const bool covered = peer.outMark >= peer.outSequence;
  const auto next = covered || peer.probes + 1 >= limits::kProbesMost
                        ? std::nullopt
                        : std::optional(context_.now() + waitBeforeProbe(peer.probes + 1));
  context_.devices.putProbe(transaction, device, next, peer.probes + 1);
  if (covered) return;
  auto rows =
      context_.sent.range(device, context_.stream, peer.outMark + 1, peer.outSequence, limits::kResendsPerRequest);
  if (rows.size() > limits::kProbeContents) {
    std::erase_if(rows, [this](const Row& row) { return !bringsKey(row); });
    if (const auto last = context_.sent.find({device, context_.stream, peer.outSequence})) rows.push_back(*last);
  }
  if (isUnheardAfter(peer.probes)) context_.unheard.insert(device);
  Answer answer;
  collectRows(device, rows, Haste::kAfterGrace, context_.stream, answer);
  composer_.resend(transaction, device, answer.again);
}

// Contents are kept for limits::kSentAge, and longer while they are not known to have arrived (Composer bounds that).
void Resends::forgetOld() {
  const WallTime now = context_.now();
  if (forgotAt_ && std::chrono::abs(now - *forgotAt_) < limits::kDay) return;
  forgotAt_ = now;
  std::int64_t seen = 0;
  for (bool more = true; more;) {
    Step step(context_, CommitPoint::kPrepare);
    const auto rows = context_.sent.oldest(seen, kRowsPerSweep);
    std::set<DeviceAddress> touched;
    for (const auto& row : rows) {
      seen = row.id;
      more = now - row.madeAt > limits::kSentAge;
      if (!more) break;
      const bool unknown =
          row.number.stream == context_.stream && row.number.sequence > context_.devices.get(row.number.device).outMark;
      if (unknown) continue;
      context_.sent.remove(step, row.id);
      touched.insert(row.number.device);
    }
    more = more && rows.size() == kRowsPerSweep;
    for (const DeviceAddress& device : touched) context_.devices.countSent(step, device);
    if (!touched.empty()) step.commit();
  }
}

}  // namespace waxwing
