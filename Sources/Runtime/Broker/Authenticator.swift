import ZeroMQ

/// The ZAP handler of a secured broker's context, and the access control that it asks.
struct Authenticator: ~Copyable {
  private var handler: ZAPHandler
  private let gatekeeper: AccessControl

  /// The door of a context; made before the sockets are bound.
  init(in context: Context, _ gatekeeper: AccessControl) throws(ZMQError) {
    handler = try ZAPHandler(in: context)
    self.gatekeeper = gatekeeper
  }

  /// Has the loop's poller watch for who knocks.
  func watch(with poller: inout Poller) { _ = poller.add(handler) }

  /// Answers all who wait.
  mutating func serve() throws(ZMQError) { try handler.serve(gatekeeper.decide) }
}
