import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct VirtualClockTests {
  private static let edge = """
    links:
      broker: {down: 50 Mbit/s, up: 50 Mbit/s}
      lossy: {preset: 3g, loss: {rate: 1 %, burst: 3}}
    devices:
      phone: {speed: 0.5 GFLOP/s, spread: 0.7, dropOut: 15 %}
    groups:
      phones: {clients: 5, link: lossy, device: phone, availability: vehicular}
      farms: {link: sat, device: phone, shared: {down: 1 Mbit/s, up: 500 kbit/s, clients: 2}}
    faults:
      - {at: 70 s, do: cut, target: 30 %, for: 30 s}
      - {round: 3, do: restart, for: 5 s}
    """

  private static func object(_ topology: String, _ options: [String]) throws -> [String: Any] {
    let folder = try Folder()
    let file = try folder.write(topology, to: "small.yaml")
    let run = try Command(
      ["simulate", file, "--out", folder.path("run"), "--json", "--quiet"] + options)
    #expect(run.status() == 0, "\(run.standardError)")
    let object = try JSONSerialization.jsonObject(with: Data(run.standardOutput.utf8))
    return try #require(object as? [String: Any])
  }

  /// The ledger as reports see it, less the time that it took.
  private static func ledger(_ topology: String, _ options: [String]) throws -> String {
    var object = try object(topology, options)
    object["wallClock"] = nil
    let data = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    return String(decoding: data, as: UTF8.self)
  }

  @Test func `virtual time ends with the model of real sockets when nobody is late or lost`() throws
  {
    let virtual = try Self.object(SmallRun.topology(), [])
    let real = try Self.object(SmallRun.topology(), ["--clock", "real"])
    for key in ["modelDigest", "accuracy"] {
      let values = [virtual, real].map { ($0["final"] as? [String: Any])?[key] }
      #expect("\(values[0] ?? "–")" == "\(values[1] ?? "-")")
    }
    #expect(virtual["clock"] as? String == "virtual")
    #expect(real["clock"] as? String == "real")
  }

  @Test func `one seed gives one ledger and one model, twice, on 1 and on 4 threads`() throws {
    let topology = SmallRun.topology(
      participation: "  perRound: 4\n  deadline: 2 min\n  quorum: 3\n  grace: 20 s",
      more: Self.edge)
    let ledgers = try ["1", "4", "1", "4"].map { try Self.ledger(topology, ["--threads", $0]) }
    #expect(Set(ledgers).count == 1)
    let first = try #require(ledgers.first)
    for what in ["segment sent again", "fault: cut", "fault: restart"] {
      #expect(first.contains(what), "nothing of: \(what)")
    }
    #expect(try Self.ledger(topology, ["--seed", "8"]) != first)
  }

  @Test func `the cost model moves as many bytes as training does`() throws {
    let options = ["--samples-per-client", "150"]
    let trained = try Self.object(SmallRun.topology(), [])
    let modelled = try Self.object(SmallRun.topology(), ["--cost-model"] + options)
    func payloads(_ object: [String: Any]) -> [[Int?]] {
      let rounds = object["rounds"] as? [[String: Any]] ?? []
      return rounds.map { round in
        ["down", "up"].map { (round[$0] as? [String: Any])?["payload"] as? Int }
      }
    }
    #expect(payloads(trained).count == 5)
    #expect(payloads(trained) == payloads(modelled))
  }

  @Test func `clients that can't make it are late or lost, and the round goes on without them`()
    throws
  {
    let slow = """
      devices:
        fast: {speed: 1 TFLOP/s}
        slow: {speed: 1 MFLOP/s}
      groups:
        sprinters: {share: 50 %, device: fast}
        snails: {device: slow}
      """
    let object = try Self.object(
      SmallRun.topology(
        participation: "  perRound: 8\n  deadline: 40 s", rounds: "[1, 2, 2]", more: slow), [])
    let rounds = try #require(object["rounds"] as? [[String: Any]])
    for round in rounds {
      #expect(round["accepted"] as? Int == 4)
      #expect(round["late"] as? Int == 4)
      #expect(round["elapsed"] as? Double == 40)
    }
    let counters = try #require(object["counters"] as? [String: Int])
    #expect(counters["straggler: training"] == 20)
  }
}
