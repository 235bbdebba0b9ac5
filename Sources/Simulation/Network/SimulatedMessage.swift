import Federation
import Ledger
import Wire

/// A message on its way, with the bytes that it takes; immutable, and shared by all who are sent it.
final class SimulatedMessage: Sendable {
  /// What is in it.
  enum Content: Sendable {
    /// What the broker says; chunks are named, not carried.
    case downlink(Wire.Message<Downlink>)
    /// What a client says, with the update that a chunk belongs to.
    case uplink(Wire.Message<Uplink>, ClientUpdate?)
    /// A client's socket listens to a topic, or no longer does.
    case subscription(Topic, isBulk: Bool, isSubscription: Bool)
  }

  /// What is in it.
  let content: Content
  /// The sizes of its frames; empty for commands of the transport.
  let frames: [Int]
  /// What it counts as.
  let kind: TrafficKind
  /// The model's or update's own bytes in it.
  let payload: Int
  /// Its bytes on the stream.
  let wire: Int

  /// A parcel of the given parts.
  init(_ content: Content, frames: [Int], kind: TrafficKind, payload: Int = 0, wire: Int) {
    self.content = content
    self.frames = frames
    self.kind = kind
    self.payload = payload
    self.wire = wire
  }
}
