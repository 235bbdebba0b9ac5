import Bytes
import Foundation
import Measures
import TestSupport
import Testing
import Wire
import ZMTP
import ZeroMQ

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct FloodTests {
  /// What a flood may add to the broker's memory: frames that wait, twice over for the allocator.
  private static let room = 192 << 20

  @Test func `floods on all ports stay within set memory, and the rounds go on`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(rounds: "[1, 2, 300]"), to: "small.yaml")
    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    let worker = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-7"])
    #expect(broker.says("round 6/"), "\(broker.standardError)")
    let before = try #require(broker.peakMemory)

    var random = RandomStream(seed: 5)
    // Messages that never end, of small and of large frames.
    let endless = Array(repeating: [1, 1, 65] as [UInt8], count: 20_000).flatMap { $0 }
    #expect(isCut(port + 2, as: "PUSH") { endless })
    let large = [3, 0, 0, 0, 0, 0, 3, 0, 0] + [UInt8](repeating: 7, count: 3 << 16)
    #expect(isCut(port + 2, as: "PUSH") { large })
    // Frames that are larger than any may be, and messages of too many.
    let oversized: [UInt8] = [2, 0, 0, 0, 0, 0x40, 0, 0, 0]
    #expect(isCut(port + 2, as: "PUSH") { oversized })
    let short: [UInt8] = [1, 1, 65]
    let many: [UInt8] = Array(repeating: short, count: 5000).flatMap { $0 } + [0, 1, 66]
    _ = Flood(port + 2, as: "PUSH", seconds: 1) { _ in many }
    // Subscriptions to endlessly many long topics.
    for target in [port, port + 1] {
      let isCut = isCut(target, as: "SUB") {
        (0..<50).flatMap { _ -> [UInt8] in
          let topic = (0..<200).map { _ in UInt8.random(in: 97...122, using: &random) }
          return [4, 210, 9] + Array("SUBSCRIBE".utf8) + topic
        }
      }
      #expect(isCut)
    }
    let after = try #require(broker.peakMemory)
    #expect(after - before < Self.room, "\((after - before) >> 20) MiB more")

    let shown = broker.standardError
    try disturb(port)
    // Rounds went on before and go on after.
    let round = shown.matches(of: /round (\d+)\//).last.flatMap { Int($0.output.1) } ?? 0
    #expect(round > 6)
    #expect(broker.says("round \(round + 3)/"), "\(broker.standardError)")
    #expect(try #require(broker.peakMemory) - before < Self.room)
    broker.send(SIGINT)
    #expect(broker.status(within: 30) == 130)
    _ = worker.status(within: 30)
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.dropLast().allSatisfy { $0.accepted == 4 })
    for counter in [
      "connection cut: unfinished messages", "connection cut: too many subscriptions",
      "connection cut: malformed messages", "message beyond the rate", "message beyond the limits",
      "message of another run",
    ] {
      #expect(summary.counters[counter] ?? 0 > 0, "\(counter): \(summary.counters)")
    }
    let log = try #require(FileManager.default.contents(atPath: folder.path("run/log.jsonl")))
    #expect(log.count < 1 << 20)
    for line in log.split(separator: UInt8(ascii: "\n")) {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line)) }
    }
  }

  @Test func `peers whose messages never end take little memory together`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    let before = try #require(broker.peakMemory)
    // Empty frames, each with more to come: two bytes on the wire, and 64 in memory.
    let endless = Array(repeating: [1, 0] as [UInt8], count: 10_000).flatMap { $0 }
    let peers = (0..<60).compactMap { _ in RawPeer(to: port + 2) }.filter { $0.greet(as: "PUSH") }
    #expect(peers.count == 60)
    // Each would come to 80 MB of memory, and all of them to 5 GB.
    for _ in 0..<125 { for peer in peers { _ = peer.send(endless) } }
    let after = try #require(broker.peakMemory)
    #expect(after - before < 768 << 20, "\((after - before) >> 20) MiB more")
    let worker = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-3"])
    #expect(broker.status(within: 60) == 0, "\(broker.standardError)")
    #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    let counters = try SmallRun.summary(broker.standardOutput).counters
    #expect(counters["connection cut: unfinished messages"] ?? 0 > 0, "\(counters)")
    withExtendedLifetime(peers) {}
  }

  @Test func `peers that only connect don't keep a worker out`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
    let port = try freePorts()
    let endpoint = "tcp://127.0.0.1:\(port)"
    // So few that the broker takes no more than 64 connections.
    let scarce = ["sh", "-c", "ulimit -n 256; exec \"$0\" \"$@\""]
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json"],
      within: scarce)
    #expect(broker.says("listening"), "\(broker.standardError)")
    let idle = (0..<300).compactMap { RawPeer(to: port + $0 % 3) }
    #expect(idle.count == 300)
    let worker = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-3"])
    #expect(worker.status(within: 25) == 0, "\(worker.standardError)")
    #expect(broker.status(within: 25) == 0, "\(broker.standardError)")
    let counters = try SmallRun.summary(broker.standardOutput).counters
    #expect(counters["connection cut: nothing said, and others wait"] ?? 0 > 0, "\(counters)")
    withExtendedLifetime(idle) {}
  }

  /// True if a peer that floods a port is cut off, however long that takes on a busy machine.
  private func isCut(_ port: Int, as kind: String, _ bytes: () -> [UInt8]) -> Bool {
    for _ in 0..<20 where Flood(port, as: kind, seconds: 1, { _ in bytes() }).cuts > 0 {
      return true
    }
    return false
  }

  /// Well-formed messages that are addressed wrongly, stale, repeated or too many, and malformed
  /// ones.
  private func disturb(_ port: Int) throws {
    let context = try Context()
    defer { #expect(context.terminate(within: .seconds(5))) }
    func flood(_ count: Int, _ frames: (Int) -> [Frame]) throws {
      let push = try Socket(.push, in: context)
      try push.connect(to: "tcp://127.0.0.1:\(port + 2)")
      for number in 0..<count {
        guard try push.wait(for: .writable, atMost: .seconds(2)) else { return }
        _ = try push.send(frames(number))
      }
      Thread.sleep(forTimeInterval: 0.5)  // let what is queued leave
    }
    let stale = Envelope.frame(
      Message(Header(run: 1, epoch: 1, round: 1, stage: 1, client: 2), Uplink.heartbeat(.idle)))
    try flood(4000) { _ in [Frame(stale)] }
    let join = Uplink.join(Join(worker: 9, plan: .init(of: [1]), maximalStage: nil))
    try flood(2000) { number in
      [Frame(Envelope.frame(Message(Header(client: number), join)))]
    }
    try flood(3000) { number in [Frame([UInt8](repeating: UInt8(number % 256), count: 50))] }
  }
}
