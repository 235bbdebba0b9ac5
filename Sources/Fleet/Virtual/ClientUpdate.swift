import Codecs
import ZeroMQ

/// A client's encoded update: its bytes, or only how many there would be.
struct ClientUpdate: Sendable {
  /// How many bytes it has.
  let length: Int
  /// The bytes; nil under the cost model.
  let buffer: SharedBuffer?
  /// What it leaves out, to be kept once it counts; nil without error feedback.
  let residual: Residual?

  /// An update of these bytes.
  init(_ buffer: SharedBuffer, leavingOut residual: Residual? = nil) {
    length = buffer.count
    self.buffer = buffer
    self.residual = residual
  }

  /// An update of which only the length is known.
  init(length: Int) {
    self.length = length
    buffer = nil
    residual = nil
  }
}
