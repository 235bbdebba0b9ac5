import Foundation
import Glibc
import Measures

/// A socket of the file system: a listener, or one end of a connection; closed with its last owner.
final class ControlSocket: Sendable {
  /// The file descriptor, for poll(2).
  let descriptor: CInt

  private init(_ descriptor: CInt) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Listens at a path, which this process's user alone may connect to.
  ///
  /// The socket of a dead broker gives way: whoever calls this holds the lock of the run directory.
  static func listening(at path: String) throws(ControlError) -> ControlSocket {
    let socket = try make(path)
    // In Linux the file gets the socket's mode, so that at no moment others may connect.
    guard fchmod(socket.descriptor, 0o600) == 0 else { throw failure(path) }
    try removeDead(path)
    let isBound = unsafe try calling(path) { unsafe bind(socket.descriptor, $0, $1) } == 0
    guard isBound, unsafe chmod(path, 0o600) == 0, listen(socket.descriptor, 8) == 0 else {
      throw failure(path)
    }
    return socket
  }

  /// Connects to the socket of a path.
  static func connected(to path: String) throws(ControlError) -> ControlSocket {
    let socket = try make(path)
    guard unsafe try calling(path, { unsafe connect(socket.descriptor, $0, $1) }) == 0 else {
      switch errno {
      case ENOENT, ENOTDIR, ECONNREFUSED: throw .noBroker(path)
      case EACCES, EPERM: throw .notYours(path)
      default: throw failure(path)
      }
    }
    return socket
  }

  /// The next connection; nil if there is none.
  func accepted() -> ControlSocket? {
    let descriptor = accept(descriptor, nil, nil)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return ControlSocket(descriptor)
  }

  /// The user and the process at the other end, as the kernel says (unix(7), SO_PEERCRED).
  var peer: (user: uid_t, process: Int)? {
    var credentials: (process: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    // SAFETY: the kernel writes three numbers of 32 bits (struct ucred), which live during the
    // call.
    let status = unsafe getsockopt(
      descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
    return status == 0 ? (credentials.user, Int(credentials.process)) : nil
  }

  /// Reads up to the first line's end, or to the end of all; nil where that is too long or takes
  /// too long.
  func readLine(atMost limit: Int, until deadline: ContinuousClock.Instant) -> [UInt8]? {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while awaits(CInt(POLLIN), until: deadline) {
      // SAFETY: the buffer is as large as its count says.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count >= 0 else { return nil }
      if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) {
        line += buffer[..<end]
        return line.count <= limit ? line : nil
      }
      line += buffer[..<count]
      guard line.count <= limit else { return nil }
      if count == 0 { return line }
    }
    return nil
  }

  /// Writes a line; false where that takes too long or nobody reads it.
  func writeLine(_ line: Data, until deadline: ContinuousClock.Instant) -> Bool {
    let bytes = Array(line) + [UInt8(ascii: "\n")]
    var start = 0
    while start < bytes.count {
      guard awaits(CInt(POLLOUT), until: deadline) else { return false }
      // SAFETY: what is left of the bytes lies within them.
      let count = unsafe bytes[start...].withUnsafeBytes { buffer in
        unsafe Glibc.send(
          descriptor, buffer.baseAddress, buffer.count,
          CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return false }
      start += count
    }
    return true
  }

  private func awaits(_ event: CInt, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { return false }
      var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      // SAFETY: the one entry lives during the call.
      let ready = unsafe poll(&entry, 1, CInt(min(left.seconds * 1000 + 1, 60_000)))
      if ready > 0 { return true }
      if ready < 0, errno != EINTR { return false }
    }
  }

  private static func make(_ path: String) throws(ControlError) -> ControlSocket {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw failure(path) }
    return ControlSocket(descriptor)
  }

  /// Removes what a broker left behind that was killed.
  private static func removeDead(_ path: String) throws(ControlError) {
    var state = stat()
    // SAFETY: the path and the state live during the call.
    guard unsafe lstat(path, &state) == 0 else { return }
    guard state.st_mode & S_IFMT == S_IFSOCK else { throw .occupied(path) }
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure(path) }
  }

  private static func failure(_ path: String) -> ControlError {
    // SAFETY: strerror's text is copied at once.
    .system(path, reason: unsafe String(cString: strerror(errno)))
  }

  /// Hands the address of a path to a call of the system.
  ///
  /// An address has room for 107 bytes; a longer path is named by way of its directory, which is
  /// open meanwhile.
  private static func calling(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) throws(ControlError) -> CInt {
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    var folder: CInt = -1
    defer { if folder >= 0 { close(folder) } }
    if name.count >= MemoryLayout.size(ofValue: place.sun_path) {
      let url = URL(fileURLWithPath: path)
      folder = unsafe open(
        url.deletingLastPathComponent().path(percentEncoded: false),
        O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard folder >= 0 else {
        switch errno {
        case ENOENT, ENOTDIR: throw .noBroker(path)
        case EACCES: throw .notYours(path)
        default: throw failure(path)
        }
      }
      name = Array("/proc/self/fd/\(folder)/\(url.lastPathComponent)".utf8)
    }
    // SAFETY: the name and the zero after it fit into the path.
    unsafe withUnsafeMutableBytes(of: &place.sun_path) { unsafe $0.copyBytes(from: name) }
    // SAFETY: an address of this family begins as any address does, and lives during the call.
    return unsafe withUnsafePointer(to: &place) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
