import Foundation
import Measures
import Models
import Synchronization
import Tensors
import Topology

/// The memories of a worker's clients from round to round, on disk.
///
/// One file with a place for each client, so that a worker that plays hundreds of clients keeps
/// none of it in memory. The file has no name once it is open: it is gone with the process, however
/// that ends. A worker that starts anew remembers nothing.
package final class ClientStore: Sendable {
  private let descriptor: Int32
  private let capacity: Int
  /// The memory of a client that has never taken part.
  let empty: ClientMemory
  /// The layouts of each client's values, in the order of the file.
  private let layouts = Mutex<[Int: [ParameterLayout]]>([:])

  /// An empty store.
  ///
  /// - Parameters:
  ///   - empty: The memory of a client that has never taken part.
  ///   - parameters: The number of values of the largest sub-model.
  ///   - directory: The folder of the file.
  /// - Throws: `ClientStoreError` if it can't be made.
  package init(
    of empty: ClientMemory, parameters: Int, in directory: String = NSTemporaryDirectory()
  ) throws(ClientStoreError) {
    self.empty = empty
    capacity = 4 * parameters * empty.parts
    var template = Array("\(directory)/progfed-clients-XXXXXX".utf8CString)
    // SAFETY: a terminated string that mkstemp and unlink read and write within the closure.
    let (made, code) = unsafe template.withUnsafeMutableBufferPointer { path -> (Int32, Int32) in
      guard let name = path.baseAddress else { return (-1, EINVAL) }
      let made = unsafe mkstemp(name)
      let code = errno
      if made >= 0 { unsafe unlink(name) }
      return (made, code)
    }
    guard made >= 0 else { throw ClientStoreError(code: code, directory: directory) }
    descriptor = made
  }

  /// An empty store with room for the largest sub-model of `workload`; nil where clients remember
  /// nothing.
  ///
  /// - Throws: `ClientStoreError` if it can't be made.
  package convenience init?(for workload: Workload) throws(ClientStoreError) {
    let empty = ClientMemory(for: workload.topology)
    guard empty.parts > 0 else { return nil }
    // All heads of a stage are there where all of them supervise.
    let largest = (1...workload.topology.architecture.stages)
      .map { workload.network(stage: $0).layouts.reduce(0) { $0 + $1.count } }.max()
    try self.init(of: empty, parameters: largest ?? 0)
  }

  deinit { close(descriptor) }

  /// The memory of a client.
  package func memory(of client: Int) throws(ClientStoreError) -> ClientMemory {
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
      guard code == 0 else { throw ClientStoreError(code: code, directory: nil) }
      offset += 4 * layout.count
      vectors.append(ParameterVector(layout: layout, scalars: scalars))
    }
    return ClientMemory(vectors, like: empty)
  }

  /// Keeps what a client remembers from now on; if it can't be kept, the client remembers nothing.
  package func keep(_ memory: ClientMemory, of client: Int) throws(ClientStoreError) {
    let vectors = memory.vectors
    let size = vectors.reduce(0) { $0 + 4 * $1.layout.count }
    precondition(size <= capacity, "\(size) bytes of memory in \(capacity)")
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
      guard code == 0 else { throw ClientStoreError(code: code, directory: nil) }
      offset += 4 * vector.layout.count
    }
    layouts.withLock { $0[client] = vectors.map(\.layout) }
  }

  /// The clients that remember something.
  package var clients: [Int] { layouts.withLock { $0.keys.sorted() } }

  /// The number of values that a client remembers.
  func count(of client: Int) -> Int {
    layouts.withLock { $0[client]?.reduce(0) { $0 + $1.count } ?? 0 }
  }

  /// Forgets what a client remembers.
  package func forget(_ client: Int) { layouts.withLock { $0[client] = nil } }

  /// Repeats a system call until `count` bytes are through; the code of what went wrong, 0 for
  /// nothing.
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

/// A failure to store what clients remember.
package struct ClientStoreError: Error, CustomStringConvertible {
  /// The operating system's code.
  let code: Int32
  /// The directory in which the file couldn't be made; nil once it was.
  let directory: String?

  /// The refused operation, its place, and what to do.
  package var description: String {
    // SAFETY: strerror's text is copied at once.
    let reason = unsafe String(cString: strerror(code))
    guard let directory else {
      return "what clients remember can't be kept: \(reason); free some space where TMPDIR is"
    }
    return "no file for what clients remember can be made in \(directory): \(reason); set TMPDIR"
  }
}
