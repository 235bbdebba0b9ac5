/// A value in which two plans differ.
package struct PlanDifference: Hashable, Sendable, CustomStringConvertible {
  /// The value's name, "seed".
  var name: String
  /// Its value in the first plan; nil if it isn't there.
  var before: String?
  /// Its value in the second plan; nil if it isn't there.
  var now: String?

  /// The values in which two plans differ that have a line `name: value` for each, by name.
  package static func all(between before: String, and now: String) -> [PlanDifference] {
    let (before, now) = (values(of: before), values(of: now))
    return Set(before.keys).union(now.keys).sorted().compactMap { name in
      guard before[name] != now[name] else { return nil }
      return PlanDifference(name: name, before: before[name], now: now[name])
    }
  }

  /// "seed: 7 then, 8 now".
  package var description: String {
    "\(name): \(before ?? "nothing") then, \(now ?? "nothing") now"
  }

  /// The names of the values in a plan.
  static func names(in plan: String) -> Set<String> { Set(values(of: plan).keys) }

  private static func values(of plan: String) -> [String: String] {
    let lines = plan.split(separator: "\n").map { line -> (String, String) in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    return Dictionary(lines, uniquingKeysWith: { "\($0), \($1)" })
  }
}
