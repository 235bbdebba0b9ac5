public import Measures

/// How many bytes may wait in front of a link, and what happens to the message that finds no place.
///
/// A message always enters an empty queue, so that one larger than the limit isn't stuck for ever.
public struct QueueLimit: Hashable, Sendable {
  /// What happens to a message that finds no place.
  public enum Policy: String, CaseIterable, Hashable, Sendable {
    /// It is dropped, as a PUB socket does at its high-water mark.
    case dropTail
    /// The sender has to keep it and try again, as a PUSH socket or a TCP window makes it do.
    case backPressure
  }

  /// The most bytes that wait.
  public var bytes: ByteCount
  /// What happens beyond.
  public var policy: Policy

  /// A queue of at most `bytes`.
  public init(_ bytes: ByteCount, _ policy: Policy) {
    self.bytes = bytes
    self.policy = policy
  }
}
