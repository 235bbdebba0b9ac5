package import ZeroMQ

/// A worker that the broker's owner admits: its key, and the clients that it may play.
package struct AdmittedWorker: Hashable, Sendable {
  /// What people call it.
  package var name: String
  /// Its public key.
  package var key: CurveKey
  /// The clients that it may play.
  package var clients: ClientRange
  /// The most samples that each of its clients may have; nil for any number.
  package var samples: Int?

  /// A worker of the given parts.
  package init(name: String, key: CurveKey, clients: ClientRange, samples: Int? = nil) {
    self.name = name
    self.key = key
    self.clients = clients
    self.samples = samples
  }

  /// Its line in an allow-list.
  package var line: String {
    "\(name) \(key.z85) \(clients)" + (samples.map { " \(Self.samplesWord)\($0)" } ?? "")
  }

  /// What the word of a line begins with that says how many samples each client may have.
  static let samplesWord = "samples="
}
