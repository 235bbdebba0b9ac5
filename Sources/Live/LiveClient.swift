package import Foundation
import Glibc

/// Asks the server of a live page for one document, as `progfed status` does.
package enum LiveClient {
  /// The time for each step of the exchange, in seconds.
  private static let patience = 10
  /// The longest answer, in bytes.
  private static let longest = 256 << 20

  /// The document at `path`.
  ///
  /// - Throws: ``LiveError`` where there is no answer, or one that isn't the document.
  package static func document(_ path: String, at address: LiveAddress) throws(LiveError) -> Data {
    let descriptor = try connection(to: address)
    defer { close(descriptor) }
    let request =
      "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\nAccept: application/json\r\n\r\n"
    let bytes = Array(request.utf8)
    // SAFETY: the bytes live during the call, and are as many as their count says.
    let sent = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    guard sent == bytes.count else { throw failure(address, errno) }
    return try body(of: answer(from: descriptor, address), address)
  }

  private static func connection(to address: LiveAddress) throws(LiveError) -> CInt {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the texts and the hints live during the call; the list is freed below.
    let status = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &list)
    guard status == 0 else {
      // SAFETY: gai_strerror's text is copied at once.
      throw .noAnswer("\(address)", problem: unsafe String(cString: gai_strerror(status)))
    }
    defer { unsafe freeaddrinfo(list) }
    var problem: CInt = 0
    var place = unsafe list
    while let found = unsafe place {
      // SAFETY: the list lives until it is freed, and each address is as long as it says.
      let info = unsafe found.pointee
      let descriptor = unsafe socket(
        info.ai_family, info.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), info.ai_protocol)
      if descriptor >= 0 {
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
          // SAFETY: the option's value lives during the call, and its size is its own.
          unsafe setsockopt(
            descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        if unsafe connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 { return descriptor }
        problem = errno
        close(descriptor)
      } else {
        problem = errno
      }
      unsafe place = info.ai_next
    }
    throw failure(address, problem)
  }

  private static func answer(
    from descriptor: CInt, _ address: LiveAddress
  ) throws(LiveError) -> [UInt8] {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      // SAFETY: the buffer is as large as its count says.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(address, errno) }
      if count == 0 { return answer }
      answer += buffer[..<count]
      guard answer.count <= longest else {
        throw .noAnswer("\(address)", problem: "the answer is too long")
      }
    }
  }

  /// The body of an answer of HTTP that says that all is well.
  private static func body(_ bytes: [UInt8], after end: [UInt8]) -> (head: String, body: Data)? {
    let data = Data(bytes)
    guard let range = data.firstRange(of: Data(end)) else { return nil }
    let head = String(decoding: data[..<range.lowerBound], as: UTF8.self)
    return (head, Data(data[range.upperBound...]))
  }

  private static func body(
    of bytes: [UInt8], _ address: LiveAddress
  ) throws(LiveError) -> Data {
    guard let (head, body) = body(bytes, after: Array("\r\n\r\n".utf8)), head.hasPrefix("HTTP/1.")
    else { throw .noAnswer("\(address)", problem: "no server of a live page answers there") }
    let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count > 1, words[1] == "200" else {
      let reason = String(decoding: body.prefix(200), as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      throw .noAnswer(
        "\(address)", problem: reason.isEmpty ? "status \(words.last ?? "?")" : reason)
    }
    return body
  }

  private static func failure(_ address: LiveAddress, _ code: CInt) -> LiveError {
    if code == EAGAIN { return .noAnswer("\(address)", problem: "no answer in \(patience) s") }
    // SAFETY: strerror's text is copied at once.
    return .noAnswer("\(address)", problem: unsafe String(cString: strerror(code)))
  }
}
