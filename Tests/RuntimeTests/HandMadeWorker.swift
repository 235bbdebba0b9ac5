import Bytes
import Codecs
import Federation
import Foundation
import Measures
import Models
import Runtime
import Tensors
import Topology
import Wire
import ZMTP
import ZeroMQ

/// A worker of another make: its clients don't train, and say and send what a test wants.
///
/// An update is 0 but for its first value.
final class HandMadeWorker {
  /// The first value of a client's update of a round, and so its norm.
  var value: (_ client: Int, _ round: Int) -> Float = { _, _ in 1 }
  /// What a client says of its update of a round, in place of the truth.
  var claim: (_ client: Int, _ round: Int, inout Offer) -> Void = { _, _, _ in }
  /// The frame that a client sends in place of one; nil for that one.
  var replacement: (Wire.Message<Uplink>) -> [UInt8]? = { _ in nil }
  /// The number of chunks of 16 kB that a client sends in a round before anybody asks for one.
  var unasked: (_ client: Int, _ round: Int) -> Int = { _, _ in 0 }
  /// True if a client that has leave to send sends nothing.
  var hoards: (_ client: Int, _ round: Int) -> Bool = { _, _ in false }
  /// Told each message of the broker.
  var hears: (Wire.Message<Downlink>) -> Void = { _ in }
  /// The reasons for which updates and clients were refused for good.
  private(set) var refusals: [String] = []
  /// How the clients' parts ended.
  private(set) var ends: [ClientEnd] = []

  private let topology: Topology
  private let control: Socket
  private let bulk: Socket
  private let updates: Socket
  private var machines: [Int: ClientMachine] = [:]
  private var bytes: [Int: [UInt8]] = [:]
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  init(_ topology: Topology, _ endpoints: Endpoints, clients: Range<Int>, in context: Context)
    throws
  {
    self.topology = topology
    start = clock.now
    control = try Socket(.subscribe, in: context)
    bulk = try Socket(.subscribe, in: context)
    updates = try Socket(.push, in: context)
    try control.subscribe(to: Topic.all.text)
    for client in clients {
      try control.subscribe(to: Topic.client(client).text)
      try bulk.subscribe(to: Topic.client(client).text)
      machines[client] = ClientMachine(
        identity: ClientIdentity(client: client, worker: 1, plan: topology.planDigest),
        limits: topology.limits, jitter: RandomStream(seed: UInt64(client)))
    }
    try bulk.connect(to: endpoints.bulk)
    try updates.connect(to: endpoints.updates)
    try control.connect(to: endpoints.control)
  }

  /// Plays until the run is over for all clients; false after `limit`.
  func play(for limit: Duration = .seconds(60)) throws -> Bool {
    while !machines.isEmpty, clock.now - start < limit {
      let now = clock.now - start
      for client in machines.keys.sorted() {
        if let wake = machines[client]?.wakeTime, wake <= now { try handle(.tick, of: client) }
      }
      try drain(control)
      try drain(bulk)
      Thread.sleep(forTimeInterval: 0.002)
    }
    return machines.isEmpty
  }

  /// An envelope of a header and these bytes of protobuf, whatever they say.
  static func forge(_ header: Header, _ body: [UInt8] = []) -> [UInt8] {
    // Any body is the last field; a heartbeat's takes four bytes.
    let whole = Envelope.frame(Message(header, Uplink.heartbeat(.training)))
    let fields = Array(whole[Envelope.preamble...].dropLast(5)) + body
    let checksum = CRC32C.checksum(fields)
    return whole[..<4] + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + fields
  }

  private func handle(_ event: ClientEvent, of client: Int) throws {
    for action in machines[client]?.handle(event, at: clock.now - start) ?? [] {
      try perform(action, of: client)
    }
  }

  private func perform(_ action: ClientAction, of client: Int) throws {
    switch action {
    case .send(let message):
      _ = try updates.send(Frame(replacement(message) ?? Envelope.frame(message)))
    case .sendUpdate(let header, _) where hoards(client, header.round): break
    case .sendUpdate(let header, let ranges):
      for range in ranges { try send(header, range, of: client) }
    case .subscribe(let step): try bulk.subscribe(to: Topic.step(step.digest).text)
    case .unsubscribe(let digest): try bulk.unsubscribe(from: Topic.step(digest).text)
    case .train(let task): try train(task, client)
    case .refused(let round, let reason, let detail):
      refusals.append("\(round) \(client) \(reason.name): \(detail)")
    case .finished(let end):
      ends.append(end)
      machines[client] = nil
    case .welcomed, .turnedDown, .reached, .keep, .settled, .evaluate, .measure, .normalize: break
    }
  }

  private func train(_ task: ClientTask, _ client: Int) throws {
    var value = value(client, task.round)
    let parts = try zip(task.segments, topology.architecture.layouts(stage: task.stage))
      .filter { $0.0.trained }
      .map { _, layout in
        var scalars = Array(repeating: Float(0), count: layout.count)
        (scalars[0], value) = (value, 0)
        return try topology.codecs.up.encode(
          ParameterVector(layout: layout, scalars: scalars), key: 1)
      }
    let update = UpdateFraming.join(parts)
    bytes[client] = update
    var offer = Offer(
      length: update.count, digest: Digest(of: update), samples: 10, base: task.base, loss: 1,
      steps: 1, skippedSteps: 0)
    claim(client, task.round, &offer)
    try flood(unasked(client, task.round), for: task, client)
    try handle(.trained(round: task.round, offer), of: client)
  }

  private func flood(_ chunks: Int, for task: ClientTask, _ client: Int) throws {
    guard let membership = machines[client]?.membership else { return }
    let header = Header(
      run: membership.run, epoch: membership.epoch, round: task.round, stage: task.stage,
      client: client)
    let part = [UInt8](repeating: 7, count: 16 << 10)
    for _ in 0..<chunks {
      let message = Message(header, Uplink.updateChunk(offset: 0, length: part.count))
      let envelope = part.withUnsafeBytes { Envelope.frame(message, payload: $0) }
      guard try updates.wait(for: .writable, atMost: .seconds(5)) else { return }
      _ = try updates.send([Frame(envelope), Frame(part)])
    }
  }

  private func send(_ header: Header, _ range: Range<Int>, of client: Int) throws {
    guard let update = bytes[client] else { return }
    let size = machines[client]?.limits.chunkBytes ?? update.count
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let part = Array(update[offset..<min(offset + size, range.upperBound)])
      let message = Message(header, Uplink.updateChunk(offset: offset, length: part.count))
      let envelope = part.withUnsafeBytes { Envelope.frame(message, payload: $0) }
      _ = try updates.send([Frame(envelope), Frame(part)])
    }
  }

  private func drain(_ socket: borrowing Socket) throws {
    let limits = ReceiveLimits(frames: 3, size: ByteCount(2 << 20))
    while let message = try socket.receive(limits: limits)?.message {
      let payload = message.frameCount == 3 ? message.bytes(of: 2) : []
      let parsed = payload.withUnsafeBytes { payload in
        message.withUnsafeBytes(of: 1) { try? Envelope.downlink($0, payload: payload) }
      }
      guard let parsed else { continue }
      hears(parsed)
      for client in machines.keys.sorted() { try handle(.message(parsed), of: client) }
    }
  }
}
