/// Reads the head of one request of HTTP/1 from bytes as they arrive.
///
/// It keeps at most ``longestHead`` bytes, and looks at each of them once while they arrive and
/// once more when all are here. Source: RFC 9112, of which it takes requests without a body alone.
package struct HTTPRequestReader: Sendable {
  /// The most bytes of a head, with the empty line that ends it.
  package static let longestHead = 8 << 10
  /// The most header fields.
  package static let mostFields = 64

  /// The outcome so far.
  package enum Outcome: Hashable, Sendable {
    /// The head's end isn't here yet.
    case incomplete
    /// A request.
    case request(HTTPRequest)
    /// No request that is answered, and the reason.
    case refused(HTTPStatus, String)
  }

  private var head: [UInt8] = []
  /// True if the last byte taken ended a line, or no line has begun yet.
  private var isAtLineStart = true
  private var fields = -1  // the first line is none

  /// A reader that has read nothing.
  package init() {}

  /// Takes the bytes that have arrived; those after the head's end are ignored.
  ///
  /// After an outcome that isn't ``Outcome/incomplete`` nothing may follow.
  package mutating func take(_ bytes: some Sequence<UInt8>) -> Outcome {
    for byte in bytes {
      guard head.count < Self.longestHead else {
        return .refused(.fieldsTooLarge, "the request's head is longer than 8 KiB")
      }
      head.append(byte)
      guard byte == UInt8(ascii: "\n") else {
        if byte != UInt8(ascii: "\r") { isAtLineStart = false }
        continue
      }
      if isAtLineStart {
        guard fields >= 0 else { return .refused(.badRequest, "no request line") }
        return Self.outcome(of: head)
      }
      isAtLineStart = true
      fields += 1
      guard fields <= Self.mostFields else {
        return .refused(.fieldsTooLarge, "the request has more than 64 header fields")
      }
    }
    return .incomplete
  }

  private static func outcome(of head: [UInt8]) -> Outcome {
    var lines = head.split(separator: UInt8(ascii: "\n")).map { line in
      line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
    lines.removeAll { $0.isEmpty }
    guard let first = lines.first, lines.allSatisfy({ $0.allSatisfy(isText) }) else {
      return .refused(.badRequest, "the request's head has control characters")
    }
    let words = first.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 3, isToken(words[0]), let target = Target(words[1]) else {
      return .refused(.badRequest, "no request line")
    }
    let version = text(words[2])
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      let isHTTP = version.hasPrefix("HTTP/")
      return .refused(isHTTP ? .versionNotSupported : .badRequest, "only HTTP/1.1 is spoken")
    }
    var request = HTTPRequest(method: method(text(words[0])), path: target.path)
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isToken(line[..<colon]) else {
        return .refused(.badRequest, "a line of the request's head isn't a header field")
      }
      let value = text(line[line.index(after: colon)...].trimmed)
      switch text(line[..<colon]).lowercased() {
      case "host":
        guard request.host == nil else { return .refused(.badRequest, "two Host fields") }
        request.host = value
      case "content-length" where value != "0", "transfer-encoding":
        guard request.method == .other else {
          return .refused(.contentTooLarge, "a request has no body here")
        }
      default: break
      }
    }
    guard request.host != nil || version == "HTTP/1.0" else {
      return .refused(.badRequest, "no Host field")
    }
    // What the target says comes before the field.
    if let host = target.host { request.host = host }
    return .request(request)
  }

  private static func method(_ name: String) -> HTTPRequest.Method {
    switch name {
    case "GET": .get
    case "HEAD": .head
    default: .other
    }
  }

  private static func isText(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t")
  }

  /// True for a token of RFC 9110, section 5.6.2.
  private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

extension HTTPRequestReader {
  /// The target of a request: a path, after "http://" and a host in the form that proxies are sent.
  ///
  /// Source: RFC 9112, sections 3.2.1 and 3.2.2; a server takes both forms.
  private struct Target {
    /// The path, up to a question mark; begins with a slash.
    let path: String
    /// The host, with the port; nil where it isn't said.
    let host: String?

    /// The target that a request line names; nil if it is none that is answered.
    init?(_ bytes: ArraySlice<UInt8>) {
      guard bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
      var rest = text(bytes)[...]
      let scheme = "http://"
      if rest.lowercased().hasPrefix(scheme) {
        rest = rest.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        // Who sends a name and a password wants to be taken for another host.
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        host = String(authority)
        rest = rest.dropFirst(authority.count)
      } else {
        guard rest.hasPrefix("/") else { return nil }
        host = nil
      }
      let path = rest.prefix { $0 != "?" && $0 != "#" }
      self.path = path.isEmpty ? "/" : String(path)
    }
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without blanks at either end.
  fileprivate var trimmed: Self {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let rest = drop(while: isBlank)
    guard let last = rest.lastIndex(where: { !isBlank($0) }) else { return rest.prefix(0) }
    return rest[...last]
  }
}
