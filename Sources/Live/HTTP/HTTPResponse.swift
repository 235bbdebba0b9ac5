/// An answer of the live page.
package struct HTTPResponse: Sendable {
  /// The part of an answer after its head.
  package enum Body: Sendable {
    /// Bytes that are there.
    case bytes([UInt8])
    /// Pieces that come to be while they are read, as server-sent events do.
    case pieces(AsyncStream<[UInt8]>)
  }

  /// Its status.
  package var status: HTTPStatus
  /// Its type, as the field says it; nil without a body.
  package var type: String?
  /// Its body.
  package var body: Body
  /// True if the body isn't sent, as HEAD asks for.
  package var isHeadOnly = false

  /// An answer with bytes that are there.
  package init(_ status: HTTPStatus, type: String?, _ bytes: [UInt8] = []) {
    self.status = status
    self.type = type
    body = .bytes(bytes)
  }

  /// A stream of server-sent events.
  package init(events: AsyncStream<[UInt8]>) {
    status = .ok
    type = "text/event-stream"
    body = .pieces(events)
  }

  /// A line for people.
  package init(_ status: HTTPStatus, _ line: String) {
    self.init(status, type: "text/plain; charset=utf-8", Array("\(line)\n".utf8))
  }

  /// The bytes before its body; the connection ends with each answer.
  var head: [UInt8] {
    var lines = ["HTTP/1.1 \(status.rawValue) \(status.reason)"]
    if let type { lines.append("Content-Type: \(type)") }
    if case .bytes(let bytes) = body, status != .noContent {
      lines.append("Content-Length: \(bytes.count)")
    }
    if status == .methodNotAllowed { lines.append("Allow: GET, HEAD") }
    lines += [
      "Cache-Control: no-store", "Connection: close", "X-Content-Type-Options: nosniff",
      "Referrer-Policy: no-referrer",
      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
    ]
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}
