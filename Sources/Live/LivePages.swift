import FlyingFox
import FlyingSocks
import Federation
import Foundation
import Reports
import Synchronization

/// Answers requests: the page, its events, the JSON object, who is there, metrics and health.
///
/// There is nothing to change.
final class LivePages: HTTPHandler {
  private static let pause = Duration.milliseconds(250)
  /// The number of pauses after which a silent listener is sent a comment, to see if it is still
  /// there.
  private static let patience = 40
  private static let mostListeners = 64

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

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard request.method == .GET || request.method == .HEAD else {
      return Self.response(.methodNotAllowed, "text/plain", "only GET is answered\n")
    }
    // A page from elsewhere may not read this one under a name of its own that leads here (DNS
    // rebinding).
    guard !isLocal || LiveAddress.isLocal(Self.host(request)) else {
      return Self.response(.forbidden, "text/plain", "unknown host\n")
    }
    switch request.path {
    case "/favicon.ico": return HTTPResponse(statusCode: .noContent)
    case "/events": return events()
    case "/health": return await health()
    case "/status.json": return await status()
    case "/", "/summary.json", "/metrics": return await page(request.path)
    default: return Self.response(.notFound, "text/plain", "no such page\n")
    }
  }

  private static func host(_ request: HTTPRequest) -> Substring {
    let host = request.headers[.host] ?? ""
    guard !host.hasPrefix("[") else { return host.dropFirst().prefix { $0 != "]" } }
    return host.prefix { $0 != ":" }
  }

  private func page(_ path: String) async -> HTTPResponse {
    guard let snapshot = await snapshots.current() else {
      return Self.response(.serviceUnavailable, "text/plain", "the run hasn't begun yet\n")
    }
    switch path {
    case "/metrics":
      let present = await presence?.current().map { Metrics.text($0) } ?? ""
      return Self.response(
        .ok, "text/plain; version=0.0.4; charset=utf-8", snapshot.metrics + present)
    case "/summary.json": return Self.response(.ok, "application/json", snapshot.json)
    default: return Self.response(.ok, "text/html; charset=utf-8", snapshot.page)
    }
  }

  /// The workers and clients that are there, as a JSON object.
  private func status() async -> HTTPResponse {
    guard let presence else {
      return Self.response(.notFound, "text/plain", "a run in virtual time has no workers\n")
    }
    guard let now = await presence.current(), let body = now.json else {
      return Self.response(.serviceUnavailable, "text/plain", "the broker isn't at work\n")
    }
    return Self.response(.ok, "application/json", body + "\n")
  }

  private func health() async -> HTTPResponse {
    let snapshot = await snapshots.current()
    let state = snapshot.map { $0.isRunning ? "running" : "ended" } ?? "starting"
    return Self.response(
      .ok, "application/json",
      "{\"status\":\"ok\",\"run\":\"\(state)\",\"rounds\":\(snapshot?.rounds ?? 0)}\n")
  }

  private func events() -> HTTPResponse {
    let isAdmitted = listeners.withLock { listeners in
      guard listeners < Self.mostListeners else { return false }
      listeners += 1
      return true
    }
    guard isAdmitted else {
      return Self.response(.serviceUnavailable, "text/plain", "too many are listening\n")
    }
    let (stream, continuation) = AsyncStream.makeStream(
      of: [UInt8].self, bufferingPolicy: .bufferingNewest(4))
    let task = Task { [self] in
      await tell(continuation)
      listeners.withLock { $0 -= 1 }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    var response = Self.response(.ok, "text/event-stream", "")
    response.payload = .httpBody(
      HTTPBodySequence(from: EventBytes(events: stream), suggestedBufferSize: 1 << 16))
    return response
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
        continuation.yield(Self.event("content", snapshot.content))
      } else {
        silence += 1
        if silence % Self.patience == 0 { continuation.yield(Array(": still here\n\n".utf8)) }
      }
      if let presence = await presence?.current() {
        let markup = PresenceMarkup.text(presence)
        if markup != people, case .dropped = continuation.yield(Self.event("presence", markup)) {
          version = 0  // perhaps it was the contents that had to go
        }
        people = markup
      }
      if isOver {
        continuation.yield(Self.event("end", ""))
        return
      }
      try? await Task.sleep(for: Self.pause)
    }
  }

  /// An event whose data is the text as a JSON string, so that it stays on one line.
  private static func event(_ name: String, _ text: String) -> [UInt8] {
    let data = (try? JSONEncoder().encode(text)) ?? Data("\"\"".utf8)
    return Array("event: \(name)\ndata: ".utf8) + Array(data) + Array("\n\n".utf8)
  }

  private static func response(
    _ status: HTTPStatusCode, _ type: String, _ body: String
  ) -> HTTPResponse {
    HTTPResponse(
      statusCode: status,
      headers: [
        .contentType: type, .cacheControl: "no-store",
        HTTPHeader("X-Content-Type-Options"): "nosniff",
        HTTPHeader("Referrer-Policy"): "no-referrer",
        HTTPHeader("Content-Security-Policy"):
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
      ],
      body: Data(body.utf8))
  }
}

/// Server-sent events as the body of a response that doesn't end before they do.
struct EventBytes: AsyncBufferedSequence {
  typealias Element = UInt8

  let events: AsyncStream<[UInt8]>

  func makeAsyncIterator() -> Iterator { Iterator(events: events.makeAsyncIterator()) }

  /// Hands out the bytes of one event after the other.
  struct Iterator: AsyncBufferedIteratorProtocol {
    var events: AsyncStream<[UInt8]>.AsyncIterator
    private var rest: ArraySlice<UInt8> = []

    init(events: AsyncStream<[UInt8]>.AsyncIterator) { self.events = events }

    mutating func next() async -> UInt8? { await nextBuffer(suggested: 1)?.first }

    mutating func nextBuffer(suggested count: Int) async -> [UInt8]? {
      if rest.isEmpty {
        guard let event = await events.next() else { return nil }
        rest = event[...]
      }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }
}
