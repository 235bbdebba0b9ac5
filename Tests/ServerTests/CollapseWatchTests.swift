import Server
import Testing

struct CollapseWatchTests {
  /// The evaluations that are noticed, of a stage and an accuracy each.
  private func noticed(_ evaluations: [(stage: Int, accuracy: Double)]) -> [Int] {
    var watch = CollapseWatch()
    return evaluations.indices.filter {
      watch.notices(evaluations[$0].accuracy, stage: evaluations[$0].stage, chance: 0.1)
    }
  }

  @Test func `a model that had learnt something collapses by one evaluation, once a stage`() {
    #expect(noticed([(1, 0.4), (2, 0.1), (2, 0.1), (2, 0.5), (3, 0.11), (3, 0.1)]) == [1, 4])
    #expect(noticed([(1, 0.4), (2, 0.12), (2, 0.5)]) == [])
  }

  @Test func `a model that can't get away from chance is noticed at the third evaluation`() {
    #expect(noticed([(1, 0.1), (1, 0.1), (1, 0.1), (1, 0.1)]) == [])
    #expect(noticed([(1, 0.12), (2, 0.1), (2, 0.1), (2, 0.1), (2, 0.1), (3, 0.1)]) == [3, 5])
    #expect(noticed([(1, 0.1), (2, 0.1), (2, 0.1), (2, 0.13), (2, 0.1), (2, 0.1)]) == [])
  }
}
