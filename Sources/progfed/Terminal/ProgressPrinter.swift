import Federation
import Foundation
import Ledger
import Measures
import Reports
import Runtime
import Server
import Synchronization
import Wire

/// Shows on standard error how far a run is: one line that is written over on a terminal, plain
/// lines otherwise, nothing when quiet.
final class ProgressPrinter: RunObserver {
  private let terminal = Terminal.error
  private let isQuiet: Bool
  /// True where workers that come and go are news.
  private let showsWorkers: Bool
  private let hasLine = Mutex(false)
  private let start = ContinuousClock.now
  /// The round that this process began with.
  private let first = Mutex<Int?>(nil)
  private let complaints = Mutex(Throttle(at: .zero))
  private let lastWaiting = Mutex(RepeatedLine())

  /// A printer; a quiet one shows only what went wrong.
  init(isQuiet: Bool, showsWorkers: Bool = false) {
    self.isQuiet = isQuiet
    self.showsWorkers = showsWorkers
  }

  func closed(_ progress: RunProgress) {
    guard !isQuiet else { return }
    lastWaiting.withLock { $0 = RepeatedLine() }
    let record = progress.record
    let first = first.withLock { first in
      first = first ?? record.round
      return first ?? 1
    }
    let line = ProgressLine(
      stage: record.stage, stages: progress.stages, round: record.round,
      rounds: progress.rounds, accuracy: progress.accuracy,
      dice: progress.dice,
      down: progress.total.down.wire, up: progress.total.up.wire,
      elapsed: ContinuousClock.now - start, resumed: first - 1)
    show(line.text(width: terminal.width), isFinal: record.round == progress.rounds)
    guard record.accepted < record.selected else { return }
    say(
      "round \(record.round): \(record.accepted) of \(record.selected) updates counted; "
        + "\(record.late) late, \(record.lost) lost, \(record.refused) refused")
  }

  func noticed(_ notice: BrokerNotice) {
    switch notice {
    case .opened, .evaluating: lastWaiting.withLock { $0 = RepeatedLine() }
    case .measuring(let clients):
      lastWaiting.withLock { $0 = RepeatedLine() }
      if !isQuiet { say("\(clients) clients are asked for sums over their training samples") }
    case .normalized(let made, let clients):
      if !isQuiet {
        say(
          "normalization by the sums of \(clients) clients: means \(made.means), "
            + "deviations \(made.deviations)")
      }
    case .waiting(let shortage):
      guard !isQuiet else { return }
      let text =
        "waiting for clients: \(shortage.able) of \(shortage.needed) are here"
        + Self.clause(shortage.names)
      if lastWaiting.withLock({ $0.isNews(text, at: .now) }) { say(text) }
    case .gaveUp(let shortage, let isOverdue):
      let counts = "\(shortage.able) of \(shortage.needed) clients that a round needs"
      say(
        (isOverdue
          ? "\(counts) are here, after \(shortage.patience.brief) of waiting (participation.patience)"
          : "no more than \(counts) can ever be here again") + Self.clause(shortage.names))
    case .refused(let client, let reason, let detail):
      complain("client \(client) was refused (\(reason.name)): \(detail.printable)")
    case .declined(let client, let reason, let detail):
      complain("client \(client) can't take part (\(reason.name)): \(detail.printable)")
    case .worker(let news): noticed(news)
    case .ordered(let order, let answer):
      // Who gave it is told by itself why it wasn't done.
      if answer.ok { say("control: \(order.word): \(answer.text)") }
    }
  }

  private func noticed(_ news: WorkerNews) {
    switch news {
    case .came(let group): if showsWorkers { tell("here", group) }
    case .left(let group): if showsWorkers { tell("has left", group) }
    case .heard(let group): tell("heard again", group)
    case .vanished(let group): complain("gone without a word: \(Self.words(group))")
    case .silent(let group, let time):
      complain("nothing heard for \(time.brief) of \(Self.words(group))")
    }
  }

  private func tell(_ what: String, _ group: WorkerGroup) {
    if !isQuiet { say("\(what): \(Self.words(group))") }
  }

  private static func words(_ group: WorkerGroup) -> String {
    let count = group.clients.count
    let clients = ClientRange(of: group.clients)
    return "\(group.place), with \(count == 1 ? "client" : "\(count) clients:") \(clients)"
  }

  func collapsed(round: Int, stage: Int, accuracy: Double) {
    say(
      "collapse: at stage \(stage) the test score fell to chance (\((100 * accuracy).fixed(1)) % after "
        + "round \(round)); lower training.learningRate or training.clipNorm, or raise stages.warmUp"
    )
  }

  func discarded(_ round: DiscardedRound) { say(round.description) }

  func warned(_ problem: String) { say(problem) }

  func remarked(_ remark: String) { say("data: \(remark)") }

  /// The text as the end of a sentence; empty if there is none.
  private static func clause(_ text: String) -> String { text.isEmpty ? "" : "; \(text)" }

  /// Writes a line that strangers can bring about: a few of them a minute.
  private func complain(_ text: String) {
    let now = ContinuousClock.now - start
    let (isPassed, missed) = complaints.withLock { $0.pass(atMost: 30, now) }
    if missed > 0 { say("\(missed) more refusals in the minute before; log.jsonl counts them") }
    if isPassed { say(text) }
  }

  /// Writes a line of its own.
  func say(_ text: String) {
    let clear = endLine() ? "\r\u{1B}[K" : ""
    write("\(clear)\(text)\n")
  }

  private func show(_ text: String, isFinal: Bool) {
    guard terminal.isTerminal else { return write("\(text)\n") }
    hasLine.withLock { $0 = !isFinal }
    write("\r\u{1B}[K\(text)\(isFinal ? "\n" : "")")
  }

  /// Ends the line that is written over; false if there is none.
  private func endLine() -> Bool {
    hasLine.withLock { hasLine in
      defer { hasLine = false }
      return hasLine
    }
  }

  private func write(_ text: String) { Terminal.write(text) }
}

/// A line that would be said again and again while nothing changes.
///
/// It is said when it changes, and again after a minute, then after twice as long each time, up to
/// an hour.
struct RepeatedLine {
  private var text: String?
  private var said: ContinuousClock.Instant?
  private var pause: Duration = .seconds(60)

  /// True if `line` is to be said at `now`.
  mutating func isNews(_ line: String, at now: ContinuousClock.Instant) -> Bool {
    if line != text {
      (text, said, pause) = (line, now, .seconds(60))
      return true
    }
    guard let said, said.duration(to: now) >= pause else { return false }
    self.said = now
    pause = min(pause * 2, .seconds(3600))
    return true
  }
}
