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
