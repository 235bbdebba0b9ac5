import Foundation
import Glibc
import Synchronization
import SystemPackage

/// An end of a pipe or of a pair of sockets; closed with its last owner, or before.
///
/// Programs that this process starts inherit none of them but those that they are given.
final class Descriptor: Sendable {
  private let value: Atomic<Int32>

  private init(_ value: Int32) { self.value = Atomic(value) }

  deinit { close() }

  /// The system's number of it; below 0 once it is closed.
  var number: Int32 { value.load(ordering: .acquiring) }

  /// Closes it, if it isn't closed.
  func close() {
    let number = value.exchange(-1, ordering: .acquiringAndReleasing)
    if number >= 0 { _ = Glibc.close(number) }
  }

  /// A pipe: what is written into the second comes out of the first.
  static func pipe() throws(ChildProgramError) -> (reads: Descriptor, writes: Descriptor) {
    do throws(Errno) {
      let ends = try FileDescriptor.pipe(options: .closeOnExec)
      return (Descriptor(ends.readEnd.rawValue), Descriptor(ends.writeEnd.rawValue))
    } catch { throw .notStarted("\(error)") }
  }

  /// Two sockets that are connected with each other.
  ///
  /// Writing into one whose other end is closed is an error, and no signal.
  static func socketPair() throws(ChildProgramError) -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    // SAFETY: the system writes two numbers, as many as the list has.
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw failure() }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  private static func failure() -> ChildProgramError {
    let code = errno
    let words = POSIXErrorCode(rawValue: code).map { POSIXError($0).localizedDescription }
    return .notStarted(words ?? "error \(code)")
  }

  /// Has reading and writing return at once where nothing goes.
  func neverWaits() { _ = fcntl(number, F_SETFL, O_NONBLOCK) }

  /// The result of reading or writing.
  enum Progress {
    /// So many bytes went.
    case bytes(Int)
    /// Nothing goes now.
    case later
    /// The other end has closed.
    case ended
  }

  /// Reads at most as many bytes as `buffer` has.
  func read(into buffer: inout [UInt8]) -> Progress {
    // SAFETY: the buffer is as large as its count says.
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe Glibc.read(number, $0.baseAddress, $0.count)
    }
    if count > 0 { return .bytes(count) }
    return count < 0 && Self.isTransient(errno) ? .later : .ended
  }

  /// Sends as much as goes of `bytes` through a socket.
  func send(_ bytes: ArraySlice<UInt8>) -> Progress {
    // SAFETY: the pointer and the count are those of the bytes.
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if count >= 0 { return .bytes(count) }
    return Self.isTransient(errno) ? .later : .ended
  }

  private static func isTransient(_ code: Int32) -> Bool {
    code == EAGAIN || code == EINTR || code == EWOULDBLOCK
  }
}
