import Bytes
import Codecs
import Federation
import LocalTraining
import Progressive
import Server
import Tensors
import Testing
import Topology
import Wire

/// The weighted means of updates that cover different parts of the model.
struct RoundAggregationTests {
  /// The contribution of a client's update of `samples` and stage `depth` in the fourth round, of
  /// stage 2.
  private static func update(
    _ client: Int, samples: Int, depth: Int, of workload: Workload
  ) throws -> (Contribution, UpdateForm) {
    let offer = Offer(
      length: 1, digest: Digest(of: [1]), samples: samples, base: Digest(of: [2]), loss: 1,
      steps: 2, skippedSteps: 0)
    let submission = Submission(offer, round: 4, stage: depth)
    let phase = workload.topology.growthSchedule.phase(in: 4)
    let result = RoundResult(
      round: 4, opened: .zero, closed: .seconds(1),
      outcomes: [(client, .accepted(submission))], duplicates: 0)
    return (
      try #require(result.contributions(workload.topology.rules).first),
      UpdateForm(submission, in: phase, of: workload, rate: 0.1)
    )
  }

  /// The means of updates in which all values of client i are the power 2⁻ⁱ, by the segments'
  /// names.
  private static func means(
    _ updates: [(Contribution, UpdateForm)], of workload: Workload
  ) throws -> [String: Set<Float>] {
    var aggregation = RoundAggregation(of: updates)
    var decoder = UpdateDecoder()
    for (contribution, form) in aggregation.updates {
      let value = 1 / Float(1 << contribution.client)
      let bytes = try encoded(form.layouts.map { ($0, value) }, workload.topology.codecs.up)
      try aggregation.fold(try decoder.decode(bytes, form), of: contribution, form)
    }
    return Dictionary(
      uniqueKeysWithValues: aggregation.means.map { ($0.layout.name, Set($0.scalars)) })
  }

  @Test func `each parameter is averaged over the updates that cover it, by their weights`() throws
  {
    let workload = try ServerBench.workload()
    let means = try Self.means(
      [
        try Self.update(0, samples: 1, depth: 2, of: workload),
        try Self.update(1, samples: 3, depth: 1, of: workload),
        try Self.update(2, samples: 4, depth: 2, of: workload),
      ], of: workload)
    // Block 1: (1·1 + 3·½ + 4·¼) / 8; block 2 and head 2: (1·1 + 4·¼) / 5; head 1: ½.
    let expected: [String: Float] = ["block1": 0.4375, "block2": 0.4, "head2": 0.4, "head1": 0.5]
    #expect(Set(means.keys) == Set(expected.keys))
    for (name, value) in expected {
      #expect(means[name]?.allSatisfy { abs($0 - value) < 1e-6 } == true, "\(name)")
    }
  }

  @Test func `updates are folded in the clients' order, whatever order they are given in`() throws {
    let workload = try ServerBench.workload()
    let updates = try (0..<6).map {
      try Self.update($0, samples: 3 * $0 + 7, depth: 1 + $0 % 2, of: workload)
    }
    let means = try Self.means(updates, of: workload)
    #expect(try Self.means(updates.reversed(), of: workload) == means)
    #expect(
      RoundAggregation(of: updates.reversed()).updates.map(\.contribution.client) == Array(0..<6))
  }

  @Test func `mean gradients are only of updates of the whole sub-model`() throws {
    let workload = try ServerBench.workload(", correction: scaffold")
    let updates = [
      try Self.update(0, samples: 1, depth: 2, of: workload),
      try Self.update(1, samples: 3, depth: 1, of: workload),
    ]
    let aggregation = RoundAggregation(of: updates)
    #expect(aggregation.gradientWeight(of: "block1") == 1)
    #expect(aggregation.gradientWeight(of: "head1") == 0)
    let plain = try ServerBench.workload()
    let one = RoundAggregation(of: [try Self.update(0, samples: 1, depth: 2, of: plain)])
    #expect(one.meanGradients == [])
  }
}
