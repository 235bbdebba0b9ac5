import Live
import Testing

@Suite struct HTTPRequestReaderTests {
  private func outcome(_ text: String) -> HTTPRequestReader.Outcome {
    var reader = HTTPRequestReader()
    return reader.take(text.utf8)
  }

  private func status(_ text: String) -> HTTPStatus? {
    guard case .refused(let status, _) = outcome(text) else { return nil }
    return status
  }

  @Test func `a browser's request is read`() {
    let text =
      "GET /events?since=3 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nX-Empty:\r\n\r\nmore"
    #expect(
      outcome(text)
        == .request(HTTPRequest(method: .get, path: "/events", host: "127.0.0.1:8080")))
    #expect(
      outcome("HEAD / HTTP/1.0\n\n") == .request(HTTPRequest(method: .head, path: "/")))
    #expect(
      outcome("POST / HTTP/1.1\r\nhost:a\r\nContent-Length: 5\r\n\r\n")
        == .request(HTTPRequest(method: .other, path: "/", host: "a")))
  }

  @Test(arguments: [
    ("http://a:8080/events?since=3", "/events", "a:8080"), ("HTTP://[::1]:80/", "/", "[::1]:80"),
    ("http://a", "/", "a"), ("http://a?b", "/", "a"), ("//a/b", "//a/b", "other"),
  ])
  func `a target that names its host is taken, before the field`(
    target: String, path: String, host: String
  ) {
    #expect(
      outcome("GET \(target) HTTP/1.1\r\nHost: other\r\n\r\n")
        == .request(HTTPRequest(method: .get, path: path, host: host)))
  }

  @Test func `pieces make the same request as the whole`() {
    let bytes = Array("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    for cut in 1..<bytes.count {
      var reader = HTTPRequestReader()
      #expect(reader.take(bytes[..<cut]) == .incomplete, "\(cut)")
      #expect(
        reader.take(bytes[cut...])
          == .request(HTTPRequest(method: .get, path: "/metrics", host: "a")), "\(cut)")
    }
  }

  @Test(
    arguments: [
      ("\r\n", .badRequest), ("GET /\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .badRequest),
      ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
      ("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
      ("GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
      ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
      ("GET http://a/ HTTP/1.1\r\n\r\n", .badRequest),
      ("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n", .badRequest),
      ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", .badRequest),
      ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
      ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", .contentTooLarge),
      ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", .contentTooLarge),
    ] as [(String, HTTPStatus)])
  func `what is no request is refused`(text: String, expected: HTTPStatus) {
    #expect(status(text) == expected, "\(outcome(text))")
  }

  @Test func `a head is bounded in bytes and fields`() {
    let line = "GET / HTTP/1.1\r\nHost: a\r\n"
    let field = "A: \(String(repeating: "a", count: HTTPRequestReader.longestHead))"
    #expect(status(line + field) == .fieldsTooLarge)
    #expect(status("GET /" + String(repeating: "a", count: 1 << 20)) == .fieldsTooLarge)
    let many = String(repeating: "A:\r\n", count: HTTPRequestReader.mostFields)
    #expect(status(line + many + "\r\n") == .fieldsTooLarge)
    #expect(status(line + many.dropFirst(3) + "\r\n") == nil)
    let exact = line + "A: \r\n\r\n"
    let room = HTTPRequestReader.longestHead - exact.utf8.count
    let longest = line + "A: " + String(repeating: "a", count: room) + "\r\n\r\n"
    #expect(outcome(longest) == .request(HTTPRequest(method: .get, path: "/", host: "a")))
  }
}
