import Federation
import Links
import Measures
import Models
import Neural
import Testing
import Topology

/// The sections that say who has which link and device, when clients are there, and what breaks.
struct FleetTests {
  @Test func `a topology that says nothing of its fleet has links without limits`() throws {
    let topology = try Texts.topology(Texts.least)
    #expect(topology.fleet.isPlain)
    #expect(topology.fleet.groups.map(\.clients) == [0..<10])
  }

  @Test func `groups share the fleet in their order, and the one without share gets the rest`()
    throws
  {
    let fleet = try Texts.topology(
      Texts.section(
        "groups", "phones: {share: 35 %, link: 3g}", "homes: {clients: 2, link: dsl}",
        "others: {link: wifi}")
    ).fleet
    #expect(fleet.groups.map(\.clients) == [0..<4, 4..<6, 6..<10])
    #expect(fleet.groups[1].link == LinkPreset.named("dsl")?.profile)
    #expect(fleet.ranges["others"] == 6..<10)
  }

  @Test func `a link begins with a preset and changes what it says`() throws {
    let fleet = try Texts.topology(
      Texts.with(
        "links:", "  barn: {preset: dsl, up: {rate: 1 Mbit/s, loss: 2 %, queue: 64 KiB}}",
        "  broker: {down: 1 Gbit/s, up: 500 Mbit/s}", "groups:", "  all: {link: barn}")
    ).fleet
    let preset = try #require(LinkPreset.named("dsl")?.profile)
    let link = fleet.groups[0].link
    #expect(link.down == preset.down)
    #expect(link.up.rate == .constant(Bandwidth(bitsPerSecond: 1e6)))
    #expect(link.up.loss == .independent(rate: 0.02))
    #expect(link.up.queue == QueueLimit(ByteCount(65_536), .backPressure))
    #expect(link.up.delay == preset.up.delay)
    #expect(fleet.broker?.down.rate == .constant(Bandwidth(bitsPerSecond: 1e9)))
  }

  @Test func `devices and availability are read with all their keys`() throws {
    let fleet = try Texts.topology(
      Texts.with(
        "devices:",
        "  old: {speed: 40 samples/s, spread: 0.5, memory: 200 MB, dropOut: 5 %, joins: 1 h}",
        "availability:",
        "  sleepers: {night: {begins: 23 h, lasts: 7 h}, day: {on: 30 min, off: 90 min}}",
        "  trains: {on: 20 s, off: 5 s}", "groups:",
        "  all: {device: old, availability: sleepers, shared: {down: 9 Mbit/s, clients: 5}}")
    ).fleet
    let device = fleet.groups[0].device
    #expect(device.speed == .samplesPerSecond(40))
    #expect(device.speedFactor == .logNormal(median: 1, sigma: 0.5))
    #expect(device.memory == ByteCount(200_000_000))
    #expect(device.dropOut == 0.05)
    #expect(device.lifetime.joins == .seconds(3600))
    guard case .diurnal(let days) = device.availability else {
      Issue.record("not diurnal: \(device.availability)")
      return
    }
    #expect(days.bedtime == .seconds(23 * 3600))
    #expect(days.day == OnOffProcess(meanOn: .seconds(1800), meanOff: .seconds(5400)))
    #expect(fleet.groups[0].bottleneck?.clients == 5)
  }

