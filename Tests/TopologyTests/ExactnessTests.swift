import Bytes
import Codecs
import Datasets
import Federation
import Links
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// Numbers that mean what they say: shares in decimal, seeds of all 64 bits, text in quotation
/// marks.
struct ExactnessTests {
  @Test(arguments: [
    (100, "1.1", 110), (10, "1.1", 11), (70, "1.1", 77), (40, "1.15", 46), (3, "1.3", 4),
    (100, "1.15", 115), (100, "1.0000000000000002", 101), (25, "1.64", 41),
  ])
  func `as many clients are asked as the factor says`(
    perRound: Int, factor: String, asked: Int
  ) throws {
    let text = Texts.with("participation: {perRound: \(perRound), overSelect: \(factor)}")
    let topology = try Texts.topology(text, Overrides(clients: 200))
    #expect(topology.rules.clientsAsked == asked)
  }

  @Test(arguments: [
    ("55 %", 100, 55), ("0.55", 100, 55), ("7 %", 100, 7), ("28 %", 25, 7), ("56 %", 25, 14),
    ("57 %", 100, 57), ("1 %", 10, 1), ("33.3 %", 1000, 333), ("66.7 %", 10, 7),
  ])
  func `a quorum is the share that is written`(share: String, perRound: Int, quorum: Int) throws {
    let text = Texts.with("participation: {perRound: \(perRound), quorum: \(share)}")
    let topology = try Texts.topology(text, Overrides(clients: 1000))
    #expect(topology.rules.quorum == quorum)
  }

  @Test(arguments: [("28 %", 25, 7), ("0.28", 25, 7), ("56 %", 25, 14), ("7 %", 100, 7)])
  func `a milestone is passed in the round that is written`(
    share: String, rounds: Int, passed: Int
  ) throws {
    let text = Texts.with("training: {schedule: {name: multistep, milestones: [\(share)]}}")
    let schedule = try Texts.topology(text).training.schedule
    #expect(schedule.rate(base: 1, round: passed, of: rounds) == 1)
    #expect(schedule.rate(base: 1, round: passed + 1, of: rounds) == 0.1)
  }

  @Test(arguments: [
    ("14.5 %", 100, 15), ("0.145", 100, 15), ("0.145", 200, 29), ("28.5 %", 1000, 285),
  ])
  func `a group has the share that is written`(share: String, clients: Int, count: Int) throws {
    let text = Texts.with("groups:", "  few: {share: \(share)}", "  rest: {link: lte}")
    let topology = try Texts.topology(text, Overrides(clients: clients))
    #expect(topology.fleet.groups[0].clients.count == count)
  }

  @Test func `groups that are cut by shares are all of the fleet`() throws {
    // In floating point, seven tenths and a tenth are less than eight tenths.
    let text = Texts.with(
      "groups:", "  a: {share: 70 %, link: lte}", "  b: {share: 10 %, link: 3g}",
      "  c: {share: 20 %, link: dsl}")
    for clients in [5, 10, 15, 25, 45, 105] {
      let groups = try Texts.topology(text, Overrides(clients: clients)).fleet.groups
      let ends = [7, 8, 10].map { (2 * $0 * clients + 10) / 20 }
      #expect(groups.map(\.clients.upperBound) == ends, "\(clients)")
    }
  }

  @Test(arguments: [("0.7 %", 0.007), ("0.07 %", 0.0007), ("6 %", 0.06), ("0.29 %", 0.0029)])
  func `a probability is the number next to what is written`(text: String, value: Double) throws {
    let lines = Texts.with(
      "devices: {a: {speed: 1 GFLOP/s, dropOut: \(text)}}", "groups: {all: {device: a}}")
    #expect(try Texts.topology(lines).fleet.groups[0].device.dropOut == value)
  }

  @Test(
    arguments: [
      ("0", 0), ("9007199254740993", 1 << 53 + 1), ("9223372036854775807", 1 << 63 - 1),
      ("9223372036854775808", 1 << 63), ("18446744073709551615", UInt64.max),
      ("\"18446744073709551615\"", UInt64.max), ("18_446_744_073_709_551_615", UInt64.max),
    ] as [(String, UInt64)])
  func `seeds have all 64 bits`(text: String, seed: UInt64) throws {
    #expect(try Texts.topology(Texts.with("seed: \(text)")).seed == seed)
    let settings = ["seed=\(text)", "data.name=synthetic", "data.synthetic.seed=\(text)"]
    let topology = try Texts.topology(Texts.least, Overrides(settings: settings))
    #expect(topology.seed == seed && topology.data.options?.synthetic.seed == seed)
    let sites = Texts.least.replacing("fashion-mnist", with: "icbm152\n  siteSeed: \(text)")
      .replacing("convnet", with: "unet")
    #expect(try Texts.topology(sites).data.options?.siteSeed == seed)
    let sweep = try Sweep(
      parsing: "topology: a.yaml\nseeds: [\(text)]\nruns: {x: {}}", file: "s.yaml")
    #expect(sweep.runs.map(\.seed) == [seed] && sweep.runs[0].settings == ["seed=\(seed)"])
  }

