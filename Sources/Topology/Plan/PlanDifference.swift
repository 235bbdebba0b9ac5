/// The values in which two plans differ, by their names.
///
/// A plan has a line `name: value` for each value; so have the lines by which runs are compared.
package struct PlanDifference: Hashable, Sendable {
  /// A value that isn't the same in both.
  package struct Value: Hashable, Sendable {
    /// The value's name, "training.batch".
    package var name: String
    /// The value in the first plan; nil if it isn't there.
    package var first: String?
    /// The value in the second plan; nil if it isn't there.
    package var second: String?

    /// A value of the given parts.
    package init(name: String, first: String?, second: String?) {
      self.name = name
      self.first = first
      self.second = second
    }

    /// "seed: 7 then, 8 now", where the plans are called "then" and "now".
    package func text(_ firstName: String, _ secondName: String) -> String {
      "\(name): \(first ?? "nothing") \(firstName), \(second ?? "nothing") \(secondName)"
    }
  }

  /// The values that differ.
  package var values: [Value]

  /// The differences between the texts of two plans.
  package init(between first: String, and second: String) {
    let (before, now) = (Self.values(of: first), Self.values(of: second))
    values = Set(before.keys).union(now.keys).sorted().compactMap { name in
      guard before[name] != now[name] else { return nil }
      return Value(name: name, first: before[name], second: now[name])
    }
  }

  /// True if the plans say the same.
  package var isEmpty: Bool { values.isEmpty }

  /// The first differences, a line for each, and how many more there are.
  ///
  /// - Parameters:
  ///   - first: How the first plan is called behind its value, "at the broker".
  ///   - second: How the second one is called, "here".
  ///   - limit: The most lines.
  /// - Returns: The lines.
  package func lines(_ first: String, _ second: String, atMost limit: Int = 8) -> [String] {
    let shown = values.prefix(limit).map { $0.text(first, second) }
    return values.count > limit ? shown + ["and \(values.count - limit) more"] : shown
  }

  /// The names of the values in a plan.
  package static func names(in plan: String) -> Set<String> { Set(values(of: plan).keys) }

  private static func values(of plan: String) -> [String: String] {
    let lines = plan.split(separator: "\n").map { line -> (String, String) in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    return Dictionary(lines, uniquingKeysWith: { "\($0), \($1)" })
  }
}
