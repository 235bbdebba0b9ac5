import Federation
import Ledger
import Links
import Wire

/// A message on its way, with its size in bytes; immutable, and shared by all its receivers.
final class SimulatedMessage: Sendable {
  /// The content of a message.
  enum Content: Sendable {
    /// A message of the broker; chunks are named, not carried.
    case downlink(Wire.Message<Downlink>)
    /// A client's message, with the update that a chunk belongs to.
    case uplink(Wire.Message<Uplink>, ClientUpdate?)
    /// A client's socket listens to a topic.
    case subscription(Subscription)
    /// A client's socket no longer listens to a topic.
    case cancellation(Subscription)
  }

  /// The content.
  let content: Content
  /// The sizes of its frames; empty for commands of the transport.
  let frames: [Int]
  /// The kind of traffic as which it is booked.
  let kind: TrafficKind
  /// The model's or update's own bytes in it.
  let payload: Int
  /// Its bytes on the stream.
  let wire: Int

  /// A message of the given parts.
  init(_ content: Content, frames: [Int], kind: TrafficKind, payload: Int = 0, wire: Int) {
    self.content = content
    self.frames = frames
    self.kind = kind
    self.payload = payload
    self.wire = wire
  }
}

/// Messages in the order in which they came.
struct MessageQueue: Sendable {
  private var messages: [SimulatedMessage] = []
  private var head = 0

  /// True if nothing waits.
  var isEmpty: Bool { head == messages.count }
  /// The message that has waited longest.
  var first: SimulatedMessage? { isEmpty ? nil : messages[head] }

  /// Adds a message at the end.
  mutating func append(_ message: SimulatedMessage) { messages.append(message) }

  /// Removes the message that has waited longest.
  mutating func removeFirst() {
    head += 1
    if head == messages.count {
      removeAll()
    } else if head >= 256 {
      messages.removeFirst(head)
      head = 0
    }
  }

  /// Removes all.
  mutating func removeAll() {
    messages.removeAll()
    head = 0
  }
}

/// An event on the way of a message.
enum NetworkEvent: Sendable {
  /// A message's planned arrival at a client.
  case arriveDown(Int, SimulatedMessage, Transit, isBulk: Bool)
  /// A message comes to a client's own link, which had no place for it before.
  case lastHopDown(SimulatedMessage, isBulk: Bool, on: Connection)
  /// A client's link has a place again for what waits.
  case flushUp(Int)
  /// A message leaves a client's link for one that it shares with others.
  case hopUp(Int, SimulatedMessage, own: Transit, last: Transit, isLast: Bool)
  /// A message's planned arrival at the broker.
  case arriveUp(Int, SimulatedMessage, Transit)
}

/// A message that has come through.
enum Arrival {
  /// A message of the broker has reached a client.
  case atClient(Int, Wire.Message<Downlink>)
  /// A client's message has reached the broker.
  case atBroker(Int, SimulatedMessage)
}
