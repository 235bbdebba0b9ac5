import Foundation
import TestSupport
import Testing

/// What stands between a broker and its workers.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct RelayTests {
  private struct Result: Decodable {
    struct Bytes: Decodable, Equatable {
      var payload: Int
      var wire: Int
    }
    struct Both: Decodable {
      var down: Bytes
      var up: Bytes
    }
    struct Final: Decodable {
      var modelDigest: String?
    }
    var elapsed: Double
    var totals: Both
    var sockets: Both
    var final: Final
  }

  private func result(_ command: Command) throws -> Result {
    try JSONDecoder().decode(Result.self, from: Data(command.standardOutput.utf8))
  }

  @Test func `two relays stand for a broker, and bytes are booked by client as ever`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
    let straight = try Command([
      "simulate", topology, "--transport", "tcp", "--out", folder.path("straight"), "--json",
    ])
    #expect(straight.status(within: 60) == 0, "\(straight.standardError)")
    let port = try freePorts()
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("run"),
      "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    var relays: [Command] = []
    var workers: [Command] = []
    for crews in [["0,1", "2"], ["3"]] {
      let place = "tcp://127.0.0.1:\(try freePorts())"
      let relay = try Command([
        "relay", "--connect", "tcp://127.0.0.1:\(port)", "--bind", place,
      ])
      #expect(relay.says("relaying from"), "\(relay.standardError)")
      relays.append(relay)
      workers += try crews.map { clients in
        try Command(["worker", topology, "--connect", place, "--clients", clients])
      }
    }
    #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
    for worker in workers {
      #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    }
    for relay in relays {
      relay.send(SIGTERM)
      #expect(relay.status(within: 30) == 0, "\(relay.standardError)")
    }
    let (direct, relayed) = (try result(straight), try result(broker))
    #expect(direct.final.modelDigest == relayed.final.modelDigest)
    #expect(direct.totals.down.payload == relayed.totals.down.payload)
    #expect(direct.totals.up.payload == relayed.totals.up.payload)
    // A broadcast crosses a connection of the broker's once for each relay, and each client's link
    // once.
    #expect(relayed.sockets.down.payload < relayed.totals.down.payload)
  }

  @Test func `over tcp a topology's links are played, and its relays stand between`() throws {
    let folder = try Folder()
    let links = """

      links:
        slow: {down: 20 Mbit/s, up: 5 Mbit/s, roundTrip: 40 ms}
      groups:
        all: {link: slow}

      """
    let tiny = TinyRun.topology(rounds: "[1, 1, 1]")
      .replacing("offer: 500 ms", with: "offer: 10 s")
      .replacing("fetch: 500 ms", with: "fetch: 10 s")
    let plain = try folder.write(tiny, to: "plain.yaml")
    let slow = try folder.write(tiny + links, to: "slow.yaml")
    let tier = try folder.write(tiny + links + "relays: 2\n", to: "tier.yaml")
    var results: [Result] = []
    for (index, file) in [plain, slow, tier].enumerated() {
      let run = try Command([
        "simulate", file, "--clock", "real", "--transport", "tcp", "--json", "--quiet", "--out",
        folder.path("run\(index)"),
      ])
      #expect(run.status(within: 120) == 0, "\(run.standardError)")
      results.append(try result(run))
    }
    #expect(Set(results.map(\.final.modelDigest)).count == 1)
    // Three clients in each round, side by side: the links alone take this long.
    for result in results.dropFirst() {
      let upload = Double(result.totals.up.payload) / 3 * 8 / 5e6
      let download = Double(result.totals.down.payload) / 3 * 8 / 20e6
      #expect(result.elapsed > upload + download, "\(result.elapsed) s")
    }
  }

  @Test func `encryption ends at a relay and begins anew, and it knows its workers by their keys`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let keys = folder.path("keys")
    let owners: [[String]] = [
      ["broker"],
      ["worker", "relay", "--clients", "0-2", "--allow", "\(keys)/allow.list"],
      ["worker", "site-3", "--clients", "3", "--allow", "\(keys)/allow.list"],
      ["worker", "site-0", "--clients", "0,1", "--allow", "\(keys)/relay.list"],
      ["worker", "site-2", "--clients", "2", "--allow", "\(keys)/relay.list"],
      ["worker", "stranger", "--clients", "0-3"],
    ]
    for owner in owners {
      let made = try Command(["keys"] + owner + ["--out", keys])
      #expect(made.status(within: 20) == 0, "\(made.standardError)")
    }
    func secret(_ name: String, trusting other: String) -> [String] {
      ["--keys", "\(keys)/\(name).secret", "--broker-key", "\(keys)/\(other).public"]
    }
    let (port, place) = (try freePorts(), try freePorts())
    let (there, here) = ("tcp://127.0.0.1:\(port)", "tcp://127.0.0.1:\(place)")
    let broker = try Command([
      "broker", topology, "--bind", there, "--out", folder.path("run"), "--json", "--keys",
      "\(keys)/broker.secret", "--allow", "\(keys)/allow.list",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    let relay = try Command(
      ["relay", "--connect", there, "--bind", here, "--allow", "\(keys)/relay.list"]
        + secret("relay", trusting: "broker"))
    #expect(relay.says("relaying from"), "\(relay.standardError)")
    func worker(_ clients: String, at place: String, _ secret: [String]) throws -> Command {
      try Command(["worker", topology, "--connect", place, "--clients", clients] + secret)
    }
    // A client that another worker of the relay may play, and keys that it doesn't know.
    let false2 = try worker("2", at: here, secret("site-0", trusting: "relay"))
    #expect(relay.says("worker site-0 may play clients 0,1, not 2"), "\(relay.standardError)")
    let strangers = [
      try worker("0", at: here, secret("stranger", trusting: "relay")),
      try worker("0", at: here, secret("site-0", trusting: "broker")),
    ]
    for stranger in strangers {
      #expect(stranger.status(within: 40) == 69, "\(stranger.standardError)")
    }
    #expect(!broker.standardError.contains("round 1"), "\(broker.standardError)")
    false2.send(SIGTERM)
    let workers = [
      try worker("0,1", at: here, secret("site-0", trusting: "relay")),
      try worker("2", at: here, secret("site-2", trusting: "relay")),
      try worker("3", at: there, secret("site-3", trusting: "broker")),
    ]
    #expect(broker.status(within: 120) == 0, "\(broker.standardError)")
    for worker in workers {
      #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    }
    relay.send(SIGTERM)
    #expect(relay.status(within: 30) == 0, "\(relay.standardError)")
    #expect(try result(broker).final.modelDigest == expected)
  }

  @Test func `a simulation has encrypted relays, too`() throws {
    let folder = try Folder()
    let tiny = TinyRun.topology(rounds: "[1, 1, 1]")
    let topology = try folder.write(tiny, to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let tier = try folder.write(tiny + "\nrelays: 2\n", to: "tier.yaml")
    let run = try Command([
      "simulate", tier, "--clock", "real", "--transport", "tcp", "--curve", "--json", "--quiet",
      "--out", folder.path("run"),
    ])
    #expect(run.status(within: 120) == 0, "\(run.standardError)")
    #expect(try result(run).final.modelDigest == expected)
  }

  @Test func `what can't be relayed is said`() throws {
    let cases: [([String], Int32, String)] = [
      (["--connect", "tcp://127.0.0.1:1", "--bind", "tcp://0.0.0.0:7000"], 69, "--insecure"),
      (
        ["--connect", "tcp://127.0.0.1:1", "--bind", "tcp://127.0.0.1:7000", "--link", "lora"], 64,
        "gateway"
      ),
      (
        ["--connect", "tcp://nowhere:1", "--bind", "tcp://127.0.0.1:7000", "--link", "3g"], 64,
        "with numbers"
      ),
    ]
    for (arguments, status, text) in cases {
      let relay = try Command(["relay"] + arguments)
      #expect(relay.status(within: 20) == status, "\(arguments)")
      #expect(relay.standardError.contains(text), "\(relay.standardError)")
    }
  }
}
