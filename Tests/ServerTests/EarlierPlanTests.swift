import Federation
import Foundation
import Ledger
import Server
import Testing
import Topology

/// Runs that began with a plan of an earlier format.
struct EarlierPlanTests {
  private static let text = """
    clients: 10
    rounds: 12
    model:
      name: convnet
    data:
      name: fashion-mnist
    stages: paper
    """

  /// The plan of that topology as it was kept in format 1.
  private static let plan = """
    format: progfed plan 1
    strategy: progressive
    clients: 10
    stages.rounds: [2, 2, 8]
    stages.warmUp: 0
    model.name: convnet
    model.input: 1×28×28
    model.classes: 10
    model.order: outermost-first
    model.objective: classes
    model.1.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
    model.1.head1: fc.weight 10×32 weight, fc.bias 10 bias
    model.2.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
    model.2.block2: conv2.weight 64×32×3×3 weight, conv2.bias 64 bias
    model.2.head2: fc.weight 10×64 weight, fc.bias 10 bias
    model.3.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
    model.3.block2: conv2.weight 64×32×3×3 weight, conv2.bias 64 bias
    model.3.block3: fc1.weight 128×9216 weight, fc1.bias 128 bias
    model.3.head3: fc.weight 10×128 weight, fc.bias 10 bias
    data.name: fashion-mnist
    data.partition: iid
    data.augmentation: crop none, padding 0, flips false, jitter none
    data.limit.train: none
    training.epochs: 1
    training.batch: 20
    training.learningRate: 0.05
    training.schedule: constant
    training.optimizer: sgd
    training.momentum: 0.9
    training.nesterov: false
    training.weightDecay: 0.0001
    training.clipNorm: 1.0
    training.lossLimit: 10.0
    training.proximal: 0.0
    codecs.up: dense32
    codecs.down: dense32
    codecs.smallTensors: 1024
    seed: 1
    stages: planned, minimum 1, learning rates go on, ramp 0, entry continued
    model.from: none
    participation.perRound: 10
    server: average(rate: 1.0, momentum: 0.0)
    limits.updateNorm: none

    """

  private static func topology(_ overrides: Overrides = Overrides()) throws -> Topology {
    try Topology(parsing: text, file: "t.yaml", overrides: overrides, checksFiles: false)
  }

  private static func origin(_ plan: String) -> RunOrigin {
    RunOrigin(run: 5, plan: plan, topology: text, file: "/t.yaml", overrides: "{}")
  }

  @Test func `a run that began with format 1 goes on with the same topology`() throws {
    let difference = PlanDifference(
      between: Self.origin(Self.plan).currentPlan, and: try Self.topology().runPlan)
    #expect(difference.isEmpty, "\(difference.lines("then", "now"))")
  }

  @Test func `what differs from it is told by the keys of now`() throws {
    let now = try Self.topology(Overrides(seed: 3, settings: ["training.batch=9"])).runPlan
    let difference = PlanDifference(between: Self.origin(Self.plan).currentPlan, and: now)
    #expect(
      difference.lines("then", "now") == ["seed: 1 then, 3 now", "training.batch: 20 then, 9 now"])
  }

  @Test func `a network that was made otherwise then is not gone on with`() throws {
    let plan = Self.plan.replacing("conv2.weight 64×32×3×3", with: "conv2.weight 64×32×5×5")
    let difference = PlanDifference(
      between: Self.origin(plan).currentPlan, and: try Self.topology().runPlan)
    #expect(difference.values.map(\.name) == ["model.2.block2", "model.3.block2"])
  }

  @Test func `a run without training stays one`() throws {
    let plan = Self.plan + "cost model: 40 samples a client\n"
    #expect(Self.origin(plan).currentPlan.contains("\ncost model: 40 samples a client\n"))
  }
}
