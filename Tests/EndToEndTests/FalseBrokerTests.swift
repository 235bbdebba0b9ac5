import Bytes
import Codecs
import Foundation
import Measures
import TestSupport
import Testing
import Wire
import ZMTP
import ZeroMQ

/// A broker without keys that isn't what it seems, before a real worker.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct FalseBrokerTests {
  /// A broker that takes every client in, and announces a model whose first step has `length`
  /// bytes.
  private final class FalseBroker {
    let control: Socket
    let bulk: Socket
    let updates: Socket
    let length: Int

    init(_ port: Int, length: Int, in context: Context) throws {
      control = try Socket(.publish, in: context)
      bulk = try Socket(.publish, in: context)
      updates = try Socket(.pull, in: context)
      try control.bind(to: "tcp://127.0.0.1:\(port)")
      try bulk.bind(to: "tcp://127.0.0.1:\(port + 1)")
      try updates.bind(to: "tcp://127.0.0.1:\(port + 2)")
      self.length = length
    }

    /// The segments that it announces.
    private var segments: [Segment] {
      ["block1", "head1"].map { name in
        let state = Digest(of: Array(name.utf8))
        let step = ModelPatch(
          digest: Digest(of: [UInt8(name.utf8.count)]), length: name == "block1" ? length : 100,
          codec: .values(.dense32), from: nil, to: state.prefix)
        return Segment(name: name, state: state, trained: true, steps: [step])
      }
    }

    /// Plays until a client declines, and says with which words; nil after 30 seconds.
    func decline() throws -> String? {
      let limits = ReceiveLimits(frames: 3, size: ByteCount(2 << 20))
      let clock = ContinuousClock()
      let end = clock.now + .seconds(30)
      var sequence: UInt64 = 0
      while clock.now < end {
        _ = try updates.wait(for: .readable, atMost: .milliseconds(100))
        while let received = try updates.receive(limits: limits)?.message {
          let message = received.withUnsafeBytes(of: 0) { bytes in
            [].withUnsafeBytes { try? Envelope.uplink(bytes, payload: $0) }
          }
          guard let message, let client = message.header.client else { continue }
          switch message.body {
          case .join(let join):
            let header = Header(run: 1, epoch: 1, client: client, worker: join.worker)
            let welcome = Welcome(seed: 1, rounds: 3, announceInterval: 100, chunkBytes: 65_536)
            try publish(Message(header, .welcome(welcome)), to: .client(client))
          case .decline(_, let detail): return detail
          default: break
          }
        }
        sequence += 1
        let announce = Announce(
          sequence: sequence, state: .open, warmUp: false, remaining: 60_000, learningRate: 0.1,
          selected: [0], segments: segments, updateCodec: .dense32)
        try publish(
          Message(Header(run: 1, epoch: 1, round: 1, stage: 1), .announce(announce)), to: .all)
      }
      return nil
    }

    private func publish(_ message: Wire.Message<Downlink>, to topic: Topic) throws {
      _ = try control.send([Frame(Array(topic.text.utf8)), Frame(Envelope.frame(message))])
    }
  }

  @Test(arguments: [1 << 47, 4 << 30])
  func `steps that the plan's model can't have are declined, and no memory is taken for them`(
    length: Int
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let port = try freePorts()
    let context = try Context()
    defer { #expect(context.terminate(within: .seconds(5))) }
    let broker = try FalseBroker(port, length: length, in: context)
    let worker = try Command([
      "worker", topology, "--connect", "tcp://127.0.0.1:\(port)", "--clients", "0",
    ])
    let detail = try #require(try broker.decline(), "\(worker.standardError)")
    #expect(detail.contains("block1 is announced with \(length) bytes"), "\(detail)")
    // It is still there, and has no more memory than it needs to train.
    #expect(try #require(worker.peakMemory) < 1 << 30)
    worker.send(SIGTERM)
    _ = worker.status(within: 20)
  }
}