  @Test func `seeds of a sweep that no machine holds are refused`() {
    let error = #expect(throws: TopologyError.self) {
      try Sweep(
        parsing: "topology: a.yaml\nseeds: [18446744073709551616]\nruns: {x: {}}", file: "s.yaml")
    }
    #expect(error?.faults.map(\.path) == ["seeds[1]"])
    #expect(
      Texts.faults(Texts.least, Overrides(settings: ["seed=18446744073709551616"])).map(\.place)
        == [.option("--set seed")])
  }

  @Test func `text in quotation marks says the same as without`() throws {
    let plain = Texts.with(
      "seed: 5", "strategy: progressive", "participation:", "  perRound: 5", "  quorum: 80 %",
      "  deadline: 1 min", "  overSelect: 1.5", "  caps: [{stage: 1, clients: 0-3}]", "training:",
      "  schedule: cosine", "  nesterov: true", "  clipNorm: none", "  learningRate: 1e-2",
      "codecs: {up: linear8, smallTensors: 10}",
      "devices: {a: {speed: 5 GFLOP/s, memory: 64 MB, dropOut: 6 %, spread: 0.1}}",
      "links: {b: {down: 2 Mbit/s, up: {rate: 1 Mbit/s, queue: 256 KiB, loss: 1 %}}, c: dsl}",
      "availability: {d: {on: 20 s, off: 5 s}}",
      "groups: {all: {share: 100 %, link: b, device: a, availability: d}}",
      "faults: [{at: 10 min, do: cut, target: 20 %, for: 1 min}, {at: 1 s, do: kill, target: 0-2}]",
      "limits: {chunk: 64 KiB, updateNorm: none}"
    ).replacing("name: fashion-mnist", with: "name: fashion-mnist\n  partition: iid")
    let values = try Regex(#": ([^{}\[\],\n]+)"#)
    for mark in ["\"", "'"] {
      let quoted = plain.replacing(values) { match in
        ": \(mark)\(match.output[1].substring ?? "")\(mark)"
      }
      #expect(quoted.contains("\(mark)1 min\(mark)") && quoted.contains("\(mark)iid\(mark)"))
      let (first, second) = (try Texts.topology(plain), try Texts.topology(quoted))
      #expect(first.plan == second.plan)
      #expect(first.rules == second.rules && first.caps == second.caps)
      #expect(first.limits == second.limits && first.fleet.faults == second.fleet.faults)
      #expect(first.fleet.groups.map(\.device) == second.fleet.groups.map(\.device))
      #expect(first.fleet.groups.map(\.link) == second.fleet.groups.map(\.link))
    }
  }

  @Test func `what a program writes as JSON is a topology too`() throws {
    let topology = try Texts.topology(
      #"{"clients": 10, "rounds": 12, "model": {"name": "convnet"}, "name": "caf\u00e9","#
        + #" "data": {"name": "fashion-mnist", "partition": "iid"},"#
        + #" "participation": {"deadline": "1 min", "quorum": "80 %", "overSelect": 1.0}}"#)
    #expect(topology.rules.quorum == 8 && topology.rules.deadline == .seconds(60))
    #expect(topology.name == "café")
  }

  @Test(arguments: [("runs/a b.yaml", "a b"), ("..yaml", "topology"), (" .yaml", "topology")])
  func `a run without a name is called as its file`(file: String, name: String) throws {
    #expect(try Topology(parsing: Texts.least, file: file, checksFiles: false).name == name)
    let long = String(repeating: "é", count: 120)
    #expect(
      try Topology(parsing: Texts.least, file: "\(long).yaml", checksFiles: false).name.utf8.count
        == 200)
  }

  @Test(arguments: ["../x", ".", "a/b"])
  func `a sweep's name stays in its folder`(name: String) {
    let error = #expect(throws: TopologyError.self) {
      try Sweep(parsing: "name: \(name)\ntopology: a.yaml\nruns: {x: {}}", file: "s.yaml")
    }
    #expect(error?.faults.map(\.path) == ["name"])
  }
}
