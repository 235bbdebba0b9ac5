import CZeroMQ
import ZMTP

extension Socket {
  /// The longest topic that libzmq 4.3.4 delivers as it is: from 246 bytes on, it subscribes to everything.
  package static var longestTopic: Int { 240 }

  /// Asks for messages whose first frame begins with `topic`: a prefix, so end topics with a delimiter.
  package func subscribe(to topic: [UInt8]) throws(ZMQError) {
    try set(topic: topic, ZMQ_SUBSCRIBE, attempt: "subscribe")
  }

  /// Asks for messages whose first frame begins with `topic` in UTF-8.
  package func subscribe(to topic: String) throws(ZMQError) {
    try subscribe(to: Array(topic.utf8))
  }

  /// Takes back one ``subscribe(to:)``.
  package func unsubscribe(from topic: [UInt8]) throws(ZMQError) {
    try set(topic: topic, ZMQ_UNSUBSCRIBE, attempt: "unsubscribe")
  }

  /// Takes back one ``subscribe(to:)``.
  package func unsubscribe(from topic: String) throws(ZMQError) {
    try unsubscribe(from: Array(topic.utf8))
  }

  /// Changes the one-frame message that an XPUB sends to each new subscriber; none when nil.
  ///
  /// A subscriber gets it only where it subscribed to a prefix of it before it connected.
  package func setWelcome(_ message: [UInt8]?) throws(ZMQError) {
    precondition(kind == .xpub, "a \(kind.rawValue) socket has no welcome message")
    try setOption(ZMQ_XPUB_WELCOME_MSG, message ?? [], of: pointer, "set the welcome message")
  }

  private func set(topic: [UInt8], _ option: CInt, attempt: String) throws(ZMQError) {
    precondition(kind == .subscribe, "a \(kind.rawValue) socket can't \(attempt)")
    precondition(topic.count <= Self.longestTopic, "a topic of \(topic.count) bytes")
    try setOption(option, topic, of: pointer, "\(attempt) a topic of \(topic.count) bytes")
  }
}
