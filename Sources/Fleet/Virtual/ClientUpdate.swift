import ZeroMQ

/// A client's encoded update: its bytes, or only how many there would be.
struct ClientUpdate: Sendable {
  /// How many bytes it has.
  let length: Int
  /// The bytes; nil under the cost model.
  let buffer: SharedBuffer?

  /// An update of these bytes.
  init(_ buffer: SharedBuffer) {
    length = buffer.count
    self.buffer = buffer
  }

  /// An update of which only the length is known.
  init(length: Int) {
    self.length = length
    buffer = nil
  }
}
