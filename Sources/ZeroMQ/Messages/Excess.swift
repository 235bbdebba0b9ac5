package import Measures

/// What is known of a message that was thrown away for its number of frames or its size.
package struct Excess: Hashable, Sendable {
  /// The frames that it had.
  package var frames: Int
  /// The bytes of all its frames.
  package var size: ByteCount
  /// Who sent it, as the ZAP handler named the sender.
  package var userID: String?
  /// The address that it came from.
  package var peerAddress: String?
}
