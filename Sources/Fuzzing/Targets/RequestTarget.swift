import Live
package import Measures

/// Requests to the live page, which arrive in pieces.
package struct RequestTarget: FuzzTarget {
  package let name = "http"

  /// A target.
  package init() {}

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    let bytes = ByteMutation.damage(Self.request(&stream), using: &stream)
    var whole = HTTPRequestReader()
    let outcome = whole.take(bytes)
    var reader = HTTPRequestReader()
    var again = HTTPRequestReader.Outcome.incomplete
    var rest = bytes[...]
    while again == .incomplete, !rest.isEmpty {
      let count = Int.random(in: 1...200, using: &stream)
      again = reader.take(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    guard again == outcome else {
      throw FuzzFinding("a request is another one in pieces: \(outcome), \(again)")
    }
    switch outcome {
    case .incomplete:
      guard bytes.count <= HTTPRequestReader.longestHead else {
        throw FuzzFinding("\(bytes.count) bytes are kept")
      }
      return false
    case .refused(_, let reason):
      guard !reason.isEmpty else { throw FuzzFinding("a request is refused without a word") }
      return false
    case .request(let request):
      guard request.path.first == "/", request.path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
      else { throw FuzzFinding("a path of \(request.path) is taken") }
      return true
    }
  }

  private static func request(_ stream: inout RandomStream) -> [UInt8] {
    let end = Bool.random(using: &stream) ? "\r\n" : "\n"
    let method = ["GET", "HEAD", "POST", "BREW"].randomElement(using: &stream) ?? "GET"
    let path =
      ["/", "/metrics?x=1", "/events", "/status.json"].randomElement(using: &stream) ?? "/"
    var lines = ["\(method) \(path) HTTP/1.\(Int.random(in: 0...1, using: &stream))"]
    lines.append("Host: [::1]:8080")
    for number in 0..<Int.random(in: 0...70, using: &stream) {
      let length = Int.random(in: 0...200, using: &stream)
      lines.append("X-Field-\(number): \(String(repeating: "v", count: length))")
    }
    return Array((lines.joined(separator: end) + end + end).utf8)
  }
}
