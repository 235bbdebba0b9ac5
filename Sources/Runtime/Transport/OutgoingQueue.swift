import ZeroMQ

/// Messages that wait until a socket takes them, oldest first.
struct OutgoingQueue {
  private var messages: [[Frame]] = []
  private var sent = 0

  /// Whether nothing waits.
  var isEmpty: Bool { sent == messages.count }

  /// The message that has waited longest.
  var first: [Frame]? { isEmpty ? nil : messages[sent] }

  /// Adds a message at the end.
  mutating func append(_ frames: [Frame]) { messages.append(frames) }

  /// Removes the message that has waited longest.
  mutating func removeFirst() {
    messages[sent] = []
    sent += 1
    if sent == messages.count {
      messages.removeAll(keepingCapacity: true)
      sent = 0
    } else if sent >= 1024 {
      messages.removeFirst(sent)
      sent = 0
    }
  }
}
