import Links
import Measures

/// The section `availability`: when clients of a kind are there, by name.
struct AvailabilitySection {
  /// A kind: a profile, or a recording of many clients.
  enum Kind {
    /// The same process for all, each with chance of its own.
    case profile(AvailabilityProfile)
    /// Client k takes entry k modulo their count.
    case recorded([AvailabilityTrace])
  }

  /// The kinds that a group may name: the file's in the order of their names, then the presets.
  private let kinds: [(String, Kind)]

  private static let presets = ["always", "steady", "phone", "vehicular"]

  init(reading keys: inout KeyReader, file: String) {
    let own = keys.named { Self.kind($1, file: file) }.map { ($0.name, $0.value) }
    let presets = Self.presets.compactMap { name in
      AvailabilityProfile.named(name).map { (name, Kind.profile($0)) }
    }
    kinds = own.sorted { $0.0 < $1.0 } + presets
  }

  /// The kind that the cursor names: one of the file or a preset.
  func availability(_ cursor: Cursor) -> Kind? {
    cursor.choice("an availability", of: kinds)
  }

  private static func kind(_ cursor: Cursor, file: String) -> Kind? {
    let read = cursor.keys { keys -> Kind? in
      let traces = keys.optional("trace") { Self.traces($0, file) }
      let turns = Self.turns(&keys)
      let night = keys.optional("night") { Self.night($0) }
      let day = keys.optional("day") { $0.keys { Self.turns(&$0) } ?? nil }
      let hours = Duration.zero ... .seconds(24 * 3600)
      let zones = keys.optional("timeZones") { $0.duration(hours) }
      let start = keys.optional("startsAt") { $0.duration(hours) }
      if let traces { return .recorded(traces) }
      if let turns { return .profile(.onOff(turns)) }
      guard var night else {
        if !keys.has("trace"), !keys.has("night"), !keys.has("on"), !keys.has("off") {
          keys.reading.report(
            keys.path, "\(keys.path) doesn't say when clients are there",
            remedy: "write on and off, or night and day, or trace")
        }
        return nil
      }
      night.day = day
      night.timeZones = zones ?? night.timeZones
      night.startOfRun = start ?? night.startOfRun
      return .profile(.diurnal(night))
    }
    guard let kind = read ?? nil else { return nil }
    guard case .profile(let profile) = kind, !profile.problems.isEmpty else { return kind }
    for problem in profile.problems {
      cursor.report("has a fault: \(problem)", remedy: "correct the value")
    }
    return nil
  }

  /// The mean lengths of being there and of being away.
  private static func turns(_ keys: inout KeyReader) -> OnOffProcess? {
    let times = Duration.milliseconds(1) ... .seconds(366 * 86_400)
    let on = keys.optional("on") { $0.duration(times) }
    let off = keys.optional("off") { $0.duration(times) }
    for (key, other) in [("on", "off"), ("off", "on")] where keys.has(key) && !keys.has(other) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) stands without \(other)",
        remedy: "write both, as in on: 20 s and off: 5 s")
    }
    guard let on, let off else { return nil }
    return OnOffProcess(meanOn: on, meanOff: off)
  }

  private static func night(_ cursor: Cursor) -> DiurnalProfile? {
    cursor.keys { keys in
      var night = DiurnalProfile()
      let hours = Duration.zero ... .seconds(24 * 3600)
      night.bedtime = keys.value("begins", default: night.bedtime) { $0.duration(hours) }
      night.night = keys.value("lasts", default: night.night) { $0.duration(hours) }
      night.spread = keys.value("spread", default: night.spread) { $0.duration(hours) }
      night.variation = keys.value("variation", default: night.variation) { $0.duration(hours) }
      return night
    }
  }

  private static func traces(_ cursor: Cursor, _ file: String) -> [AvailabilityTrace]? {
    guard let text = cursor.contents(beside: file) else { return nil }
    do throws(TraceError) {
      return try AvailabilityTrace.traces(fedScaleJSON: text)
    } catch {
      cursor.report("is a file with a fault: \(error)", remedy: "correct that file")
      return nil
    }
  }
}
