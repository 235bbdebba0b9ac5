import LocalTraining
import Testing
import Topology

/// What a run can't start with, and only the data tells.
struct StartTests {
  private func refusal(_ lines: String) throws -> [TopologyIssue] {
    let text = """
      clients: 12
      rounds: 3
      model: {name: convnet}
      data:
        name: synthetic
        synthetic: {shape: [1, 28, 28], train: 30, test: 5}
      \(lines)
      """
    let workload = try Workload(Topology(parsing: text, file: "test.yaml"))
    do {
      try workload.checkStart()
      return []
    } catch let error as TopologyError { return error.faults }
  }

  @Test(arguments: [
    (
      "  partition: {shards: 3}", TopologyIssue.Place.line(1, column: 10), "clients",
      "10 clients at most"
    ),
    (
      "  partition: {dirichlet: 1, minimum: 3}", .line(1, column: 10), "clients",
      "need 36 training samples, but synthetic has 30"
    ),
    (
      "  partition: byUser", .line(7, column: 14), "data.partition",
      "doesn't tell whose samples they are"
    ),
    (
      "limits: {samples: 1}", .line(7, column: 19), "limits.samples",
      "more than the 1 of limits.samples"
    ),
  ])
  func `is told with its place and what to do`(
    lines: String, place: TopologyIssue.Place, path: String, words: String
  ) throws {
    let faults = try refusal(lines)
    #expect(faults.map(\.place) == [place] && faults.map(\.path) == [path])
    #expect(faults.first?.text(file: "test.yaml").contains(words) == true, "\(faults)")
  }

  @Test func `is nothing where each client gets a sample`() throws {
    #expect(try refusal("  partition: {dirichlet: 0.1, minimum: 0}").isEmpty)
    #expect(try refusal("  partition: {shards: 2}").isEmpty)
  }
}
