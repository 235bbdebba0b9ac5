import Bytes
import Codecs
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Models
import Runtime
import Server
import Synchronization
import Tensors
import TestSupport
import Testing
import Topology
import Wire
import ZMTP
import ZeroMQ

/// A client that doesn't train, but claims to have made so many steps, against the broker itself.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct StepClaimTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// One client of 40 samples, which are good for two steps.
  private static func topology(_ more: String) -> String {
    """
    name: claims
    clients: 1
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 40, test: 20}
    stages:
      rounds: [4, 1, 1]
      warmUp: 0
    training:
      batch: 20
    \(more)
    limits: {announce: 50 ms, gather: 50 ms, join: 50 ms, farewell: 200 ms}
    """
  }

  /// Plays the client until the run is over, the machine true, its updates 0 and its claims as
  /// given.
  private static func play(
    _ topology: Topology, _ endpoints: Endpoints, claims: [Int], in context: Context
  ) throws {
    let (clock, codec) = (ContinuousClock(), topology.codecs.up)
    let start = clock.now
    let control = try Socket(.subscribe, in: context)
    let bulk = try Socket(.subscribe, in: context)
    let updates = try Socket(.push, in: context)
    for topic in [Topic.all, .client(0)] { try control.subscribe(to: topic.text) }
    try bulk.subscribe(to: Topic.client(0).text)
    try bulk.connect(to: endpoints.bulk)
    try updates.connect(to: endpoints.updates)
    try control.connect(to: endpoints.control)
    var machine = ClientMachine(
      identity: ClientIdentity(client: 0, worker: 1, plan: topology.planDigest),
      limits: topology.limits, jitter: RandomStream(seed: 1))
    var (update, isOver) = ([UInt8](), false)

    func perform(_ actions: [ClientAction]) throws {
      for action in actions {
        switch action {
        case .send(let message): _ = try updates.send(Frame(Envelope.frame(message)))
        case .sendUpdate(let header, let ranges):
          for range in ranges {
            let size = machine.limits.chunkBytes
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: size) {
              let part = Array(update[offset..<min(offset + size, range.upperBound)])
              let message = Message(
                header, Uplink.updateChunk(offset: offset, length: part.count))
              let envelope = part.withUnsafeBytes { Envelope.frame(message, payload: $0) }
              _ = try updates.send([Frame(envelope), Frame(part)])
            }
          }
        case .subscribe(let step): try bulk.subscribe(to: Topic.step(step.digest).text)
        case .unsubscribe(let digest): try bulk.unsubscribe(from: Topic.step(digest).text)
        case .train(let task):
          let trained = zip(task.segments, topology.architecture.layouts(stage: task.stage))
            .filter { $0.0.trained }.map(\.1)
          update = UpdateFraming.join(
            try trained.map { layout in
              try codec.encode(
                ParameterVector(layout: layout, scalars: Array(repeating: 0, count: layout.count)),
                key: 1)
            })
          let offer = Offer(
            length: update.count, digest: Digest(of: update), samples: 40, base: task.base,
            loss: 1, steps: claims[task.round - 1], skippedSteps: 0)
          try perform(
            machine.handle(.trained(round: task.round, offer), at: clock.now - start))
        case .finished: isOver = true
        case .welcomed, .turnedDown, .reached, .keep, .settled, .refused, .evaluate, .measure,
          .normalize:
          break
        }
      }
    }

    func drain(_ socket: borrowing Socket) throws {
      let limits = ReceiveLimits(frames: 3, size: ByteCount(2 << 20))
      while let message = try socket.receive(limits: limits)?.message {
        let payload = message.frameCount == 3 ? message.bytes(of: 2) : []
        let parsed = payload.withUnsafeBytes { payload in
          message.withUnsafeBytes(of: 1) { try? Envelope.downlink($0, payload: payload) }
        }
        guard let parsed else { continue }
        try perform(machine.handle(.message(parsed), at: clock.now - start))
      }
    }

    while !isOver, clock.now - start < .seconds(60) {
      if let wake = machine.wakeTime, wake <= clock.now - start {
        try perform(machine.handle(.tick, at: clock.now - start))
      }
      try drain(control)
      try drain(bulk)
      Thread.sleep(forTimeInterval: 0.002)
    }
  }

  @Test(arguments: ["server: {averaging: fednova}", "  correction: scaffold"])
  func `no steps, or more than the samples are good for, are refused, and the run goes on`(
    more: String
  ) throws {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology(more), to: "claims.yaml"))
    let directory = try RunDirectory.create(at: URL(fileURLWithPath: folder.path("run")))
    let broker = try Broker(
      try Workload(topology),
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "inproc://claims"), threads: 1, transport: "inproc", run: 5),
      directory: directory, observer: Silence())
    let context = try Context()
    let failure = Mutex<String?>(nil)
    let ended = DispatchSemaphore(value: 0)
    let state = try broker.run(in: context) { endpoints in
      Thread.detachNewThread {
        do {
          try Self.play(
            topology, endpoints, claims: [0, 3, 2, Int(UInt32.max), 1, 2], in: context)
        } catch { failure.withLock { $0 = "\(error)" } }
        ended.signal()
      }
    }
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(failure.withLock { $0 } == nil)
    #expect(state == .done)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let rounds = try store.summary().rounds
    #expect(rounds.map(\.accepted) == [0, 0, 1, 0, 1, 1])
    #expect(rounds.map(\.refused) == [1, 1, 0, 1, 0, 0])
  }
}
