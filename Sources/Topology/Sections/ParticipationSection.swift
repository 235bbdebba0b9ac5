import Federation
import Measures
import Progressive

/// The section `participation`: how many clients train in a round, and how long it waits for them.
struct ParticipationSection: Hashable, Sendable {
  /// A number of updates, or a share of the clients that were asked.
  enum Quorum: Hashable, Sendable {
    case count(Int)
    case share(Share)
  }

  /// The number of updates that a round is to have; nil for one of each client.
  var perRound: Int?
  /// The factor by which more clients are asked.
  var overSelection: Share
  /// Whom a round asks first.
  var sampling: Sampling
  /// The weight of an update.
  var weighting: Weighting
  /// The most that an update counts, in samples; nil for as many as it was trained on.
  var weightCap: Int?
  /// The treatment of updates that come after their round has ended.
  var stragglers: StragglerPolicy
  /// The clients whose memory ends at a stage, and that stage.
  var caps: [Int: Int]
  /// The sub-models that the clients of a round train.
  var depth: DepthSection
  /// The number of updates that end a round, after the grace; nil for all.
  var quorum: Quorum?
  /// The time for which the others are waited for then, or the share of the quorum's time.
  var grace: Grace
  var deadline: Duration
  /// The number of clients that a round needs to begin.
  var minimum: Int
  var joinTimeout: Duration
  /// The longest wait for a round that lacks clients; then the run ends.
  var patience: Duration

  init(reading keys: inout KeyReader) {
    let standard = RoundRules(clientsPerRound: 1)
    let day = Duration.seconds(86_400)
    perRound = keys.optional("perRound") { $0.whole(1...1_000_000) }
    overSelection = keys.value("overSelect", default: standard.overSelection) {
      $0.multiple(1...10)
    }
    sampling = keys.value("sampling", default: standard.sampling) { cursor in
      cursor.choice("a way of sampling", of: Sampling.allCases.map { ($0.rawValue, $0) })
    }
    weighting = keys.value("weights", default: standard.weighting) { cursor in
      cursor.choice("a way of weighting", of: Weighting.allCases.map { ($0.rawValue, $0) })
    }
    weightCap = keys.optional("weightCap") { $0.whole(1...(1 << 48) - 1) }
    if weightCap != nil, weighting == .equal, keys.reading.isSound(keys.full("weights")) {
      keys.reading.report(
        keys.full("weightCap"),
        "\(keys.full("weightCap")) means nothing where all updates count the same",
        remedy: "remove it, or write weights: samples")
    }
    stragglers = StragglerPolicy(reading: &keys)
    caps = keys.value("caps", default: [:]) { Self.caps($0) }
    depth = keys.section("depth", word: "rule") { DepthSection(reading: &$0) }
    quorum = keys.optional("quorum") { cursor in
      cursor.word.map { $0.last == "%" || $0.contains(".") } == true
        ? cursor.share(0.01...1).map { .share($0) } : cursor.whole(1...1_000_000).map { .count($0) }
    }
    grace = keys.value("grace", default: standard.grace) { $0.grace(.zero...day) }
    deadline = keys.value("deadline", default: standard.deadline) {
      $0.duration(.milliseconds(10)...day)
    }
    minimum = keys.value("minimum", default: standard.minimumClients) { $0.whole(1...1_000_000) }
    joinTimeout = keys.value("joinTimeout", default: standard.joinTimeout) {
      $0.duration(.zero...day)
    }
    patience = keys.value("patience", default: standard.patience) {
      $0.duration(.seconds(1)...(day * 366))
    }
    if keys.has("grace"), case .time(let time) = grace, time > deadline,
      keys.reading.isSound(keys.full("deadline"))
    {
      keys.reading.report(
        keys.full("grace"), "\(keys.full("grace")) is longer than the deadline",
        remedy: "shorten it, or give the deadline more time")
    }
  }

  /// Reads `[{stage: 1, clients: 0-9}]`: the stage that is the last one for each of these clients.
  private static func caps(_ cursor: Cursor) -> [Int: Int]? {
    let remedy = "write them as in [{stage: 1, clients: 0-9}]"
    guard let elements = cursor.elements("a list of caps", remedy: remedy) else { return nil }
    var caps: [Int: Int] = [:]
    for element in elements {
      let cap = element.keys { keys -> (stage: Int, clients: [Int])? in
        let stage = keys.required("stage", remedy: "write the deepest stage, as in stage: 1") {
          $0.whole(1...1000)
        }
        let clients = keys.required("clients", remedy: "write them as in clients: 0-9,12") {
          $0.clients()
        }
        guard let stage, let clients else { return nil }
        return (stage, clients)
      }
      guard let cap, let cap else { return nil }
      for client in cap.clients {
        guard caps.updateValue(cap.stage, forKey: client) == nil else {
          element.report("caps client \(client) a second time", remedy: "name it once")
          return nil
        }
      }
    }
    return caps
  }

