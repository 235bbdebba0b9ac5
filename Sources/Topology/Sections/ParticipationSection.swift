import Federation

/// The section `participation`: how many clients train in a round, and how long it waits for them.
struct ParticipationSection: Hashable, Sendable {
  /// A number of updates, or a share of those who were asked.
  enum Quorum: Hashable, Sendable {
    case count(Int)
    case share(Double)
  }

  /// How many clients are asked to train in each round; nil for all.
  var perRound: Int?
  /// How many updates end a round, after the grace; nil for all.
  var quorum: Quorum?
  var grace: Duration
  var deadline: Duration
  /// How many clients must be there for a round to begin.
  var minimum: Int
  var joinTimeout: Duration

  init(reading keys: inout KeyReader) {
    let standard = RoundRules(clientsPerRound: 1)
    let day = Duration.seconds(86_400)
    perRound = keys.optional("perRound") { $0.whole(1...1_000_000) }
    quorum = keys.optional("quorum") { cursor in
      cursor.plain?.hasSuffix("%") == true
        ? cursor.share(0.01...1).map { .share($0) } : cursor.whole(1...1_000_000).map { .count($0) }
    }
    grace = keys.value("grace", default: standard.grace) { $0.duration(.zero...day) }
    deadline = keys.value("deadline", default: standard.deadline) {
      $0.duration(.milliseconds(10)...day)
    }
    minimum = keys.value("minimum", default: standard.minimumClients) { $0.whole(1...1_000_000) }
    joinTimeout = keys.value("joinTimeout", default: standard.joinTimeout) {
      $0.duration(.zero...day)
    }
    if keys.has("grace"), grace > deadline, keys.reading.isSound(keys.full("deadline")) {
      keys.reading.report(
        keys.full("grace"), "\(keys.full("grace")) is longer than the deadline",
        remedy: "shorten it, or give the deadline more time")
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
      quorum = max(1, Int((share * Double(min(perRound, 1 << 40))).rounded(.up)))
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
    return RoundRules(
      clientsPerRound: perRound, quorum: quorum, grace: grace, deadline: deadline,
      minimumClients: minimum, joinTimeout: joinTimeout)
  }
}
