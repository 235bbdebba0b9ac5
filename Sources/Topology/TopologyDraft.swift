import Federation
import Models
import Progressive

/// A topology as it was read, section by section, before the sections are held against each other.
struct TopologyDraft {
  var name: String
  var seed: UInt64
  /// All rounds; nil where the stages' rounds say it.
  var rounds: Int?
  var clients: Int?
  var strategy: Strategy
  var model: ModelSection
  var data: DataSection?
  var stages: StagesSection
  var training: TrainingSection
  var server: ServerSection
  var participation: ParticipationSection
  var codecs: CodecsSection
  var evaluation: EvaluationSection
  var limits: LimitsSection
  var links: LinksSection
  var devices: DevicesSection
  var relays: Int
  var groups: GroupsSection
  var faults: FaultsSection

  init(reading keys: inout KeyReader, file: String) {
    name = keys.value("name", default: Cursor.name(of: file, or: "topology")) { $0.name() }
    seed = keys.value("seed", default: 1) { $0.seed() }
    clients = keys.required("clients", remedy: "write how many there are, as in clients: 100") {
      $0.whole(1...1_000_000)
    }
    strategy = keys.value("strategy", default: .progressive) { cursor in
      cursor.choice("a strategy", of: Strategy.allCases.map { ($0.rawValue, $0) })
    }
    model = keys.section("model") { ModelSection(reading: &$0, beside: file) }
    // A manifest's model is trained by programs, whose samples nobody else needs to know of.
    data =
      model.isManifest && !keys.has("data")
      ? .trainers : keys.section("data") { DataSection.read(&$0, beside: file) }
    let strategy = strategy
    stages = keys.section("stages", word: "rule") {
      StagesSection(reading: &$0, strategy: strategy)
    }
    let remedy = "write how many there are, as in rounds: 40"
    let count: (Cursor) -> Int? = { $0.whole(1...1_000_000) }
    rounds =
      stages.rounds == nil && keys.reading.isSound("stages.rounds")
      ? keys.required("rounds", remedy: remedy, count) : keys.optional("rounds", count)
    training = keys.section("training") { TrainingSection(reading: &$0) }
    server = keys.section("server") { ServerSection(reading: &$0) }
    participation = keys.section("participation") { ParticipationSection(reading: &$0) }
    codecs = keys.section("codecs") { CodecsSection(reading: &$0) }
    evaluation = keys.section("evaluation") { EvaluationSection(reading: &$0) }
    limits = keys.section("limits") { LimitsSection(reading: &$0) }
    let links = keys.section("links") { LinksSection(reading: &$0, file: file) }
    let devices = keys.section("devices") { DevicesSection(reading: &$0) }
    let availability = keys.section("availability") {
      AvailabilitySection(reading: &$0, file: file)
    }
    relays = keys.value("relays", default: 0) { $0.whole(0...1000) }
    groups = keys.section("groups") { keys in
      GroupsSection(
        reading: &keys, links: links, devices: devices, availability: availability, file: file)
    }
    self.links = links
    self.devices = devices
    faults = keys.optional("faults") { FaultsSection(reading: $0) } ?? FaultsSection()
  }

  /// Puts the command line's values, all but the rounds, in place of the file's.
  mutating func apply(_ overrides: Overrides, reading: Reading) {
    let options: [(path: String, option: String, isGiven: Bool)] = [
      ("rounds", "--rounds", overrides.rounds != nil),
      ("clients", "--clients", overrides.clients != nil),
      ("participation.perRound", "--per-round", overrides.clientsPerRound != nil),
      ("codecs.up", "--up", overrides.up != nil), ("codecs.down", "--down", overrides.down != nil),
    ]
    for (path, option, isGiven) in options where isGiven {
      reading.note(.option(option), of: path)
    }
    for (value, path) in [
      (overrides.rounds, "rounds"), (overrides.clients, "clients"),
      (overrides.clientsPerRound, "participation.perRound"),
    ] {
      guard let value, !(1...1_000_000).contains(value) else { continue }
      reading.report(path, "\(value) is out of range", remedy: "give a number from 1 to 1000000")
    }
    seed = overrides.seed ?? seed
    strategy = overrides.strategy ?? strategy
    clients = overrides.clients ?? clients
    participation.perRound = overrides.clientsPerRound ?? participation.perRound
    codecs.override(up: overrides.up, down: overrides.down, reading: reading)
  }
}
