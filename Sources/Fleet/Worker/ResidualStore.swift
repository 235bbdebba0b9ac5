import Codecs
import Foundation
import Measures
import Models
import Synchronization
import Tensors
import Topology

/// What the codecs of a worker's clients left out of their updates, on disk.
///
/// One file with a place for each client, so that a worker that plays hundreds of clients keeps none of it in
/// memory. The file has no name once it is open: it is gone with the process, however that ends. A worker
/// that starts anew has left nothing out.
final class ResidualStore: Sendable {
  private let descriptor: Int32
  private let capacity: Int
  /// What is kept of each client, in the order of the file.
  private let layouts = Mutex<[Int: [ParameterLayout]]>([:])

  /// An empty store with places of `parameters` values.
  ///
  /// - Parameters:
  ///   - parameters: How many values the largest residual of a client has.
  ///   - directory: Where the file is made.
  /// - Throws: `ResidualStoreError` if it can't be made.
  init(
    parameters: Int, in directory: String = NSTemporaryDirectory()
  ) throws(ResidualStoreError) {
    capacity = 4 * parameters
    var template = Array("\(directory)/progfed-residuals-XXXXXX".utf8CString)
    // SAFETY: a terminated string that mkstemp and unlink read and write within the closure.
    let (made, code) = unsafe template.withUnsafeMutableBufferPointer { path -> (Int32, Int32) in
      guard let name = path.baseAddress else { return (-1, EINVAL) }
      let made = unsafe mkstemp(name)
      let code = errno
      if made >= 0 { unsafe unlink(name) }
      return (made, code)
    }
    guard made >= 0 else { throw ResidualStoreError(code: code, directory: directory) }
    descriptor = made
  }

  /// An empty store with room for the largest sub-model of `workload`; nil without error feedback.
  ///
  /// - Throws: `ResidualStoreError` if it can't be made.
  convenience init?(for workload: Workload) throws(ResidualStoreError) {
    guard workload.topology.codecs.errorFeedback else { return nil }
    let architecture = workload.topology.architecture
    let largest = (1...architecture.stages).map { architecture.parameterCount(stage: $0) }.max()
    try self.init(parameters: largest ?? 0)
  }

  deinit { close(descriptor) }

  /// What was left out of a client's updates so far.
  func residual(of client: Int) throws(ResidualStoreError) -> Residual {
    let layouts = layouts.withLock { $0[client] ?? [] }
    var offset = client * capacity
    var vectors: [ParameterVector] = []
    for layout in layouts {
      var scalars = [Float](repeating: 0, count: layout.count)
      // SAFETY: the bytes of the array, within the closure.
      let code = unsafe scalars.withUnsafeMutableBytes { bytes in
        transfer(bytes.count) { done in
          unsafe pread(
            descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
            off_t(offset + done))
        }
      }
      guard code == 0 else { throw ResidualStoreError(code: code, directory: nil) }
      offset += 4 * layout.count
      vectors.append(ParameterVector(layout: layout, scalars: scalars))
    }
    return Residual(vectors)
  }

  /// Keeps what is left out of a client's updates from now on; if it can't be, nothing is.
  func keep(_ residual: Residual, of client: Int) throws(ResidualStoreError) {
    let vectors = residual.segments.values.sorted { $0.layout.name < $1.layout.name }
    let size = vectors.reduce(0) { $0 + 4 * $1.layout.count }
    precondition(size <= capacity, "\(size) bytes of residual in \(capacity)")
    layouts.withLock { $0[client] = nil }
    var offset = client * capacity
    for vector in vectors {
      // SAFETY: the bytes of the array, within the closure.
      let code = unsafe vector.scalars.withUnsafeBytes { bytes in
        transfer(bytes.count) { done in
          unsafe pwrite(
            descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
            off_t(offset + done))
        }
      }
      guard code == 0 else { throw ResidualStoreError(code: code, directory: nil) }
      offset += 4 * vector.layout.count
    }
    layouts.withLock { $0[client] = vectors.map(\.layout) }
  }

  /// Forgets what was left out of a client's updates.
  func forget(_ client: Int) { layouts.withLock { $0[client] = nil } }

  /// Repeats a system call until `count` bytes are through; the code of what went wrong, 0 for nothing.
  private func transfer(_ count: Int, _ call: (_ done: Int) -> Int) -> Int32 {
    var done = 0
    while done < count {
      let step = call(done)
      if step > 0 {
        done += step
      } else if step == 0 {
        return EIO
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}

/// Why residuals can't be kept.
struct ResidualStoreError: Error, CustomStringConvertible {
  /// The operating system's code.
  let code: Int32
  /// Where the file was to be made; nil once it was.
  let directory: String?

  var description: String {
    // SAFETY: strerror's text is copied at once.
    let reason = unsafe String(cString: strerror(code))
    guard let directory else { return "the clients' residuals can't be kept: \(reason)" }
    return "no file for the clients' residuals can be made in \(directory): \(reason); set TMPDIR"
  }
}
