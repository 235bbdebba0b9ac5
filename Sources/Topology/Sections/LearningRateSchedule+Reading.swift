import Measures
import Progressive

extension LearningRateSchedule {
  private enum Kind: String, CaseIterable {
    case constant, cosine, multistep, cosineRestarts, constantThenCosine
  }

  /// Reads a name, "cosine", or a section: `{name: multistep, milestones: [50 %, 75 %], factor:
  /// 0.1}`.
  init?(reading cursor: Cursor) {
    if cursor.isScalar {
      guard let kind = Self.kind(cursor) else { return nil }
      switch kind {
      case .constant: self = .constant
      case .cosine: self = .cosine(floor: Self.standardFloor)
      case .multistep: self = .multistep(milestones: Self.milestones, factor: Self.factor)
      case .constantThenCosine:
        self = .constantThenCosine(hold: Self.hold, floor: Self.standardFloor)
      case .cosineRestarts:
        cursor.report(
          "doesn't say how often it restarts",
          remedy: "write {name: cosineRestarts, period: 50}, the period in rounds")
        return nil
      }
      return
    }
    guard let schedule = cursor.keys({ Self.read(&$0) }), let schedule else { return nil }
    self = schedule
  }

  private static let standardFloor = 1e-6
  private static let milestones: [Share] = [0.5, 0.75]
  private static let factor = 0.1
  private static let hold: Share = 0.5

  private static func kind(_ cursor: Cursor) -> Kind? {
    cursor.choice("a learning rate's schedule", of: Kind.allCases.map { ($0.rawValue, $0) })
  }

  private static func read(_ keys: inout KeyReader) -> Self? {
    let kind = keys.required("name", remedy: "write name: cosine, say", kind)
    switch kind {
    case nil:
      // Without a name, the other keys can't be judged.
      for key in ["floor", "milestones", "factor", "period", "hold"] {
        _ = keys.optional(key) { $0 }
      }
      return nil
    case .constant: return .constant
    case .cosine: return .cosine(floor: floor(&keys))
    case .multistep:
      let milestones = keys.value("milestones", default: milestones) { list in
        let shares = list.elements("a list of shares", remedy: "write as in [50 %, 75 %]")?
          .map { $0.share() }
        guard let shares, !shares.contains(nil) else { return nil }
        return shares.compactMap { $0 }
      }
      return .multistep(
        milestones: milestones,
        factor: keys.value("factor", default: factor) { $0.number(0...1, excluding: 0) })
    case .cosineRestarts:
      let period = keys.required("period", remedy: "write how many rounds, as in 50") {
        $0.whole(1...1_000_000)
      }
      return .cosineRestarts(period: period ?? 1, floor: floor(&keys))
    case .constantThenCosine:
      return .constantThenCosine(
        hold: keys.value("hold", default: hold) { $0.share() }, floor: floor(&keys))
    }
  }

  private static func floor(_ keys: inout KeyReader) -> Double {
    keys.value("floor", default: standardFloor) { $0.number(0...1000) }
  }

  /// The value of the key, with all that may be left out of it.
  var setting: String {
    switch self {
    case .constant: Kind.constant.rawValue
    case .cosine(let floor): Self.section(.cosine, [("floor", "\(floor)")])
    case .multistep(let milestones, let factor):
      Self.section(
        .multistep,
        [
          ("milestones", FlowText.list(milestones.map(\.description))), ("factor", "\(factor)"),
        ])
    case .cosineRestarts(let period, let floor):
      Self.section(.cosineRestarts, [("period", "\(period)"), ("floor", "\(floor)")])
    case .constantThenCosine(let hold, let floor):
      Self.section(
        .constantThenCosine, [("hold", hold.description), ("floor", "\(floor)")])
    }
  }

  private static func section(_ kind: Kind, _ values: [(String, String)]) -> String {
    FlowText.section([("name", kind.rawValue)] + values)
  }

  /// The schedule as one text.
  var canonical: String {
    switch self {
    case .constant: "constant"
    case .cosine(let floor): "cosine \(floor)"
    case .multistep(let milestones, let factor):
      "multistep [\(milestones.map(\.description).joined(separator: ", "))] \(factor)"
    case .cosineRestarts(let period, let floor): "cosineRestarts \(period) \(floor)"
    case .constantThenCosine(let hold, let floor): "constantThenCosine \(hold) \(floor)"
    }
  }
}
