package import Measures
package import Progressive

/// The section `participation.depth`: which sub-models the clients of a round train.
///
/// A rule alone may stand in its place: `depth: byTime`.
package struct DepthSection: Hashable, Sendable {
  /// The rule.
  package var rule: DepthRule
  /// The time within which a client is to be done; nil to find it in each round.
  package var target: Duration?
  /// The least share of a round's clients that train all of its stage.
  package var least: Share
  /// The largest share of a round's clients that train all of its stage; nil for any.
  package var most: Share?

  /// The least share where the file gives none.
  private static let usualLeast: Share = 0.4

  init(reading keys: inout KeyReader) {
    rule = keys.value("rule", default: .fixed) { cursor in
      cursor.choice("a rule", of: DepthRule.allCases.map { ($0.rawValue, $0) })
    }
    target = keys.optional("target") { $0.duration(.milliseconds(1)...Duration.seconds(86_400)) }
    let least = keys.optional("least") { $0.share() }
    most = keys.optional("most") { $0.share(0.01...1) }
    self.least = least ?? min(Self.usualLeast, most ?? 1)
    if let least, let most, least > most {
      keys.reading.report(
        keys.full("least"), "\(keys.full("least")) is more than \(keys.full("most"))",
        remedy: "lower it, or raise most")
    }
    guard rule == .fixed, keys.reading.isSound(keys.full("rule")) else { return }
    for key in ["target", "least", "most"] where keys.has(key) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing where all train the same depth",
        remedy: "remove it, or write rule: byTime")
    }
  }

  /// The section as one text; nil where all train the same depth.
  package var canonical: String? {
    guard rule != .fixed else { return nil }
    return "\(rule.rawValue), target \(target.map { "\($0.seconds) s" } ?? "found"), least \(least)"
      + (most.map { ", most \($0)" } ?? "")
  }
}
