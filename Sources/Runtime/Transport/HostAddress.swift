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
