import Glibc

/// A connection that is tried once to learn why another one failed, which libzmq doesn't tell.
enum ConnectionProbe {
  /// The error number that connecting to a tcp or ipc `endpoint` comes to within a second, 0 for a
  /// connection.
  static func code(of endpoint: String) -> CInt {
    switch connection(to: endpoint) {
    case .success(let descriptor):
      close(descriptor)
      return 0
    case .failure(let problem): return problem.code
    }
  }

  /// The mechanism that whoever listens at a tcp or ipc `endpoint` greets with, as "NULL" or
  /// "CURVE" (RFC 37/ZMTP); nil if it says none within two seconds.
  ///
  /// A side that has read a greeting of another mechanism hangs up, libzmq's mostly before the end
  /// of its own. So this one stops in the middle: whoever listens goes on, and waits for the rest.
  static func mechanism(of endpoint: String) -> String? {
    guard let descriptor = try? connection(to: endpoint).get() else { return nil }
    defer { close(descriptor) }
    let start: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 3, 1]
    // SAFETY: the bytes are sent during the call.
    let sent = unsafe start.withUnsafeBytes {
      unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    guard sent == start.count else { return nil }
    var greeting: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64)
    let (clock, end) = (ContinuousClock(), ContinuousClock.now + .seconds(2))
    while greeting.count < 32 {
      let left = clock.now.duration(to: end) / .milliseconds(1)
      var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // SAFETY: one descriptor, and as many bytes as there is room for.
      guard left > 0, unsafe poll(&item, 1, CInt(left.rounded(.up))) > 0 else { return nil }
      let got = unsafe recv(descriptor, &part, part.count, 0)
      guard got > 0 else { return nil }
      greeting += part.prefix(got)
    }
    guard greeting[0] == 0xFF, greeting[9] == 0x7F, greeting[10] >= 3 else { return nil }
    return String(decoding: greeting[12..<32].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A connection to a tcp or ipc `endpoint`, to be closed by the caller, or the error number that
  /// it comes to within a second.
  private static func connection(to endpoint: String) -> Result<CInt, POSIXProblem> {
    if endpoint.hasPrefix("ipc://") {
      return attempt(path: String(endpoint.dropFirst("ipc://".count)))
    }
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else {
      return .failure(POSIXProblem(code: 0))
    }
    let host = endpoint[..<colon].dropFirst("tcp://".count).filter { $0 != "[" && $0 != "]" }
    let port = String(endpoint[endpoint.index(after: colon)...])
    var wanted = unsafe addrinfo()
    unsafe wanted.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the list is read before it is freed, and nothing of it is kept.
    guard unsafe getaddrinfo(host, port, &wanted, &list) == 0 else {
      return .failure(POSIXProblem(code: EHOSTUNREACH))
    }
    defer { unsafe freeaddrinfo(list) }
    guard let first = unsafe list?.pointee else {
      return .failure(POSIXProblem(code: EHOSTUNREACH))
    }
    return unsafe attempt(first.ai_family, first.ai_addr, first.ai_addrlen)
  }

  private static func attempt(path: String) -> Result<CInt, POSIXProblem> {
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: place.sun_path) else {
      return .failure(POSIXProblem(code: ENAMETOOLONG))
    }
    // SAFETY: the name is shorter than its place, which was zero before.
    unsafe withUnsafeMutableBytes(of: &place.sun_path) { unsafe $0.copyBytes(from: name) }
    return unsafe withUnsafePointer(to: &place) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe attempt(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private static func attempt(
    _ family: CInt, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t
  ) -> Result<CInt, POSIXProblem> {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return .failure(POSIXProblem(code: errno)) }
    // SAFETY: the address is as long as `length` says, and lives during the call.
    if unsafe connect(descriptor, address, length) == 0 { return .success(descriptor) }
    var code = errno
    if code == EINPROGRESS {
      var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      var size = socklen_t(MemoryLayout<CInt>.size)
      // SAFETY: the option's value lives during the call, and its size is its own.
      if unsafe poll(&item, 1, 1000) > 0 {
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
      } else {
        code = ETIMEDOUT
      }
    }
    guard code != 0 else { return .success(descriptor) }
    close(descriptor)
    return .failure(POSIXProblem(code: code))
  }

  /// The number of a system call's error.
  private struct POSIXProblem: Error {
    var code: CInt
  }
}
