package import Federation
package import ZeroMQ

/// Which clients a worker plays, where its broker is, and what it may use.
package struct WorkerSettings: Sendable {
  /// Where the broker's sockets are.
  package var endpoints: Endpoints
  /// The clients that this worker plays, from 0.
  package var clients: [Int]
  /// How many clients train at the same time.
  package var threads: Int
  /// Waiting times and sizes.
  package var limits: ProtocolLimits
  /// Random, one per worker process.
  package var worker: UInt64
  /// How long the broker may be silent before the worker gives up.
  package var patience: Duration
  /// How its sockets are secured: not at all, or as clients of CURVE.
  package var security: Security

  /// Settings of the given parts.
  package init(
    endpoints: Endpoints, clients: [Int], threads: Int, limits: ProtocolLimits, worker: UInt64,
    patience: Duration = .seconds(600), security: Security = .none
  ) {
    self.endpoints = endpoints
    self.clients = clients
    self.threads = threads
    self.limits = limits
    self.worker = worker
    self.patience = patience
    self.security = security
  }

  /// What this worker is called among people, as the broker names it to others.
  package var name: String { Self.name(of: worker) }

  /// The first digits of a worker's number.
  static func name(of worker: UInt64) -> String { String(worker >> 40, radix: 16) }
}
