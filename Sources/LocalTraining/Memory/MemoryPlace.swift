import Tensors
import Wire

/// The name of a memory: its client, and the update with which it came.
struct MemoryMark: Hashable, Sendable {
  /// The client, from 0.
  var client: Int
  /// The update.
  var update: CountedUpdate
}

/// A place for clients' memories, each under its mark.
protocol MemoryPlace: Sendable {
  /// Keeps the values of a memory under a mark; what was there goes.
  func keep(_ vectors: [ParameterVector], as mark: MemoryMark) throws(ClientStoreError)

  /// The values that were kept under a mark; nil if there are none, or they are damaged.
  func vectors(of mark: MemoryMark) throws(ClientStoreError) -> [ParameterVector]?

  /// Drops what is kept under a mark.
  func remove(_ mark: MemoryMark)
}

/// A failure to store what clients remember.
package enum ClientStoreError: Error, CustomStringConvertible {
  /// The file without a name, or its place if that is told, failed with the system's code.
  case scratch(code: Int32, directory: String?)
  /// The folder that outlives the process failed.
  case folder(String)

  /// The refused operation, its place, and what to do.
  package var description: String {
    switch self {
    case .scratch(let code, let directory?):
      "no file for what clients remember can be made in \(directory): \(Self.reason(code)); set TMPDIR"
    case .scratch(let code, nil):
      "what clients remember can't be kept: \(Self.reason(code)); free some space where TMPDIR is"
    case .folder(let problem): "what clients remember can't be kept: \(problem) (--state)"
    }
  }

  private static func reason(_ code: Int32) -> String { ScratchMemory.reason(code) }
}
