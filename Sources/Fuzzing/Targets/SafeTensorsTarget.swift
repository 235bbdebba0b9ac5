package import Measures
import Tensors

/// Files of tensors, as checkpoints and exported models are.
package struct SafeTensorsTarget: FuzzTarget {
  package let name = "safetensors"

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    var tensors: [String: Tensor] = [:]
    for index in 0..<Int.random(in: 0...3, using: &stream) {
      let extents = (0..<Int.random(in: 0...3, using: &stream)).map { _ in
        Int.random(in: 1...4, using: &stream)
      }
      let shape = Shape(extents)
      tensors["block\(index).weight"] = Tensor(
        shape: shape, scalars: (0..<shape.count).map { Float($0) })
    }
    let file = SafeTensors(tensors: tensors, metadata: ["format": "pt", "é\"\\": "\n"])
    let bytes = ByteMutation.damage(file.encoded(), using: &stream)
    guard let read = try? SafeTensors(decoding: bytes) else { return false }
    // Bytes are compared, since a number may be none, which equals nothing.
    let written = read.encoded()
    guard let again = try? SafeTensors(decoding: written), again.encoded() == written else {
      throw FuzzFinding("tensors that were read aren't themselves when written again")
    }
    return true
  }
}