  /// Reports caps of clients and of stages that there aren't.
  func checkCaps(clients: Int, stages: Int, reading: Reading) {
    guard reading.isSound("participation.caps", "clients") else { return }
    if let client = caps.keys.max(), client >= clients {
      reading.report(
        "participation.caps",
        "participation.caps names client \(client), but there are \(clients) clients",
        remedy: "name clients from 0 to \(clients - 1)")
    }
    if let stage = caps.values.max(), stage >= stages {
      reading.report(
        "participation.caps",
        "participation.caps ends at stage \(stage), but the model has \(stages)",
        remedy: stages > 1
          ? "write a stage from 1 to \(stages - 1), or leave these clients out"
          : "leave it out: the model doesn't grow")
    }
  }

  /// The rules for a fleet of `clients`, as far as they are known; contradictions are reported.
  func rules(clients: Int?, reading: Reading) -> RoundRules {
    let clients = clients ?? .max
    let perRound = perRound ?? clients
    var quorum: Int?
    switch self.quorum {
    case .count(let count): quorum = count
    case .share(let share):
      quorum = max(1, share.of(perRound, rounded: .up))
    case nil: quorum = nil
    }
    if perRound > clients, reading.isSound("participation.perRound", "clients") {
      reading.report(
        "participation.perRound",
        "participation.perRound asks for \(perRound) of \(clients) clients",
        remedy: "write \(clients) at most, or raise clients")
    }
    if let quorum, quorum > perRound, reading.isSound("participation.perRound") {
      reading.report(
        "participation.quorum",
        "participation.quorum is \(quorum), but \(perRound) clients are asked in each round",
        remedy: "write \(perRound) at most")
    }
    if minimum > clients, reading.isSound("participation.minimum", "clients") {
      reading.report(
        "participation.minimum",
        "participation.minimum is \(minimum), but there are \(clients) clients",
        remedy: "write \(clients) at most")
    }
    if case .buffered(let size, _) = stragglers, size > clients,
      reading.isSound("participation.buffer", "clients")
    {
      reading.report(
        "participation.buffer",
        "participation.buffer waits for \(size) updates, but there are \(clients) clients",
        remedy: "write \(clients) at most")
    }
    if case .buffered = stragglers, self.quorum != nil {
      reading.report(
        "participation.quorum",
        "participation.quorum means nothing where updates are buffered: the buffer ends a round",
        remedy: "remove it")
    }
    if overSelection > 1, perRound >= clients,
      reading.isSound("participation.overSelect", "clients")
    {
      reading.report(
        "participation.overSelect",
        "participation.overSelect asks for more than the \(perRound) clients of a round, but there "
          + "are no others",
        remedy: "lower participation.perRound, or leave overSelect out")
    }
    let asked = overSelection.of(perRound, rounded: .up)
    if overSelection > 1, perRound < clients, asked > clients,
      reading.isSound("participation.overSelect", "participation.perRound", "clients")
    {
      reading.report(
        "participation.overSelect",
        "participation.overSelect asks \(asked) clients for the \(perRound) updates of a round, but "
          + "there are \(clients)",
        remedy: "lower it, or participation.perRound")
    }
    var rules = RoundRules(
      clientsPerRound: perRound, overSelection: overSelection, sampling: sampling,
      weighting: weighting, stragglers: stragglers, quorum: quorum, grace: grace,
      deadline: deadline, minimumClients: minimum, joinTimeout: joinTimeout, patience: patience)
    rules.weightCap = weightCap
    return rules
  }
}

extension Cursor {
  /// A time in `range`, or a share of the time that the quorum took, as in 50 %.
  fileprivate func grace(_ range: ClosedRange<Duration>) -> Grace? {
    if word?.last == "%" { return share(0...10).map { .share($0) } }
    return duration(range, example: "5 s, or a share of the quorum's time as in 50 %").map {
      .time($0)
    }
  }
}

extension StragglerPolicy {
  private enum Kind: String, CaseIterable {
    case discard, nextRound, buffered
  }

  /// Reads the keys `stragglers`, `buffer` and `maximalStaleness` of the section `participation`.
  init(reading keys: inout KeyReader) {
    let kind = keys.value("stragglers", default: Kind.discard) { cursor in
      cursor.choice("a way with stragglers", of: Kind.allCases.map { ($0.rawValue, $0) })
    }
    let size = keys.optional("buffer") { $0.whole(1...1_000_000) }
    let staleness = keys.optional("maximalStaleness") { $0.whole(1...1000) }
    let isSound = keys.reading.isSound(keys.full("stragglers"))
    if kind != .buffered, keys.has("buffer"), isSound {
      keys.reading.report(
        keys.full("buffer"), "\(keys.full("buffer")) goes with stragglers: buffered only",
        remedy: "remove it, or write stragglers: buffered")
    }
    if kind == .discard, keys.has("maximalStaleness"), isSound {
      keys.reading.report(
        keys.full("maximalStaleness"),
        "\(keys.full("maximalStaleness")) means nothing where late updates are discarded",
        remedy: "remove it, or write stragglers: nextRound")
    }
    switch kind {
    case .discard: self = .discard
    case .nextRound: self = .nextRound(maximalStaleness: staleness ?? 1)
    case .buffered:
      if size == nil, !keys.has("buffer") {
        keys.reading.report(
          keys.full("stragglers"), "\(keys.full("stragglers")) is buffered, but no size is given",
          remedy: "write how many updates make a step, as in buffer: 10")
      }
      self = .buffered(size: size ?? 1, maximalStaleness: staleness ?? 10)
    }
  }
}
