import Links
import Measures

/// The section `links`: kinds of access links by name, and the broker's own.
struct LinksSection {
  /// The kinds that the file describes, by name.
  var kinds: [String: DuplexProfile] = [:]
  /// The broker's own link.
  var broker: DuplexProfile?
  /// The links that a group may name: the file's kinds, then the presets.
  private let names: [String]

  init(reading keys: inout KeyReader, file: String) {
    for (name, profile) in keys.named({ Self.profile($1, file: file) }) {
      if name == "broker" { broker = profile } else { kinds[name] = profile }
    }
    names = kinds.keys.sorted() + LinkPreset.all.map(\.name)
  }

  /// The link that stands at the cursor: a name.
  func link(_ cursor: Cursor) -> DuplexProfile? {
    guard let name = cursor.text(atMost: 100) else { return nil }
    if let known = kinds[name] ?? LinkPreset.named(name)?.profile { return known }
    if let objection = LinkPreset.objection(to: name) {
      let halves = objection.split(separator: ";", maxSplits: 1)
      cursor.report(
        "is \(name): \(halves.first ?? "")", remedy: Cursor.trimmed(halves.last ?? "choose another")
      )
      return nil
    }
    let meant = cursor.reading.nearest(to: name, of: names).map { "did you mean \($0)? " } ?? ""
    cursor.report(
      "is “\(Cursor.shown(name))”, which is no link",
      remedy: "\(meant)Describe it in links, or use \(Cursor.list(names))")
    return nil
  }

  private static func profile(_ cursor: Cursor, file: String) -> DuplexProfile? {
    if cursor.word != nil { return preset(cursor) }
    let read = cursor.keys { keys -> DuplexProfile? in
      let base = keys.optional("preset", preset) ?? ClientGroup.unlimited
      let hasBase = keys.has("preset")
      let roundTrip = keys.optional("roundTrip") { $0.duration(.zero ... .seconds(3600)) }
      let loss = keys.optional("loss", Self.loss)
      let congestion = keys.optional("congestion") { cursor in
        cursor.choice(
          "a model of congestion", of: CongestionModel.allCases.map { ($0.rawValue, $0) })
      }
      var down = base.down
      var up = base.up
      for (key, direction) in [("down", \DuplexProfile.down), ("up", \DuplexProfile.up)] {
        var profile = base[keyPath: direction]
        if let roundTrip { profile.delay = roundTrip / 2 }
        if let loss { profile.loss = loss }
        if let congestion { profile.congestion = congestion }
        if keys.has(key) || hasBase {
          profile = keys.value(key, default: profile) { Self.direction($0, from: profile, file) }
        } else {
          keys.reading.report(
            keys.full(key), "\(keys.full(key)) is missing",
            remedy: "write a rate, as in \(key): 5 Mbit/s, or a preset to begin with")
        }
        if key == "down" { down = profile } else { up = profile }
      }
      return DuplexProfile(down: down, up: up)
    }
    guard let profile = read ?? nil else { return nil }
    for problem in profile.problems {
      cursor.report("is a link with \(problem)", remedy: "correct the value")
    }
    return profile.problems.isEmpty ? profile : nil
  }

  private static func preset(_ cursor: Cursor) -> DuplexProfile? {
    cursor.choice("a preset of links", of: LinkPreset.all.map { ($0.name, $0.profile) })
  }

  /// One direction: a rate alone, or keys.
  private static func direction(
    _ cursor: Cursor, from base: LinkProfile, _ file: String
  ) -> LinkProfile? {
    var profile = base
    if cursor.word != nil {
      guard let rate = cursor.bandwidth() else { return nil }
      profile.rate = .constant(rate)
      return profile
    }
    return cursor.keys { keys in
      if let rate = keys.optional("rate", { $0.bandwidth() }) { profile.rate = .constant(rate) }
      if let trace = keys.optional("trace", { Self.trace($0, file) }) {
        profile.rate = .trace(trace)
      }
      if keys.has("rate"), keys.has("trace") {
        keys.reading.report(
          keys.full("trace"), "\(keys.full("trace")) stands beside a rate",
          remedy: "keep one of them")
      }
      let times = Duration.zero ... .seconds(3600)
      profile.delay = keys.value("delay", default: profile.delay) { $0.duration(times) }
      profile.jitter = keys.value("jitter", default: profile.jitter) { $0.duration(times) }
      profile.loss = keys.value("loss", default: profile.loss, Self.loss)
      profile.burst = keys.value("burst", default: profile.burst) { $0.byteCount(0...(1 << 40)) }
      profile.queue = keys.value("queue", default: profile.queue) {
        Self.queue($0).map { .some($0) }
      }
      return profile
    }
  }

  /// The limit of a queue: a size, or keys.
  private static func queue(_ cursor: Cursor) -> QueueLimit? {
    let sizes = 1024...(1 << 40)
    if cursor.isScalar { return cursor.byteCount(sizes).map { QueueLimit($0, .backPressure) } }
    let read = cursor.keys { keys -> QueueLimit? in
      let size = keys.required("limit", remedy: "write a size, as in 256 KiB") {
        $0.byteCount(sizes)
      }
      let policy = keys.value("full", default: QueueLimit.Policy.backPressure) {
        $0.choice("what happens then", of: [("wait", .backPressure), ("drop", .dropTail)])
      }
      return size.map { QueueLimit($0, policy) }
    }
    return read ?? nil
  }

  /// Which segments are lost: a share, a share in bursts, or the four numbers of Gilbert and
  /// Elliott.
  private static func loss(_ cursor: Cursor) -> GilbertElliott? {
    if cursor.isScalar { return cursor.share(0...0.5).map { .independent(rate: $0.value) } }
    return cursor.keys { keys in
      guard keys.has("enterBad") || keys.has("leaveBad") else {
        let rate =
          keys.required("rate", remedy: "write a share, as in 1 %") { $0.share(0...0.5)?.value }
          ?? 0
        let length = keys.value("burst", default: 1) { $0.number(1...10_000) }
        return rate > 0 ? .bursts(rate: rate, meanLength: length) : .none
      }
      return GilbertElliott(
        enterBad: keys.value("enterBad", default: 0) { $0.share()?.value },
        leaveBad: keys.value("leaveBad", default: 1) { $0.share()?.value },
        lossInBad: keys.value("inBad", default: 1) { $0.share()?.value },
        lossInGood: keys.value("inGood", default: 0) { $0.share()?.value })
    }
  }

  /// A rate that changes: mahimahi's delivery opportunities, or rows of seconds and bits per
  /// second.
  private static func trace(_ cursor: Cursor, _ file: String) -> RateTrace? {
    guard let text = cursor.contents(beside: file) else { return nil }
    do throws(TraceError) {
      let isCSV = cursor.word?.lowercased().hasSuffix(".csv") == true
      return isCSV ? try RateTrace(csv: text) : try RateTrace(mahimahi: text)
    } catch {
      cursor.report("is a file with a fault: \(error)", remedy: "correct that file")
      return nil
    }
  }
}
