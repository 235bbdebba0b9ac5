package import Bytes
import Federation
package import LocalTraining

/// A client's encoded update: its bytes, or only how many there would be.
package struct ClientUpdate: Sendable {
  /// How many bytes it has.
  package let length: Int
  /// The bytes; nil under the cost model.
  package let buffer: SharedBuffer?
  /// What the client remembers once it counts; nil where clients remember nothing.
  package let memory: ClientMemory?

  /// An update of these bytes.
  package init(_ buffer: SharedBuffer, remembering memory: ClientMemory? = nil) {
    length = buffer.count
    self.buffer = buffer
    self.memory = memory
  }

  /// An update of which only the length is known.
  package init(length: Int) {
    self.length = length
    buffer = nil
    memory = nil
  }
}

extension ClientUpdate: ChunkedUpdate {}
