import Foundation
import Ledger
import Measures
import Reports
import Testing

@Suite struct ConvergenceTests {
  @Test(arguments: [-2.0, -0.5, 0, 1.5], [0.01, 3, 1e6])
  func `points on a power law give it back`(slope: Double, factor: Double) throws {
    let points = [1.0, 2, 5, 40, 3000].map { (x: $0, y: factor * pow($0, slope)) }
    let law = try #require(PowerLaw(through: points))
    #expect(abs(law.slope - slope) < 1e-12)
    #expect(abs(law.intercept - log10(factor)) < 1e-12)
    #expect(abs(law.rSquared - 1) < 1e-9 && law.points == 5)
  }

  @Test func `scattered points give the least squares of their logarithms`() throws {
    // In logarithms (0, 0), (1, −1), (2, −1): slope −1/2, intercept −1/6, R² = 1 − (1/6) / (2/3).
    let law = try #require(
      PowerLaw(through: [(1, 1), (10, 0.1), (100, 0.1), (-3, 1), (4, 0), (5, .nan)]))
    #expect(abs(law.slope + 0.5) < 1e-12 && abs(law.intercept + 1.0 / 6) < 1e-12)
    #expect(abs(law.rSquared - 0.75) < 1e-12 && law.points == 3)
  }

  @Test(
    arguments: [[], [(1, 1)], [(3, 1), (3, 2)], [(0, 1), (1, 0)]] as [[(x: Double, y: Double)]])
  func `what isn't two places gives no law`(points: [(x: Double, y: Double)]) {
    #expect(PowerLaw(through: points) == nil)
  }

  @Test func `the lowest and the mean norm so far are fitted, against rounds and bytes`() throws {
    var summary = try Example.converging(rounds: 30)
    let convergence = try #require(Convergence(summary))
    #expect(convergence.evaluations == 30 && convergence.minimum == 8 / 900.0)
    let rounds = try #require(convergence.lowest.rounds)
    #expect(abs(rounds.slope + 2) < 1e-9 && abs(rounds.rSquared - 1) < 1e-9)
    // The later rounds are of larger stages: more bytes for less.
    #expect(try #require(convergence.lowest.bytes).slope > -2)
    #expect(try #require(convergence.mean.rounds).slope > -1.2)
    // A round that is worse again changes the mean, not what was reached before.
    summary.rounds[29].squaredGradientNorm = 1000
    let worse = try #require(Convergence(summary))
    #expect(worse.last == 1000 && worse.minimum == 8 / 841.0)
    #expect(abs(try #require(worse.lowest.rounds).slope + 2) < 0.01)
    let before = try #require(convergence.mean.rounds).slope
    #expect(try #require(worse.mean.rounds).slope > before)
    #expect(Convergence(try Example.summary(rounds: 30)) == nil)
  }

  @Test func `a comparison tells slopes in text, JSON and pictures, where there are gradients`()
    throws
  {
    let runs = [
      try Example.converging(rounds: 12, name: "a"), try Example.summary(rounds: 6, name: "b"),
      try Example.converging(rounds: 30, name: "c", scale: 3),
    ]
    let comparison = Comparison(runs)
    let text = comparison.text(width: 100)
    let rows = text.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains { $0.first == "a" && $0.count == 7 && $0[3] == "-2.00" })
    #expect(rows.count { $0.first == "b" } == 1 && text.contains("by least squares"))
    for width in [40, 60, 80] {
      let lines = comparison.text(width: width).split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= width })
    }
    let page = comparison.html()
    #expect(page.contains("aria-label=\"Lowest squared gradient norm against rounds\""))
    #expect(page.components(separatedBy: "class=\"trend s2\"").count - 1 == 4)
    let json = try JSONSerialization.jsonObject(with: Data(comparison.json().utf8))
    let objects = try #require((json as? [String: Any])?["runs"] as? [[String: Any]])
    #expect(objects.map { $0["convergence"] != nil } == [true, false, true])
    let lowest = (objects[0]["convergence"] as? [String: Any])?["lowest"] as? [String: Any]
    let slope = (lowest?["rounds"] as? [String: Any])?["slope"] as? Double
    #expect(abs(try #require(slope) + 2) < 1e-9)
    let none = Comparison([runs[1]])
    #expect(!none.html().contains("Convergence") && !none.text().contains("∇"))
  }
}
