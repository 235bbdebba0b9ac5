import Codecs
import Federation
package import Measures
import Tensors

/// Encoded updates, of every codec.
package struct UpdateTarget: FuzzTarget {
  package let name = "updates"

  private static let codecs = [
    "dense32", "linear8", "linear4b32", "hadamard4", "cosine4", "qsgd4", "sign", "eden1", "eden4",
    "eden0.5", "random25", "topk10", "stc10", "random25+linear8", "topk10+eden2", "linear8+zstd",
    "topk10+zstd",
  ].compactMap { CodecSpec($0) }

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    let spec = Self.codecs[Int.random(in: 0..<Self.codecs.count, using: &stream)]
    let codec = UpdateCodec(spec, smallTensorLimit: 16)
    let layouts = [
      ParameterLayout(
        name: "block1",
        parameters: [
          Parameter("weight", Shape([Int.random(in: 16...200, using: &stream)]), role: .weight),
          Parameter("bias", Shape([3]), role: .bias),
        ]),
      ParameterLayout(
        name: "head1", parameters: [Parameter("weight", Shape([40]), role: .weight)]),
    ]
    var parts: [[UInt8]] = []
    for layout in layouts {
      let scalars = (0..<layout.count).map { _ in Float(stream.normal()) }
      let values = ParameterVector(layout: layout, scalars: scalars)
      guard let part = try? codec.encode(values, key: stream.next()) else {
        throw FuzzFinding("\(spec) can't encode normal values")
      }
      parts.append(
        Bool.random(using: &stream) ? ByteMutation.damage(part, using: &stream) : part)
    }
    var update = UpdateFraming.join(parts)
    if Bool.random(using: &stream) { update = ByteMutation.damage(update, using: &stream) }
    var aggregator = Aggregator()
    aggregator.expect(layouts, denominatorWeight: 1)
    do {
      try aggregator.fold(update, of: layouts, codec: codec, weight: 1)
    } catch {
      return false
    }
    guard aggregator.means.allSatisfy({ $0.scalars.allSatisfy(\.isFinite) }) else {
      throw FuzzFinding("\(spec) lets numbers through that aren't finite")
    }
    return true
  }
}
