package import Measures
import Topology

/// Plans as a broker's worker gets them.
package struct PlanTarget: FuzzTarget {
  package let name = "plans"

  private static let topologies = [
    """
    clients: 10
    rounds: 12
    model: {name: convnet}
    data: {name: synthetic, partition: {dirichlet: 0.5}, augmentation: {padding: 2}}
    codecs: {up: eden2, downDelta: stc5, blocks: {block1: eden1}}
    training: {schedule: cosine}
    """,
    """
    clients: 3
    rounds: 12
    model: {name: convnet}
    data: {from: clients, input: [1, 28, 28], classes: [cat, "a: b"], holdOut: 10 %}
    training: {optimizer: adam}
    """,
  ]

  private static let words = [
    "stages.rounds: [0, 0, 9]", "data.from: here", "data.path: /", "clients: 1000000",
    "participation.caps: [{stage: 1, clients: 0-2}]", "data.classes: [\"\\x2A\", \"]\"]",
    "model.stages: 4", "data.input: [4096, 4096, 4096]", "format: progfed plan 2",
    "codecs.blocks.head9: eden1", "training.schedule: {name: multistep, milestones: [1, 2]}",
  ]

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    let source = Self.topologies[Int.random(in: 0..<2, using: &stream)]
    guard
      let topology = try? Topology(parsing: source, file: "fuzz.yaml", checksFiles: false)
    else { throw FuzzFinding("a topology that was sound isn't any more") }
    var lines = topology.plan.split(separator: "\n").map(String.init)
    for _ in 0..<Int.random(in: 0...2, using: &stream) {
      let place = Int.random(in: 1..<lines.count, using: &stream)
      switch Int.random(in: 0..<3, using: &stream) {
      case 0: lines.remove(at: place)
      case 1: lines.swapAt(place, Int.random(in: 1..<lines.count, using: &stream))
      default:
        let word = Self.words[Int.random(in: 0..<Self.words.count, using: &stream)]
        let key = word.prefix { $0 != ":" }
        let same = lines.firstIndex { $0.prefix { $0 != ":" } == key }
        lines[same ?? place] = word
      }
    }
    var text = lines.map { "\($0)\n" }.joined()
    if Int.random(in: 0..<4, using: &stream) == 0 {
      let bytes = ByteMutation.damage(Array(text.utf8), using: &stream)
      text = String(decoding: bytes, as: UTF8.self)
    }
    do {
      let planned = try Topology(plan: text)
      guard planned.plan == text else { throw FuzzFinding("a plan makes a topology of another") }
      return true
    } catch let error as TopologyError {
      guard !error.faults.isEmpty, !"\(error)".isEmpty else {
        throw FuzzFinding("a plan is refused without a word")
      }
      return false
    } catch let finding as FuzzFinding { throw finding } catch {
      throw FuzzFinding("a plan is refused by \(error)")
    }
  }
}