  @Test func `a fault script says when, what, to whom and for how long`() throws {
    let fleet = try Texts.topology(
      Texts.with(
        "groups:", "  phones: {share: 50 %}", "  rest: {link: lte}",
        "faults:", "  - {at: 10 min, do: partition, target: phones, for: 5 min}",
        "  - {round: 3, do: kill, target: 20 %}",
        "  - {random: 1 h, do: cut, how: blackHole, target: '0-4, 7', for: 1 min}",
        "  - {every: 2 h, from: 1 h, do: slow, factor: 0.5, for: 30 min}",
        "  - {at: 1 h, do: restart, for: 10 s}")
    ).fleet
    #expect(
      fleet.faults == [
        FaultRule(
          .at(.seconds(600)), .partition, target: .group("phones"), duration: .seconds(300)),
        FaultRule(.round(2), .kill, target: .share(0.2)),
        FaultRule(
          .random(meanInterval: .seconds(3600), from: .zero, until: nil), .cut(.blackHole),
          target: .clients([0...4, 7...7]), duration: .seconds(60)),
        FaultRule(
          .every(.seconds(7200), from: .seconds(3600)), .scaleRate(0.5), duration: .seconds(1800)),
        FaultRule(.at(.seconds(3600)), .restartBroker, duration: .seconds(10)),
      ])
  }

  @Test(arguments: [
    ("links:\n  barn: {preset: dls, down: 1 Mbit/s}", 8, "links.barn.preset", "did you mean dsl"),
    ("links:\n  barn: {down: 1 Mbit/s}", 8, "links.barn.up", "missing"),
    ("links:\n  barn: {down: 1 MB, up: 1 Mbit/s}", 8, "links.barn.down", "as in 2 Mbit/s"),
    ("links:\n  barn: {preset: dsl, donw: 1 Mbit/s}", 8, "links.barn.donw", "did you mean down"),
    ("links:\n  barn: {preset: dsl, loss: 80 %}", 8, "links.barn.loss", "0 % to 50 %"),
    ("links:\n  a: {preset: dsl, up: {trace: no.csv}}", 8, "links.a.up.trace", "can't be read"),
    ("groups:\n  all: {link: lte5}", 8, "groups.all.link", "did you mean lte"),
    ("groups:\n  all: {link: lora}", 8, "groups.all.link", "no TCP runs over it"),
    ("groups:\n  all: {device: phone}", 8, "groups.all.device", "not a device"),
    ("groups:\n  a: {share: 50 %}\n  b: {share: 20 %}", 8, "groups", "7 clients in all"),
    ("groups:\n  a: {link: lte}\n  b: {link: 3g}", 9, "groups.b", "second group without"),
    (
      "groups:\n  a: {share: 50 %, clients: 5}\n  b: {link: lte}", 8, "groups.a.clients",
      "beside a share"
    ),
    ("groups:\n  a: {availability: nights}", 8, "groups.a.availability", "not an availability"),
    (
      "devices:\n  old: {memory: 1 kB}\ngroups:\n  all: {device: old}", 10, "groups.all.device",
      "training the first stage takes"
    ),
    (
      "strategy: end-to-end\nparticipation: {caps: [{stage: 1, clients: 0-8}], minimum: 2}", 7,
      "strategy", "1 of 10 clients"
    ),
    (
      "relays: 2\nfaults:\n  - {at: 1 s, do: kill}", 7, "relays",
      "faults is played in virtual time alone"
    ),
    ("devices:\n  old: {speed: fast}", 8, "devices.old.speed", "not a speed"),
    ("availability:\n  a: {on: 20 s}", 8, "availability.a.on", "without off"),
    ("availability:\n  a: {}", 8, "availability.a", "doesn't say when"),
    ("faults: {at: 3 s}", 7, "faults", "begin each with a hyphen"),
    ("faults:\n  - {do: stall, for: 1 s}", 8, "faults[1]", "doesn't say when"),
    ("faults:\n  - {at: 1 s, do: explode}", 8, "faults[1].do", "cut, stall, partition"),
    ("faults:\n  - {at: 1 s, do: stall}", 8, "faults[1]", "needs a duration"),
    ("faults:\n  - {at: 1 s, do: slow}", 8, "faults[1]", "factor: 0.5"),
    (
      "faults:\n  - {at: 1 s, do: kill, target: phnes}\ngroups:\n  phones: {share: 100 %}", 8,
      "faults[1].target", "did you mean phones"
    ),
    (
      "limits: {offer: 1 s}\ngroups:\n  all: {link: edge}", 7, "limits.offer",
      "an update of 4.80 MB takes"
    ),
  ])
  func `a wrong value of the fleet is told with its line, its key and a remedy`(
    text: String, line: Int, path: String, words: String
  ) {
    let faults = Texts.faults(Texts.with(text))
    #expect(faults.count == 1, "\(faults.map(\.words))")
    guard let fault = faults.first else { return }
    #expect(fault.line == line, "\(fault.words)")
    #expect(fault.path == path, "\(fault.words)")
    #expect(fault.words.contains(words), "\(fault.words)")
  }

  private static let played = """
    links:
      barn: {preset: dsl}
      ditch: {preset: dsl, up: {queue: 64 KiB}}
      broker: {down: 1 Gbit/s, up: 1 Gbit/s}
    devices:
      small: {memory: 200 MB}
      phone: {speed: 2 GFLOP/s, spread: 0.5, memory: 200 MB, dropOut: 5 %, joins: 1 s, leaves: 1 h}
      unused: {dropOut: 5 %}
    groups:
      plain: {clients: 2, device: small, availability: always}
      homes: {clients: 2, link: barn}
      barns: {clients: 2, link: ditch}
      phones: {device: phone, availability: phone, shared: {down: 1 Mbit/s}}
    faults:
      - {at: 1 s, do: kill}
    """

  @Test func `what a clock doesn't play is refused by name, with its line`() throws {
    func refused(_ text: String, _ clock: Clock) throws -> [String] {
      let topology = try Texts.topology(Texts.with(text))
      do throws(TopologyError) {
        try topology.requirePlayable(on: clock)
        #expect(topology.keys(unknownTo: clock).isEmpty)
        return []
      } catch {
        #expect(error.faults.map(\.path) == topology.keys(unknownTo: clock))
        return error.faults.map { "\($0.line) \($0.path)" }
      }
    }
    let virtual = [
      "10 links.broker", "13 devices.phone.speed", "13 devices.phone.spread",
      "13 devices.phone.dropOut", "13 devices.phone.joins", "13 devices.phone.leaves",
    ]
    let groups = ["19 groups.phones.availability", "19 groups.phones.shared"]
    let faults = ["21 faults"]
    #expect(try refused(Self.played, .virtual) == [])
    #expect(
      try refused(Self.played, .realOverTCP) == virtual + ["18 groups.barns.link"] + groups + faults
    )
    #expect(
      try refused(Self.played, .real)
        == virtual + ["17 groups.homes.link", "18 groups.barns.link"] + groups + faults)
    let small = "devices:\n  small: {memory: 200 MB}\ngroups:\n  all: {device: small}"
    for clock in Clock.allCases {
      #expect(try refused(small, clock) == [])
      #expect(try refused("relays: 2", clock) == (clock == .realOverTCP ? [] : ["7 relays"]))
    }
  }

  @Test func `caps and memory limit stages together, the lower one first`() throws {
    let topology = try Texts.topology(
      Texts.with(
        "participation: {caps: [{stage: 1, clients: 0-1}, {stage: 2, clients: 2-3}]}", "devices:",
        "  small: {memory: 7 MB}", "  large: {memory: 1 GB}", "groups:",
        "  small: {clients: 3, device: small}", "  large: {clients: 4, device: large}",
        "  rest: {}"))
    let memory = topology.fleet.groups[0].device.memory ?? .zero
    let stage = (1...3).last { stage in
      let network = topology.subModel(stage: stage)
      return network.activationBytes(batch: topology.training.batch) + 16 * network.parameterCount
        <= memory.bytes
    }
    #expect(stage == 1 || stage == 2)
    let limits = topology.stageLimits
    #expect((0..<10).map { limits[$0] } == [1, 1, stage, 2, nil, nil, nil, nil, nil, nil])
  }

  @Test func `waiting times that aren't given are long enough for the slowest link`() throws {
    let plain = try Texts.topology(Texts.least).limits
    let slow = try Texts.topology(Texts.section("groups", "all: {link: 2g}")).limits
    #expect(plain == ProtocolLimits())
    // 4.8 MB at 256 kbit/s take 150 s.
    #expect(slow.offerTimeout > .seconds(150))
    // 256 KiB at 280 kbit/s take 7.5 s.
    #expect(slow.fetchTimeout > .seconds(7.5))
  }
}
