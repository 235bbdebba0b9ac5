import Glibc
import ZeroMQ

/// An address of a host, in numbers.
struct HostAddress: Hashable, Sendable {
  /// The address as an endpoint has it: "127.0.0.1", "[::1]".
  let text: String
  /// True if it is one of IPv6.
  let isIPv6: Bool

  /// The addresses that `name` stands for, those of IPv4 first; takes as long as the name server
  /// does.
  static func all(of name: String) throws(UnresolvedName) -> [HostAddress] {
    var wanted = unsafe addrinfo()
    unsafe wanted.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the list is read before it is freed, and nothing of it is kept.
    let code = unsafe getaddrinfo(name, nil, &wanted, &list)
    guard code == 0 else { throw UnresolvedName(name: name, code: code) }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [HostAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let address = unsafe HostAddress(entry.pointee), !addresses.contains(address) {
        addresses.append(address)
      }
      unsafe next = entry.pointee.ai_next
    }
    guard !addresses.isEmpty else { throw UnresolvedName(name: name, code: EAI_NONAME) }
    return addresses.filter { !$0.isIPv6 } + addresses.filter(\.isIPv6)
  }

  /// True if `host` is written in numbers already, IPv6 in brackets.
  static func isNumeric(_ host: some StringProtocol) -> Bool {
    if host.hasPrefix("[") { return true }
    var address = in_addr()
    // SAFETY: a terminated string and an address that live during the call.
    return unsafe inet_pton(AF_INET, String(host), &address) == 1
  }

  private init?(_ entry: addrinfo) {
    let family = unsafe entry.ai_family
    guard family == AF_INET || family == AF_INET6 else { return nil }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    // SAFETY: the address is as long as the entry says, and the text as long as its count.
    let code = unsafe getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard code == 0 else { return nil }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let number = String(decoding: bytes, as: UTF8.self)
    isIPv6 = family == AF_INET6
    self.text = isIPv6 ? "[\(number)]" : number
  }
}

/// A name that no address is known of.
package struct UnresolvedName: Error, Hashable, Sendable, CustomStringConvertible {
  /// The host's name.
  package let name: String
  /// The code of getaddrinfo(3).
  let code: CInt

  /// The fault and what to check, in words.
  package var description: String {
    // SAFETY: the text is copied at once.
    let reason = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    return "the name \(name) doesn't resolve (\(reason)); check its spelling, and the name server"
  }
}

/// A connection that is tried once to learn why another one failed, which libzmq doesn't tell.
enum ConnectionProbe {
  /// The error number that connecting to a tcp or ipc `endpoint` comes to within a second, 0 for a
  /// connection.
  static func code(of endpoint: String) -> CInt {
    if endpoint.hasPrefix("ipc://") {
      return attempt(path: String(endpoint.dropFirst("ipc://".count)))
    }
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return 0 }
    let host = endpoint[..<colon].dropFirst("tcp://".count).filter { $0 != "[" && $0 != "]" }
    let port = String(endpoint[endpoint.index(after: colon)...])
    var wanted = unsafe addrinfo()
    unsafe wanted.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the list is read before it is freed, and nothing of it is kept.
    guard unsafe getaddrinfo(host, port, &wanted, &list) == 0 else { return EHOSTUNREACH }
    defer { unsafe freeaddrinfo(list) }
    guard let first = unsafe list?.pointee else { return EHOSTUNREACH }
    return unsafe attempt(first.ai_family, first.ai_addr, first.ai_addrlen)
  }

  private static func attempt(path: String) -> CInt {
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: place.sun_path) else { return ENAMETOOLONG }
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
  ) -> CInt {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // SAFETY: the address is as long as `length` says, and lives during the call.
    if unsafe connect(descriptor, address, length) == 0 { return 0 }
    guard errno == EINPROGRESS else { return errno }
    var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&item, 1, 1000) > 0 else { return ETIMEDOUT }
    var code: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    // SAFETY: the option's value lives during the call, and its size is its own.
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return code
  }
}
