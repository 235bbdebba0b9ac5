import Bytes
import Federation
import Foundation
import Measures
import Runtime
import Topology
import Wire
import ZMTP
import ZeroMQ

/// Workers that speak the protocol without training, on one thread: each plays one client over sockets of its own.
final class LightWorkers {
  /// How many workers one thread plays: a wait grows with its sockets.
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

  private final class Worker {
    let control: Socket
    let bulk: Socket
    let updates: Socket
    var machine: ClientMachine
    var outgoing: [[Frame]] = []
    var update = SharedBuffer([])
    var hasEnded = false

    init(
      client: Int, at endpoints: Endpoints, topology: Topology, security: Security,
      in context: Context
    ) throws(ZMQError) {
      var options = SocketOptions()
      options.security = security
      control = try Socket(.subscribe, in: context, options: options)
      bulk = try Socket(.subscribe, in: context, options: options)
      options.isImmediate = true
      updates = try Socket(.push, in: context, options: options)
      let number = UInt64(client) + 1
      machine = ClientMachine(
        identity: ClientIdentity(client: client, worker: number, plan: topology.planDigest),
        limits: topology.limits, jitter: RandomStream(seed: number))
      let mailbox = Topic.client(client).text
      try control.subscribe(to: Topic.all.text)
      try control.subscribe(to: mailbox)
      try bulk.subscribe(to: mailbox)
      try control.connect(to: endpoints.control)
      try bulk.connect(to: endpoints.bulk)
      try updates.connect(to: endpoints.updates)
    }
  }

  private let workers: [Worker]
  private let chunkBytes: Int
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// Connects a worker for each of `clients`.
  init(
    _ clients: Range<Int>, at endpoints: Endpoints, topology: Topology, pairs: Keys?,
    in context: Context
  ) throws(ZMQError) {
    start = clock.now
    chunkBytes = topology.limits.chunkBytes
    var workers: [Worker] = []
    for client in clients {
      let security = try pairs?.security(of: client) ?? .none
      workers.append(
        try Worker(
          client: client, at: endpoints, topology: topology, security: security, in: context))
    }
    self.workers = workers
  }

  /// Plays until the run is over for all, or the context is shut down.
  func run() throws(ZMQError) {
    var poller = Poller()
    var tokens: [(control: Poller.Token, bulk: Poller.Token)] = []
    for worker in workers {
      tokens.append((poller.add(worker.control), poller.add(worker.bulk)))
    }
    do throws(ZMQError) {
      while workers.contains(where: { !$0.hasEnded }) {
        for worker in workers {
          if let wake = worker.machine.wakeTime, wake <= now { try handle(.tick, for: worker) }
          try flush(worker)
        }
        let wake = workers.compactMap(\.machine.wakeTime).min() ?? now + .seconds(1)
        let isBusy = workers.contains { !$0.outgoing.isEmpty }
        let limit = isBusy ? Duration.milliseconds(10) : .seconds(1)
        _ = try poller.wait(atMost: max(.zero, min(wake - now, limit)))
        for (worker, token) in zip(workers, tokens) {
          if poller.isReadable(token.control) { try drain(worker.control, for: worker) }
          if poller.isReadable(token.bulk) { try drain(worker.bulk, for: worker) }
        }
      }
    } catch  where error.isTermination {
      return
    }
  }

  private var now: Duration { clock.now - start }

  private func drain(_ socket: borrowing Socket, for worker: Worker) throws(ZMQError) {
    while let reception = try socket.receive() {
      guard let message = reception.message?.downlink else { continue }
      try handle(.message(message), for: worker)
    }
  }

  private func handle(_ event: ClientEvent, for worker: Worker) throws(ZMQError) {
    for action in worker.machine.handle(event, at: now) {
      switch action {
      case .send(let message): worker.outgoing.append([Frame(Envelope.frame(message))])
      case .sendUpdate(let header, let ranges):
        for range in ranges { queue(header, range, of: worker) }
      case .subscribe(let step): try worker.bulk.subscribe(to: Topic.step(step.digest).text)
      case .unsubscribe(let digest):
        try worker.bulk.unsubscribe(from: Topic.step(digest).text)
      case .train(let task): try train(task, worker)
      case .finished: worker.hasEnded = true
      case .welcomed, .turnedDown, .reached, .keep, .settled, .refused: break
      }
    }
  }

  /// Offers an update that changes nothing: as many zeros as the trained segments have.
  private func train(_ task: ClientTask, _ worker: Worker) throws(ZMQError) {
    var bytes: [UInt8] = []
    for segment in task.segments where segment.trained {
      // A keyframe of dense32 is as long as an update in it.
      let length = segment.steps.first { $0.from == nil }?.length ?? 0
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
      bytes += [UInt8](repeating: 0, count: length)
    }
    worker.update = SharedBuffer(bytes)
    let offer = Offer(
      length: bytes.count, digest: Digest(of: bytes), samples: 1, base: task.base, loss: 0,
      steps: 1, skippedSteps: 0)
    try handle(.trained(round: task.round, offer), for: worker)
  }

  private func queue(_ header: Header, _ range: Range<Int>, of worker: Worker) {
    guard range.upperBound <= worker.update.count else { return }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: chunkBytes) {
      let chunk = start..<min(start + chunkBytes, range.upperBound)
      let message = Message(header, Uplink.updateChunk(offset: start, length: chunk.count))
      // SAFETY: the buffer outlives the closure, and the chunk was cut from its range.
      let envelope = unsafe worker.update.bytes.withUnsafeBytes { bytes in
        unsafe Envelope.frame(message, payload: UnsafeRawBufferPointer(rebasing: bytes[chunk]))
      }
      worker.outgoing.append([Frame(envelope), Frame(worker.update, range: chunk)])
    }
  }

  private func flush(_ worker: Worker) throws(ZMQError) {
    while let frames = worker.outgoing.first, try worker.updates.send(frames) {
      worker.outgoing.removeFirst()
    }
  }
}

extension ZeroMQ.Message {
  /// What the broker published in this message; nil where it can't be read.
  fileprivate var downlink: Wire.Message<Downlink>? {
    guard (2...3).contains(frameCount) else { return nil }
    // SAFETY: the frames' bytes are read only within the closures.
    return unsafe withUnsafeBytes(of: 1) { envelope in
      guard frameCount == 3 else {
        return unsafe try? Envelope.downlink(envelope, payload: .init(start: nil, count: 0))
      }
      return unsafe withUnsafeBytes(of: 2) { payload in
        unsafe try? Envelope.downlink(envelope, payload: payload)
      }
    }
  }
}
