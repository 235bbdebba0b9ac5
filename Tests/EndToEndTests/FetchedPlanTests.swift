import Foundation
import TestSupport
import Testing
import Wire
import ZMTP
import ZeroMQ

/// Workers that are given no topology: the broker's plan says what is trained.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct FetchedPlanTests {
  private let folder: Folder
  private let topology: String
  private let endpoint: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    endpoint = "tcp://127.0.0.1:\(try freePorts())"
  }

  private func broker(
    _ topology: String? = nil, to directory: String = "run", _ options: [String] = []
  ) throws -> Command {
    let broker = try Command(
      [
        "broker", topology ?? self.topology, "--bind", endpoint, "--out", folder.path(directory),
        "--json",
      ] + options)
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  private func worker(_ clients: String = "0-3", _ options: [String] = []) throws -> Command {
    try Command(
      ["worker", "--connect", endpoint, "--clients", clients, "--threads", "1"] + options)
  }

  @Test func `an address and clients are enough, and the broker's flags reach the workers`() throws
  {
    let simulated = try SmallRun.play(
      topology, to: folder.path("simulated"),
      ["--clock", "real", "--rounds", "5", "--up", "linear4"])
    // One is there before the broker is.
    let early = try worker("0-1")
    #expect(early.says("trying again"), "\(early.standardError)")
    let broker = try broker(nil, to: "run", ["--rounds", "5", "--up", "linear4"])
    let late = try worker("2-3")
    for worker in [early, late] {
      #expect(worker.status() == 0, "\(worker.standardError)")
      #expect(
        worker.standardError.contains("the broker's plan: convnet, 4 clients, 5 rounds"),
        "\(worker.standardError)")
    }
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 5)
    #expect(summary.final.modelDigest == simulated.final.modelDigest)
    #expect(summary.final.modelDigest != nil)
    let traffic = try TinyRun.traffic(in: folder.path("run"), of: "plan")
    // Both ways, for the first client of each worker.
    #expect(Set(traffic.map(\.client)) == [0, 2])
    #expect(traffic.filter { $0.direction == "down" }.allSatisfy { $0.wire > 1000 })
    #expect(traffic.filter { $0.direction == "up" }.allSatisfy { (20...1000).contains($0.wire) })
  }

  @Test func `a broker that comes back with another plan has its workers follow that one`() throws {
    let first = try broker(nil, to: "first", ["--rounds", "100"])
    let worker = try worker()
    #expect(first.says("round 2/"), "\(first.standardError)")
    first.send(SIGKILL)
    #expect(first.status() != 0)
    let other = try folder.write(
      TinyRun.topology().replacing("up: linear8", with: "up: linear4"), to: "other.yaml")
    let second = try broker(other, to: "second")
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(second.status() == 0, "\(second.standardError)")
    #expect(worker.standardError.contains("the broker has another plan now; fetching it"))
    let digest = try TinyRun.digest(of: other, in: folder)
    #expect(try SmallRun.summary(second.standardOutput).final.modelDigest == digest)
  }

  @Test func `a topology to insist on is refused once, by the keys that differ, with both values`()
    throws
  {
    let broker = try broker(nil, to: "run", ["--rounds", "100"])
    let other = try folder.write(
      TinyRun.topology().replacing("up: linear8", with: "up: linear4")
        .replacing("train: 160", with: "train: 200"), to: "other.yaml")
    let worker = try Command([
      "worker", other, "--connect", endpoint, "--clients", "0-3", "--rounds", "100",
    ])
    #expect(worker.status(within: 60) == 65, "\(worker.standardError)")
    let said = worker.standardError
    #expect(said.contains("\(other) isn't what the broker at \(endpoint) runs"), "\(said)")
    for line in [
      "codecs.up: linear8 at the broker, linear4 here",
      "data.limit.train: 160 at the broker, 200 here",
    ] { #expect(said.components(separatedBy: line).count == 2, "\(line) in \(said)") }
    #expect(said.split(separator: "\n").count < 8, "\(said)")
    broker.send(SIGINT)
    #expect(broker.status(within: 30) == 130)
    let refusals = broker.standardError.components(separatedBy: "was refused (wrong plan)")
    #expect(refusals.count == 5, "\(broker.standardError)")
  }

  @Test func `what is the broker's to say isn't taken without a topology`() throws {
    for option in [["--rounds", "5"], ["--seed", "1"], ["--up", "linear4"]] {
      let worker = try worker("0-3", option)
      #expect(worker.status(within: 30) == 64)
      #expect(
        worker.standardError.contains("\(option[0]) is the broker's to say"),
        "\(worker.standardError)")
    }
    let broker = try broker()
    let worker = try worker("0-3", ["--set", "training.batch=5"])
    #expect(worker.status(within: 60) == 65)
    #expect(
      worker.standardError.contains("training.batch: 20 at the broker, 5 here"),
      "\(worker.standardError)")
    let stranger = try self.worker("0-4")
    #expect(stranger.status(within: 60) == 69)
    #expect(
      stranger.standardError.contains("there is no client 4: the plan has clients 0 to 3"),
      "\(stranger.standardError)")
    broker.send(SIGINT)
    #expect(broker.status(within: 30) == 130)
  }

  @Test func `the plan is sent to keys that may play the client, and to no others`() throws {
    let keys = folder.path("keys")
    func run(_ arguments: [String]) throws {
      let command = try Command(["keys"] + arguments)
      #expect(command.status(within: 30) == 0, "\(command.standardError)")
    }
    let list = "\(keys)/allow.list"
    try run(["broker", "--out", keys])
    try run(["worker", "site-1", "--clients", "0-1", "--out", keys, "--allow", list])
    try run(["worker", "site-2", "--clients", "2-3", "--out", keys, "--allow", list])
    func secured(_ name: String, _ clients: String) throws -> Command {
      try worker(
        clients,
        ["--keys", "\(keys)/\(name).secret", "--broker-key", "\(keys)/broker.public"])
    }
    let broker = try broker(
      nil, to: "run",
      ["--keys", "\(keys)/broker.secret", "--allow", list])
    let wrong = try secured("site-1", "2-3")
    #expect(wrong.status(within: 60) == 69, "\(wrong.standardError)")
    #expect(
      wrong.standardError.contains("may play clients 0-1, not 2"), "\(wrong.standardError)")
    #expect(!wrong.standardError.contains("the broker's plan:"))
    let workers = [try secured("site-1", "0-1"), try secured("site-2", "2-3")]
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    #expect(broker.status() == 0, "\(broker.standardError)")
    // It asks again until it hears the answer.
    let counters = try SmallRun.summary(broker.standardOutput).counters
    #expect(counters["not authorized"] ?? 0 >= 1, "\(counters)")
  }

  @Test func `who asks for the plan without an end gets a few copies, and the rounds go on`() throws
  {
    let broker = try broker(nil, to: "run", ["--rounds", "5"])
    let context = try Context()
    let port = try #require(Int(endpoint.split(separator: ":").last ?? ""))
    let mailbox = try Socket(.subscribe, in: context)
    try mailbox.subscribe(to: Topic.client(3).text)
    try mailbox.connect(to: "tcp://127.0.0.1:\(port)")
    let push = try Socket(.push, in: context)
    try push.connect(to: "tcp://127.0.0.1:\(port + 2)")
    for number in 0..<3000 {
      let want = Uplink.planWant(worker: UInt64(number), ranges: [])
      #expect(try push.wait(for: .writable, atMost: .seconds(10)))
      _ = try push.send([Frame(Envelope.frame(Message(Header(client: 3), want)))])
    }
    let worker = try worker()
    #expect(worker.status() == 0, "\(worker.standardError)")
    var (copies, bytes) = (0, 0)
    while let message = try mailbox.receive()?.message {
      bytes += message.frameSizes.reduce(0, +)
      if message.frameCount == 3 { copies += 1 }
    }
    #expect((1...8).contains(copies), "\(copies)")
    // No more came back than was sent.
    #expect(bytes < 3000 * 100, "\(bytes)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.counters["plan asked for too often"] ?? 0 > 50, "\(summary.counters)")
    #expect(summary.rounds.count == 5)
  }
}
