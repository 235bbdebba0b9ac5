import Glibc

/// A TCP socket that takes connections and never waits.
final class ListeningSocket: Sendable {
  private let descriptor: CInt
  /// Its port.
  let port: UInt16

  deinit { close(descriptor) }

  /// Listens at an address.
  ///
  /// - Throws: ``LiveError/unavailable(_:problem:)``.
  init(at address: LiveAddress) throws(LiveError) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    // SAFETY: the texts and the hints live during the call; the list is freed below.
    guard unsafe getaddrinfo(host, "\(address.port)", &hints, &list) == 0, let found = unsafe list
    else { throw .unavailable("\(address)", problem: "not an address of IPv4 or IPv6") }
    defer { unsafe freeaddrinfo(list) }
    // SAFETY: the list lives until it is freed, and its address is as long as it says.
    let info = unsafe found.pointee
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = unsafe socket(info.ai_family, CInt(kind), 0)
    guard descriptor >= 0 else { throw Self.failure(address) }
    var yes: CInt = 1
    // SAFETY: the option's value lives during the call, and its size is its own.
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    guard unsafe bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 128) == 0
    else {
      let failure = Self.failure(address)
      close(descriptor)
      throw failure
    }
    self.descriptor = descriptor
    port = Self.port(of: descriptor)
  }

  /// The outcome of taking a connection.
  enum Acceptance {
    /// A connection that never waits.
    case connection(CInt)
    /// Nobody waits for one.
    case none
    /// The process or the system is out of something.
    case shortage
  }

  /// Takes a connection.
  func accept() -> Acceptance {
    while true {
      let connection = Glibc.accept(descriptor, nil, nil)
      guard connection < 0 else {
        _ = fcntl(connection, F_SETFL, O_NONBLOCK)
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return .connection(connection)
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .shortage
      default: return .none
      }
    }
  }

  /// The entry for poll, which skips it unless connections are wanted.
  func interest(_ isWanted: Bool) -> pollfd {
    pollfd(fd: isWanted ? descriptor : -1, events: Int16(POLLIN), revents: 0)
  }

  private static func failure(_ address: LiveAddress) -> LiveError {
    // SAFETY: strerror's text is copied at once.
    .unavailable("\(address)", problem: unsafe String(cString: strerror(errno)))
  }

  private static func port(of descriptor: CInt) -> UInt16 {
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    // SAFETY: the address has room for either family, whose ports lie at the same place.
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return status == 0 ? UInt16(bigEndian: address.sin6_port) : 0
  }
}
