import Bytes
import Federation
import Foundation
import Runtime
import ZeroMQ

/// Workers that speak the protocol without training, on one thread: each plays one client over
/// sockets of its own.
final class LightWorkers {
  /// The number of workers that one thread plays: a wait grows with its sockets.
  static let perThread = 250

  /// The keys of encrypted workers.
  struct Keys: Sendable {
    /// The broker's public key.
    let broker: CurveKey
    /// The secret key of each client's worker.
    private let secrets: [CurveKey]

    /// Reads the keys that a benchmark wrote, one a line, the broker's first.
    init(contentsOf url: URL) throws {
      let keys = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        .compactMap { CurveKey(z85: String($0)) }
      guard let first = keys.first else {
        throw KeyFileError.malformed(path: url.path(percentEncoded: false))
      }
      broker = first
      secrets = Array(keys.dropFirst())
    }

    /// The security of the worker that plays `client`.
    func security(of client: Int) throws(ZMQError) -> Security {
      .curveClient(serverKey: broker, pair: try CurveKeyPair(secretKey: secrets[client]))
    }
  }

  private let workers: [LightWorker]
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// Connects a worker for each of `clients`; without a `plan` each fetches it.
  init(
    _ clients: Range<Int>, at endpoints: Endpoints, plan: Digest?, limits: ProtocolLimits,
    pairs: Keys?, in context: Context
  ) throws(ZMQError) {
    start = clock.now
    var workers: [LightWorker] = []
    for client in clients {
      let security = try pairs?.security(of: client) ?? .none
      workers.append(
        try LightWorker(
          client: client, at: endpoints, plan: plan, limits: limits, security: security,
          in: context))
    }
    self.workers = workers
  }

  /// Plays until the run is over for all, or the context is shut down.
  func run() throws(ZMQError) {
    var poller = Poller()
    let tokens = workers.map { $0.watch(with: &poller) }
    do throws(ZMQError) {
      while workers.contains(where: { !$0.hasEnded }) {
        for worker in workers {
          if let wake = worker.wakeTime, wake <= now { try worker.tick(now) }
          try worker.flush()
        }
        let wake = workers.compactMap(\.wakeTime).min() ?? now + .seconds(1)
        let isBusy = workers.contains(where: \.isSending)
        let limit = isBusy ? Duration.milliseconds(10) : .seconds(1)
        _ = try poller.wait(atMost: max(.zero, min(wake - now, limit)))
        for (worker, token) in zip(workers, tokens) {
          try worker.receive(token, poller) { now }
        }
      }
    } catch  where error.isTermination {
      return
    }
  }

  private var now: Duration { clock.now - start }
}
