import Federation
import Foundation
import Reports
import Synchronization

/// Answers requests: the page, its events, the JSON object, who is there, metrics and health.
///
/// There is nothing to change.
final class LivePages: Sendable {
  private static let pause = Duration.milliseconds(250)
  /// The number of pauses after which a silent listener is sent a comment, to see if it is still
  /// there.
  private static let patience = 40

  private let snapshots: RunSnapshots
  private let presence: LivePresence?
  private let isLocal: Bool
  private let listeners = Mutex(0)
  private let hasEnded = Mutex(false)

  /// Pages of the run whose ledger is at `ledger`; local ones are for names of this machine alone.
  init(_ ledger: URL, isLocal: Bool, presence: LivePresence? = nil) {
    snapshots = RunSnapshots(ledger)
    self.presence = presence
    self.isLocal = isLocal
  }

  /// Tells listeners that nothing more will come.
  func end() { hasEnded.withLock { $0 = true } }

  /// The number of browsers that listen.
  var listenerCount: Int { listeners.withLock { $0 } }

  /// Answers a request.
  func answer(_ request: HTTPRequest) async -> HTTPResponse {
    guard request.method != .other else {
      return HTTPResponse(.methodNotAllowed, "only GET is answered")
    }
    // A page from elsewhere may not read this one under a name of its own that leads here (DNS
    // rebinding).
    guard !isLocal || LiveAddress.isLocal(Self.host(request)) else {
      return HTTPResponse(.forbidden, "unknown host")
    }
    switch request.path {
    case "/favicon.ico": return HTTPResponse(.noContent, type: nil)
    case "/events": return events()
    case "/health": return await health()
    case "/status.json": return await status()
    case "/", "/summary.json", "/metrics": return await page(request.path)
    default: return HTTPResponse(.notFound, "no such page")
    }
  }

  private static func host(_ request: HTTPRequest) -> Substring {
    let host = request.host ?? ""
    guard !host.hasPrefix("[") else { return host.dropFirst().prefix { $0 != "]" } }
    return host.prefix { $0 != ":" }
  }

  private func page(_ path: String) async -> HTTPResponse {
    guard let snapshot = await snapshots.current() else {
      return HTTPResponse(.unavailable, "the run hasn't begun yet")
    }
    switch path {
    case "/metrics":
      let present = await presence?.current().map { Metrics.text($0) } ?? ""
      return HTTPResponse(
        .ok, type: "text/plain; version=0.0.4; charset=utf-8",
        Array((snapshot.metrics + present).utf8))
    case "/summary.json": return HTTPResponse(.ok, type: "application/json", snapshot.json)
    default: return HTTPResponse(.ok, type: "text/html; charset=utf-8", snapshot.page)
    }
  }

  /// The workers and clients that are there, as a JSON object.
  private func status() async -> HTTPResponse {
    guard let presence else {
      return HTTPResponse(.notFound, "a run in virtual time has no workers")
    }
    guard let now = await presence.current(), let body = now.json else {
      return HTTPResponse(.unavailable, "the broker isn't at work")
    }
    return HTTPResponse(.ok, type: "application/json", Array((body + "\n").utf8))
  }

  private func health() async -> HTTPResponse {
    let snapshot = await snapshots.current()
    let state = snapshot.map { $0.isRunning ? "running" : "ended" } ?? "starting"
    let body = "{\"status\":\"ok\",\"run\":\"\(state)\",\"rounds\":\(snapshot?.rounds ?? 0)}\n"
    return HTTPResponse(.ok, type: "application/json", Array(body.utf8))
  }

  private func events() -> HTTPResponse {
    listeners.withLock { $0 += 1 }
    let (stream, continuation) = AsyncStream.makeStream(
      of: [UInt8].self, bufferingPolicy: .bufferingNewest(4))
    let task = Task(executorPreference: AnswerThread.shared) { [self] in
      await tell(continuation)
      continuation.finish()
      listeners.withLock { $0 -= 1 }
    }
    continuation.onTermination = { _ in task.cancel() }
    return HTTPResponse(events: stream)
  }

  /// Sends each change until the run is over or nobody listens any more.
  private func tell(_ continuation: AsyncStream<[UInt8]>.Continuation) async {
    var version = 0
    var silence = 0
    var people = ""
    while !Task.isCancelled {
      let isOver = hasEnded.withLock { $0 }
      if let snapshot = await snapshots.current(), snapshot.version != version {
        version = snapshot.version
        silence = 0
        continuation.yield(snapshot.change)
      } else {
        silence += 1
        if silence % Self.patience == 0 { continuation.yield(Array(": still here\n\n".utf8)) }
      }
      if let presence = await presence?.current() {
        let markup = PresenceMarkup.text(presence)
        if markup != people, case .dropped = continuation.yield(LiveEvent.bytes("presence", markup))
        {
          version = 0  // perhaps it was the contents that had to go
        }
        people = markup
      }
      if isOver {
        continuation.yield(LiveEvent.bytes("end", ""))
        return
      }
      try? await Task.sleep(for: Self.pause)
    }
  }
}

/// A server-sent event of the live page.
enum LiveEvent {
  /// The bytes of an event whose data is the text as a JSON string, so that it stays on one line.
  static func bytes(_ name: String, _ text: String) -> [UInt8] {
    let data = (try? JSONEncoder().encode(text)) ?? Data("\"\"".utf8)
    return Array("event: \(name)\ndata: ".utf8) + Array(data) + Array("\n\n".utf8)
  }
}
