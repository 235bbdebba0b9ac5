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

  @Test(arguments: [
    ("least: 0", "progressive"), ("least: 0, most: 40 %", "progressive"), ("least: 0", "mixed"),
  ])
  func `on both clocks clients train what their links carry in time`(
    shares: String, strategy: String
  ) throws {
    let topology = SmallRun.topology(
      participation: "  perRound: 6\n  depth: {rule: byLink, target: 2 s, \(shares)}",
      rounds: "[0, 0, 3]",
      more: """
        links: {slow: {down: 1.5 Mbit/s, up: 1.5 Mbit/s, roundTrip: 20 ms}}
        groups: {near: {clients: 4}, far: {link: slow}}
        """
    ).replacing("strategy: progressive", with: "strategy: \(strategy)")
    let virtual = try Self.object(topology, [])
    let real = try Self.object(topology, ["--transport", "tcp"])
    let fixed = try Self.object(topology, ["--set", "participation.depth={rule: fixed}"])
    func digest(_ object: [String: Any]) -> String? {
      (object["final"] as? [String: Any])?["modelDigest"] as? String
    }
    #expect(digest(virtual) != nil && digest(virtual) == digest(real))
    #expect(digest(virtual) != digest(fixed))
    func payload(_ object: [String: Any], _ way: String) -> Int {
      let totals = (object["totals"] as? [String: Any])?[way] as? [String: Any]
      return totals?["payload"] as? Int ?? 0
    }
    for way in ["down", "up"] {
      #expect(payload(virtual, way) < payload(fixed, way))
      #expect(payload(virtual, way) == payload(real, way))
    }
    let elapsed = [virtual, fixed].map { $0["elapsed"] as? Double ?? 0 }
    #expect(elapsed[0] < elapsed[1])
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

  @Test func `the cost model knows early codecs, and clients of little memory`() throws {
    let topology = SmallRun.topology(
      participation: "  perRound: 8",
      more: """
        devices:
          large: {speed: 1 GFLOP/s}
          small: {speed: 1 GFLOP/s, memory: 6 MB}
        groups:
          phones: {share: 50 %, device: large}
          watches: {device: small}
        """)
    let early = ["--set", "codecs.early.rounds=1", "--set", "codecs.early.up=linear4"]
    let trained = try Self.object(topology, early)
    let modelled = try Self.object(
      topology, ["--cost-model", "--samples-per-client", "150"] + early)
    func numbers(_ object: [String: Any], _ way: String) -> [[Int?]] {
      let rounds = object["rounds"] as? [[String: Any]] ?? []
      return rounds.map { round in
        [round["accepted"] as? Int, (round[way] as? [String: Any])?["payload"] as? Int]
      }
    }
    let up = numbers(trained, "up")
    #expect(up == numbers(modelled, "up"))
    #expect(numbers(trained, "down") == numbers(modelled, "down"))
    // All take part in each stage, four of them with less than the others.
    #expect(up.map { $0[0] } == [8, 8, 8, 8, 8])
    let usual = numbers(
      try Self.object(topology, ["--cost-model", "--samples-per-client", "150"]), "up")
    let isSmaller = zip(up, usual).map { ($0[1] ?? 0) < ($1[1] ?? 0) }
    // The tensors of stage 1 are so small that they go as they are.
    #expect(isSmaller == [false, true, false, true, false])
    let strong = numbers(
      try Self.object(
        topology.replacing(", memory: 6 MB", with: ""),
        ["--cost-model", "--samples-per-client", "150"] + early), "up")
    #expect((up[4][1] ?? 0) < (strong[4][1] ?? 0))
  }

  @Test func `a run in virtual time that was stopped says how it goes on, and comes to the same`()
    throws
  {
    let folder = try Folder()
    let file = try folder.write(
      SmallRun.topology(rounds: "[2, 4, 2]", more: Self.edge), to: "small.yaml")
    let whole = try Command(["simulate", file, "--out", folder.path("whole"), "--json"])
    #expect(whole.status() == 0, "\(whole.standardError)")
    let run = folder.path("run")
    let stopped = try Command(["simulate", file, "--out", run, "--seed", "7"])
    #expect(stopped.says("round 2/8"), "\(stopped.standardError)")
    stopped.send(SIGINT)
    #expect(stopped.status(within: 60) == 130, "\(stopped.standardError)")
    #expect(stopped.standardError.contains("simulate --resume \(run)"))
    let real = try Command(["simulate", "--resume", run, "--clock", "real"])
    #expect(real.status(within: 30) == 65)
    #expect(real.standardError.contains("virtual time"), "\(real.standardError)")
    let again = try Command(["simulate", "--resume", run, "--json"])
    #expect(again.status() == 0, "\(again.standardError)")
    #expect(again.standardError.contains("\(run): goes on after round "))
    #expect(!again.standardError.contains("round 1/8"))
    let results = try [whole, again].map { command in
      var object = try #require(
        try JSONSerialization.jsonObject(with: Data(command.standardOutput.utf8))
          as? [String: Any])
      object["wallClock"] = nil
      return String(
        decoding: try JSONSerialization.data(withJSONObject: object, options: .sortedKeys),
        as: UTF8.self)
    }
    #expect(results[0] == results[1])
  }

  @Test(arguments: [
    "faults=[{round: 8, do: restart, for: 30 s}]",
    "devices={phone: {speed: 2 GFLOP/s, dropOut: 6 %}}",
  ])
  func `links without limits bring no run down`(setting: String) throws {
    let folder = try Folder()
    let run = try Command([
      "simulate", "\(TopologiesTests.folder)/quickstart.yaml", "--cost-model", "--json", "--quiet",
      "--out", folder.path("run"), "--set", setting, "--set",
      "groups={all: {\(setting.hasPrefix("devices") ? "device: phone" : "")}}",
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    #expect(try SmallRun.summary(run.standardOutput).rounds.count == 50)
  }

  @Test func `capped clients send as little in virtual time as over sockets`() throws {
    let topology = SmallRun.topology(
      participation: "  perRound: 8\n  caps: [{stage: 2, clients: 0-3}]")
    func updates(_ text: String, _ options: [String]) throws -> [Int?] {
      let rounds = try Self.object(text, options)["rounds"] as? [[String: Any]] ?? []
      return rounds.map { ($0["up"] as? [String: Any])?["payload"] as? Int }
    }
    let virtual = try updates(topology, [])
    #expect(virtual.count == 5)
    #expect(try updates(topology, ["--clock", "real"]) == virtual)
    #expect(try updates(topology, ["--cost-model", "--samples-per-client", "150"]) == virtual)
    let whole = try updates(SmallRun.topology(participation: "  perRound: 8"), [])
    #expect(Array(whole.prefix(3)) == Array(virtual.prefix(3)))
    #expect((virtual[4] ?? 0) < (whole[4] ?? 0))
  }

  @Test func `a simulation says what its clock doesn't play, and begins nothing`() throws {
    let folder = try Folder()
    let faults = "\nfaults:\n  - {at: 1 s, do: kill, for: 1 s}\n"
    let cases: [(text: String, options: [String], words: String)] = [
      (faults, ["--clock", "real"], "faults is played in virtual time alone"),
      (faults, ["--transport", "tcp"], "faults is played in virtual time alone"),
      ("\ngroups: {all: {link: 3g}}\n", ["--clock", "real"], "add --transport tcp"),
      ("\nrelays: 2\n", [], "relays stand between sockets of real time"),
    ]
    for (index, (text, options, words)) in cases.enumerated() {
      let file = try folder.write(SmallRun.topology() + text, to: "run\(index).yaml")
      let out = folder.path("out\(index)")
      let run = try Command(["simulate", file, "--out", out] + options)
      #expect(run.status() == 65, "\(run.standardError)")
      #expect(run.standardError.contains(words), "\(run.standardError)")
      #expect(run.standardError.contains("\(file):2"), "\(run.standardError)")
      #expect(!FileManager.default.fileExists(atPath: out))
    }
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
