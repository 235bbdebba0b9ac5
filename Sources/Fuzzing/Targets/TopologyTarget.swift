package import Measures
import Topology

/// Topology files.
package struct TopologyTarget: FuzzTarget {
  package let name = "topologies"

  private static let words = [
    "clients: 10", "rounds: 12", "seed: 1", "strategy: progressive", "model: {name: convnet}",
    "data: {name: synthetic}", "stages: {each: 2, warmUp: 1}", "stages:\n  rounds: [4, 4, 4]",
    "training:\n  epochs: 1\n  batch: 20\n  schedule: {name: cosine, floor: 0}",
    "participation:\n  perRound: 5\n  overSelect: 1.3\n  sampling: fair\n  quorum: 80 %\n  grace: 50 %",
    "participation: {depth: {rule: byLink, least: 20 %, most: 40 %}}",
    "participation:\n  stragglers: buffered\n  buffer: 3\n  caps: [{stage: 1, clients: 0-3}]",
    "codecs: {up: eden2, down: linear8}", "limits: {chunk: 64 KiB, updateNorm: none}",
    "server: {optimizer: fedadam}", "evaluation: {every: 2}", "name: &a x", "? [a, b]\n: c",
    "clients: !!int 3", "x: *a", "rounds: 1e99", "participation: {deadline: 99999999999 d}",
  ]

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    var lines = ["clients: 10", "rounds: 12", "model: {name: convnet}", "data: {name: synthetic}"]
    for _ in 0..<Int.random(in: 0...4, using: &stream) {
      lines.append(Self.words[Int.random(in: 0..<Self.words.count, using: &stream)])
    }
    var text = lines.joined(separator: "\n") + "\n"
    if Int.random(in: 0..<4, using: &stream) > 0 {
      let bytes = ByteMutation.damage(Array(text.utf8), using: &stream)
      text = String(decoding: bytes, as: UTF8.self)
    }
    do {
      let topology = try Topology(parsing: text, file: "fuzz.yaml", checksFiles: false)
      _ = TopologyCheck(topology).text()
      return true
    } catch {
      guard !error.faults.isEmpty, !"\(error)".isEmpty else {
        throw FuzzFinding("a topology is refused without a word")
      }
      return false
    }
  }
}
