import Bytes
import Foundation
import Measures
import TestSupport
import Testing
import Wire
import ZMTP
import ZeroMQ

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct FailureTests {
  @Test func `a worker killed in a round costs its updates, not the run`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(
        participation: "  perRound: 8\n  deadline: 8 s\n  minimum: 2", rounds: "[1, 2, 3]"),
      to: "small.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    let survivor = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-3"])
    let victim = try Command([
      "worker", topology, "--connect", endpoint, "--clients", "4-7", "--threads", "1",
    ])
    #expect(victim.says("round 4, stage 3: client"), "\(victim.standardError)")
    victim.send(SIGKILL)
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(survivor.status() == 0, "\(survivor.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 6)
    #expect(summary.rounds[3].lost + summary.rounds[3].accepted == 8)
    #expect(summary.rounds[3].lost >= 1)
    // Who is gone isn't asked again.
    #expect(summary.rounds.suffix(2).allSatisfy { $0.selected == 4 && $0.accepted == 4 })
    #expect(broker.standardError.contains("lost"))
  }

  @Test func `garbage on the broker's ports is counted and changes nothing`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[1, 2, 4]"), to: "small.yaml")
    let undisturbed = try Command([
      "simulate", topology, "--out", folder.path("quiet"), "--json", "--quiet",
    ])
    #expect(undisturbed.status() == 0, "\(undisturbed.standardError)")

    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"))
    let worker = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-7"])
    try harass(port: port, seed: 1)
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.allSatisfy { $0.accepted == 4 })
    let malformed = summary.counters.filter { $0.key.hasPrefix("malformed frame") }
    #expect(malformed.values.reduce(0, +) >= 200, "\(summary.counters)")
    #expect(summary.counters["malformed frame: checksum"] ?? 0 > 0)
    let expected = try SmallRun.summary(undisturbed.standardOutput).final.modelDigest
    #expect(summary.final.modelDigest == expected)
  }

  /// Sends random bytes, and truncated and bit-flipped messages, to all three ports.
  private func harass(port: Int, seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    for target in port...port + 2 {
      for length in [1, 10, 64, 200, 5000] {
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(sendRaw(bytes, to: target))
      }
    }
    let context = try Context()
    defer { #expect(context.terminate(within: .seconds(5))) }
    let push = try Socket(.push, in: context)
    try push.connect(to: "tcp://127.0.0.1:\(port + 2)")
    let good = Envelope.frame(
      Message(
        Header(client: 3), Uplink.join(Join(worker: 9, plan: .init(of: [1]), maximalStage: nil))))
    for number in 0..<300 {
      var frame = good
      switch number % 3 {
      case 0:
        let bit = Int.random(in: 0..<frame.count * 8, using: &random)
        frame[bit / 8] ^= 1 << UInt8(bit % 8)
      case 1: frame.removeLast(Int.random(in: 1...frame.count, using: &random))
      default: frame = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
      #expect(try push.wait(for: .writable, atMost: .seconds(5)))
      #expect(try push.send(Frame(frame)))
    }
    // Strangers: well-formed, but of no run; a client that doesn't exist; too many frames.
    let stranger = Envelope.frame(
      Message(Header(run: 1, epoch: 1, client: 2), Uplink.leave(worker: 0)))
    let beyond = Envelope.frame(
      Message(
        Header(client: 4_000),
        Uplink.join(Join(worker: 9, plan: .init(of: [1]), maximalStage: nil))))
    for frame in [stranger, beyond] { #expect(try push.send(Frame(frame))) }
    #expect(try push.send(Array(repeating: Frame(good), count: 9)))
    // Let what is queued leave before the socket is closed.
    Thread.sleep(forTimeInterval: 0.5)
  }
}
