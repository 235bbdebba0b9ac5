import Ledger
import Measures
import Reports
import Testing

@Suite struct ComparisonTests {
  @Test(arguments: 0..<30)
  func `the Pareto front is what comparing all with all leaves`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let choices = (0..<12).map { _ in
      (
        cost: Double(Int.random(in: 0..<6, using: &stream)),
        worth: Double(Int.random(in: 0..<6, using: &stream))
      )
    }
    let front = ParetoFront.members(choices)
    for index in choices.indices {
      let beaten = choices.contains { other in
        (other.cost < choices[index].cost && other.worth >= choices[index].worth)
          || (other.cost <= choices[index].cost && other.worth > choices[index].worth)
      }
      #expect(front.contains(index) == !beaten)
    }
    #expect(front.map { choices[$0].cost } == front.map { choices[$0].cost }.sorted())
  }

  @Test func `a run that costs more for no more accuracy isn't on the front`() throws {
    let cheap = try Example.summary(rounds: 10, name: "cheap")
    let dear = try Example.summary(rounds: 10, name: "dear", scale: 2)
    let lines = Comparison([dear, cheap]).text(width: 100).split(separator: "\n")
    let row = try #require(lines.first { $0.hasPrefix("cheap") })
    #expect(row.hasSuffix("*"))
    #expect(try !#require(lines.first { $0.hasPrefix("dear") }).hasSuffix("*"))
  }

  @Test func `runs of one name are told apart by their directories, or by number`() throws {
    let run = try Example.summary(rounds: 2, name: "same")
    func text(_ directories: [String]) -> String {
      Comparison([run, run], directories: directories).text(width: 120)
    }
    #expect(text(["runs/a", "runs/b/"]).contains("\na ") && text(["x/a", "b"]).contains("\nb "))
    for directories in [[], ["x/a", "y/a"]] {
      #expect(text(directories).contains("same (1)") && text(directories).contains("same (2)"))
    }
  }

  @Test func `cost is compared at the accuracy that all runs reached`() throws {
    // Accuracy after round r is 1 − 1/(r + 1): both reach 80 % by round 4, evaluated at 4.
    let short = try Example.summary(rounds: 4, evaluation: 1, name: "short")
    let long = try Example.summary(rounds: 12, evaluation: 1, name: "long")
    let text = Comparison([short, long]).text(width: 200)
    #expect(text.contains("to 80.0 %"))
    // In `long`, the rounds 1 to 4 are of stage 1: 36 up or down of 9,000 parameters.
    let bytes = long.rounds.prefix(4).map(\.load.traffic.wire).reduce(.zero, +)
    #expect(text.contains(" \(bytes) "))
  }

  @Test(arguments: [40, 80, 120, 200])
  func `no line is wider than the terminal`(width: Int) throws {
    let runs = [
      try Example.summary(rounds: 3, name: String(repeating: "long name ", count: 9)),
      try Example.summary(rounds: 0, state: nil),
      try Example.summary(rounds: 2, evaluation: nil),
    ]
    let text = Comparison(runs).text(width: width)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= width })
  }
}
