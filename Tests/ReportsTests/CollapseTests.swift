import Ledger
import Reports
import Testing

@Suite struct CollapseTests {
  /// A run at stage 1 for two rounds, then at stage 2, with ten labels.
  private func run(_ accuracies: [Double]) throws -> RunSummary {
    var run = try Example.summary(rounds: accuracies.count, evaluation: 1)
    for index in accuracies.indices {
      run.rounds[index].stage = index < 2 ? 1 : 2
      run.rounds[index].accuracy = accuracies[index]
    }
    run.final.accuracies = ScoreSummary(of: accuracies)
    run.partition = PartitionSummary(of: [Array(repeating: 4, count: 10)])
    return run
  }

  @Test(arguments: [
    ([0.1, 0.1, 0.3, 0.5, 0.6, 0.6, 0.6], Collapse.none),
    ([0.3, 0.4, 0.119, 0.5, 0.6, 0.6, 0.6], .passing),
    ([0.3, 0.4, 0.121, 0.5, 0.6, 0.6, 0.6], .none),
    ([0.3, 0.4, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1], .lasting),
    ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], .lasting),
  ])
  func `a run collapses where it is at chance after it grew`(
    accuracies: [Double], collapse: Collapse
  ) throws {
    #expect(Collapse(try run(accuracies)) == collapse)
  }

  @Test func `where labels weren't counted the run's own warnings tell`() throws {
    var run = try run([0.3, 0.4, 0.1, 0.1])
    run.partition = nil
    #expect(Collapse(run) == .none)
    run.counters["collapse"] = 1
    #expect(Collapse(run) == .passing)
  }
}
