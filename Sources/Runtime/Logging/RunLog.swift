package import Foundation
import Ledger
import Synchronization

/// The log of a run, one JSON object a line: time, level, event, and fields that depend on the
/// event.
///
/// Strangers can't make it grow without end: of an event that they bring about, twenty lines a
/// minute are written and the others counted, and beyond its largest size the file is set aside as
/// `log.jsonl.1`, in place of the one before. What can't be written is dropped: a full disk is told
/// of by what needs it. Keys are never written.
package final class RunLog: Sendable {
  private struct State {
    var file: FileHandle?
    var size = 0
    var throttles: [String: Throttle] = [:]
  }

  private let url: URL?
  private let level: LogLevel
  private let largest: Int
  private let state: Mutex<State>
  private let start = ContinuousClock.now

  /// A log that appends to the file at `url`; to none where that is nil.
  package init(at url: URL?, level: LogLevel = .info, largest: Int = 64 << 20) {
    self.url = url
    self.level = level
    self.largest = largest
    state = Mutex(State())
    state.withLock { open(&$0) }
  }

  /// Writes a line about `event`, if its level is wanted and there weren't too many of it.
  package func write(
    _ level: LogLevel, _ event: String, _ fields: KeyValuePairs<String, LogField> = [:]
  ) {
    write(level, event, fields: fields.map { ($0.key, $0.value) })
  }

  /// Writes a line with fields that are gathered before.
  func write(_ level: LogLevel, _ event: String, fields: [(String, LogField)]) {
    guard level >= self.level, url != nil else { return }
    state.withLock { state in
      let now = ContinuousClock.now - start
      let (isPassed, missed) = state.throttles[event, default: Throttle(at: now)]
        .pass(atMost: level.linesPerMinute, now)
      if missed > 0 {
        append("suppressed", .notice, [("of", .text(event)), ("lines", .number(missed))], &state)
      }
      if isPassed { append(event, level, fields, &state) }
    }
  }

  private func append(
    _ event: String, _ level: LogLevel, _ fields: [(String, LogField)], _ state: inout State
  ) {
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\","
    line += "\"event\":\(LogField.quoted(event))"
    for (name, value) in fields { line += ",\(LogField.quoted(name)):\(value.json)" }
    let data = Data((line + "}\n").utf8)
    if state.size + data.count > largest { turn(&state) }
    guard (try? state.file?.write(contentsOf: data)) != nil else { return }
    state.size += data.count
  }

  private func open(_ state: inout State) {
    guard let url else { return }
    let path = url.path(percentEncoded: false)
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(
        atPath: path, contents: nil, attributes: [.posixPermissions: 0o640])
    }
    state.file = FileHandle(forWritingAtPath: path)
    state.size = Int((try? state.file?.seekToEnd()) ?? 0)
  }

  private func turn(_ state: inout State) {
    guard let url else { return }
    try? state.file?.close()
    let old = url.deletingLastPathComponent().appending(path: url.lastPathComponent + ".1")
    try? FileManager.default.removeItem(at: old)
    try? FileManager.default.moveItem(at: url, to: old)
    open(&state)
  }
}

/// Lets so many lines of one event pass in a minute, and counts the others.
package struct Throttle: Sendable {
  private var began: Duration
  private var passed = 0
  private var suppressed = 0

  /// A throttle that begins at `now`.
  package init(at now: Duration) { began = now }

  /// True if another line may pass, and how many did not in the minute before, once that is over.
  package mutating func pass(
    atMost limit: Int, _ now: Duration
  ) -> (isPassed: Bool, missed: Int) {
    var missed = 0
    if now - began >= .seconds(60) {
      missed = suppressed
      (began, passed, suppressed) = (now, 0, 0)
    }
    guard passed < limit else {
      suppressed += 1
      return (false, missed)
    }
    passed += 1
    return (true, missed)
  }
}
