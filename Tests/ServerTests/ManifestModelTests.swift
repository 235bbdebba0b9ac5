import LocalTraining
import Progressive
import Server
import Tensors
import Testing
import Topology

/// The broker's model where a manifest says what it is made of.
struct ManifestModelTests {
  /// Two stages whose segments are of the same shapes; `carries` are keys of the second.
  private static func workload(_ carries: String = "") throws -> Workload {
    let segments = """
      block: [{name: w, shape: [2, 2], init: {normal: 1}}], head: [{name: w, shape: [2], fanIn: 2}]
      """
    let text = """
      clients: 2
      model:
        manifest:
          format: progfed manifest 1
          name: twice
          stages: [{\(segments)}, {\(segments)\(carries)}]
      stages: {rounds: [1, 1]}
      codecs: {initial: seed}
      """
    return Workload(try Topology(parsing: text, file: "twice.yaml"), data: .none)
  }

  /// The model when its second stage has begun.
  private static func grown(_ workload: Workload) throws -> GlobalModel {
    var model = GlobalModel(workload: workload, seed: 7)
    let schedule = workload.topology.growthSchedule
    for round in 1...2 { _ = try model.prepare(schedule.phase(in: round)) }
    return model
  }

  @Test func `blocks and heads begin by their rules`() throws {
    let workload = try Self.workload()
    let model = try Self.grown(workload)
    let names: [SegmentName] = [.block(1), .block(2), .head(1), .head(2)]
    let scalars = names.map { model.values[$0]?.scalars }
    #expect(Set(scalars).count == 4 && !scalars.contains(nil))
    let phase = workload.topology.growthSchedule.phase(in: 2)
    #expect(names.allSatisfy { workload.topology.tellsSeed(of: $0, in: phase) })
  }

  @Test func `they go on from those before where the manifest says so`() throws {
    let workload = try Self.workload(", blockFrom: block1, headFrom: head1")
    let model = try Self.grown(workload)
    #expect(model.values[.block(2)]?.scalars == model.values[.block(1)]?.scalars)
    #expect(model.values[.head(2)]?.scalars == model.values[.head(1)]?.scalars)
    // What goes on from other values can't be drawn from a seed.
    let phase = workload.topology.growthSchedule.phase(in: 2)
    #expect(!workload.topology.tellsSeed(of: .block(2), in: phase))
    #expect(!workload.topology.tellsSeed(of: .head(2), in: phase))
    #expect(workload.topology.tellsSeed(of: .head(1), in: phase))
  }
}
