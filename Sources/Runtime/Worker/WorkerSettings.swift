package import Federation
package import Foundation
package import ZeroMQ

/// A worker's clients, the address of its broker, and its limits.
package struct WorkerSettings: Sendable {
  /// The addresses of the broker's sockets.
  package var endpoints: Endpoints
  /// The clients that this worker plays, from 0.
  package var clients: [Int]
  /// The number of clients that train at the same time.
  package var threads: Int
  /// Waiting times and sizes.
  package var limits: ProtocolLimits
  /// Random, one per worker process.
  package var worker: UInt64
  /// The longest silence of the broker before the worker gives up.
  package var patience: Duration
  /// The time after which own samples that are of no use are looked at again.
  package var repairInterval = Duration.seconds(10)
  /// The security of its sockets: none, or that of clients of CURVE.
  package var security: Security

  /// The worker's name for the people at the broker; empty for none.
  package var label: String

  /// The folder in which what clients remember outlives the worker; nil to forget it with the
  /// process.
  package var memories: URL?

  /// Settings of the given parts.
  package init(
    endpoints: Endpoints, clients: [Int], threads: Int, limits: ProtocolLimits, worker: UInt64,
    patience: Duration = .seconds(600), security: Security = .none, label: String = "",
    memories: URL? = nil
  ) {
    self.endpoints = endpoints
    self.clients = clients
    self.threads = threads
    self.limits = limits
    self.worker = worker
    self.patience = patience
    self.security = security
    self.label = label
    self.memories = memories
  }

  /// The worker's name among people, as the broker names it to others.
  package var name: String { label.isEmpty ? Self.name(of: worker) : label }

  /// The first digits of a worker's number.
  static func name(of worker: UInt64) -> String { String(worker >> 40, radix: 16) }
}
