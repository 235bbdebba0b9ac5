package import ZeroMQ

/// A worker that the broker's owner admits: its key, and the clients that it may play.
package struct AdmittedWorker: Hashable, Sendable {
  /// What people call it.
  package var name: String
  /// Its public key.
  package var key: CurveKey
  /// The clients that it may play.
  package var clients: ClientRange

  /// A worker of the given parts.
  package init(name: String, key: CurveKey, clients: ClientRange) {
    self.name = name
    self.key = key
    self.clients = clients
  }

  /// Its line in an allow-list.
  package var line: String { "\(name) \(key.z85) \(clients)" }
}
