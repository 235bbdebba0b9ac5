package import Measures
import Models
import Topology

/// Manifests of models, as files and as trainer programs describe them.
package struct ManifestTarget: FuzzTarget {
  package let name = "manifests"

  private static let tensors = [
    "{name: w, shape: [3, 4], fanIn: 4}", "{name: mean, shape: [3], role: buffer}",
    "{name: s, shape: []}", "{name: w, shape: [3, 4], init: {normal: 0.02}}",
    "{\"name\": \"b\", \"shape\": [2], \"init\": \"ones\"}",
    "{name: h, shape: [8], type: bfloat16}",
    "{name: x, shape: [65536, 65536, 65536]}", "{name: u, shape: [2], init: uniform}",
  ]
  private static let keys = [
    "classes: 10", "classes: [cat, dog]", "values: net.safetensors", "pointsPerSample: 16",
    "format: progfed manifest 2", "name: &a x", "stages: *a", "stages: []",
  ]
  private static let stageKeys = [
    "flops: 1e6", "headFrom: head1", "blockFrom: block1", "frozen: true",
  ]

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    func some(_ words: [String], _ most: Int) -> [String] {
      (0..<Int.random(in: 0...most, using: &stream)).map { _ in
        words[Int.random(in: 0..<words.count, using: &stream)]
      }
    }
    var lines = ["format: progfed manifest 1", "name: net"]
    if Int.random(in: 0..<4, using: &stream) == 0 { lines += some(Self.keys, 2) }
    lines.append("stages:")
    for _ in 0..<Int.random(in: 1...3, using: &stream) {
      let isPlain = Int.random(in: 0..<3, using: &stream) > 0
      let lists = (0..<2).map { _ in
        isPlain ? [Self.tensors[0], Self.tensors[1]] : some(Self.tensors, 4)
      }
      lines.append("  - block: [\(lists[0].joined(separator: ", "))]")
      lines.append("    head: [\(lists[1].joined(separator: ", "))]")
      if !isPlain { lines += some(Self.stageKeys, 1).map { "    \($0)" } }
    }
    var text = lines.joined(separator: "\n") + "\n"
    if Int.random(in: 0..<3, using: &stream) == 0 {
      text = String(
        decoding: ByteMutation.damage(Array(text.utf8), using: &stream), as: UTF8.self)
    }
    let manifest: ModelManifest
    do { manifest = try ManifestFile(parsing: text, file: "fuzz.yaml").manifest } catch {
      guard !error.faults.isEmpty, !"\(error)".isEmpty else {
        throw FuzzFinding("a manifest is refused without a word")
      }
      return false
    }
    // What is written of it is read as the same.
    guard let again = try? ManifestFile(parsing: manifest.text(), file: "again.yaml").manifest,
      again == manifest
    else { throw FuzzFinding("a manifest isn't what is written of it") }
    return true
  }
}
