import Foundation
import Glibc
import Synchronization

/// The first of four neighbouring tcp ports of this machine that nobody uses just now, and no other
/// test of this process is given.
///
/// They lie below those that the kernel hands out.
package func freePorts() throws -> Int {
  for _ in 0..<2500 {
    let base = nextPorts.withLock { next in
      defer { next = next < 29_996 ? next + 4 : 20_000 }
      return next
    }
    if (base...base + 3).allSatisfy(isFree) { return base }
  }
  throw POSIXError(.EADDRINUSE)
}

/// The ports that are looked at next: each once, as who was given some mayn't have bound them yet.
private let nextPorts = Mutex(20_000 + 4 * Int.random(in: 0..<2500))

private func isFree(_ port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

/// Sends raw bytes to a tcp port of this machine and closes the connection; false if nobody
/// listens.
package func sendRaw(_ bytes: [UInt8], to port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port)
  let connected = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
  guard connected else { return false }
  return bytes.withUnsafeBytes {
    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) >= 0
  }
}

func loopback(_ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(UInt16(port).bigEndian)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}

/// Lets this process have as many files and sockets open as the system allows it.
package func allowAllDescriptors() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
